#include "mail/filetype/ole_file.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace lazaret::mail {
namespace {

constexpr std::uint32_t kLastSector = 0xFFFFFFFA;  // above: end marks, not sectors
constexpr std::uint32_t kEndOfChain = 0xFFFFFFFE;
constexpr std::uint32_t kFreeSector = 0xFFFFFFFF;
constexpr std::size_t kHeaderSize = 512;
constexpr std::size_t kEntrySize = 128;
constexpr std::size_t kMiniSector = 64;
constexpr std::size_t kDifatInHeader = 109;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
constexpr std::size_t kMaxDirectory = 4U << 20;   // stops directory floods: 32 768 entries
constexpr std::size_t kMaxMiniStream = 8U << 20;  // stops copies of the file for each look
constexpr std::size_t kMaxMiniFat = 512U << 10;   // 131 072 mini sectors: all of kMaxMiniStream

std::uint32_t U32At(std::string_view bytes, std::size_t at) {
  return at > bytes.size() ? 0 : base::ByteReader(bytes.substr(at)).U32();
}

std::uint16_t U16At(std::string_view bytes, std::size_t at) {
  return at > bytes.size() ? std::uint16_t{0} : base::ByteReader(bytes.substr(at)).U16();
}

std::string NameOf(std::string_view entry) {
  const std::size_t length = std::min<std::size_t>(U16At(entry, 64), 64);
  std::string name;
  for (std::size_t at = 0; at + 1 < length; at += 2) {
    const std::uint16_t unit = U16At(entry, at);
    if (unit == 0) break;
    name += unit < 0x80 ? static_cast<char>(unit) : '?';
  }
  return name;
}

struct Links {
  std::uint32_t left = 0;
  std::uint32_t right = 0;
  std::uint32_t child = 0;
};

// Siblings of one storage are a binary tree that hangs on its child link (MS-CFB 2.6.4).
void FindParents(const std::vector<Links>& links, const std::vector<std::size_t>& index_of,
                 std::vector<OleEntry>& entries) {
  std::vector<bool> seen(entries.size(), false);
  std::vector<std::pair<std::uint32_t, std::size_t>> pending{{links.front().child, 0}};
  while (!pending.empty()) {
    const auto [number, parent] = pending.back();
    pending.pop_back();
    const std::size_t at = number < index_of.size() ? index_of[number] : kNowhere;
    if (at == kNowhere || seen[at]) continue;
    seen[at] = true;
    entries[at].parent = parent;
    pending.emplace_back(links[at].left, parent);
    pending.emplace_back(links[at].right, parent);
    pending.emplace_back(links[at].child, at);
  }
}

}  // namespace

std::optional<OleFile> OleFile::Open(std::string_view content) {
  OleFile file(content);
  if (!file.ReadHeader()) return std::nullopt;
  file.ReadFat();
  if (!file.ReadDirectory()) return std::nullopt;
  return file;
}

bool OleFile::ReadHeader() {
  if (content_.size() < kHeaderSize || content_.substr(0, 4) != "\xD0\xCF\x11\xE0") return false;
  const std::uint16_t shift = U16At(content_, 30);
  if (shift < 9 || shift > 16) return false;
  sector_size_ = std::size_t{1} << shift;
  mini_cutoff_ = std::max<std::size_t>(U32At(content_, 56), kMiniSector);
  return true;
}

std::string_view OleFile::Sector(std::uint32_t sector) const {
  // The header fills the first sector, however large sectors are.
  const std::size_t at = (std::size_t{sector} + 1) * sector_size_;
  return sector >= kLastSector || at >= content_.size() ? std::string_view()
                                                        : content_.substr(at, sector_size_);
}

std::size_t OleFile::end() const {
  std::size_t used = std::min(fat_.size(), content_.size() / sector_size_);
  while (used > 0 && fat_[used - 1] == kFreeSector) --used;
  return std::min((used + 1) * sector_size_, content_.size());
}

// Sectors of the allocation table: 109 in the header, more in a chain of sectors (MS-CFB 2.5).
std::vector<std::uint32_t> OleFile::ReadPlaces() {
  const std::size_t sectors = content_.size() / sector_size_;
  std::vector<std::uint32_t> places;
  const auto add = [&](std::uint32_t place) {
    if (place >= kLastSector) return;
    whole_ &= !Sector(place).empty();
    places.push_back(place);
  };
  for (std::size_t i = 0; i < kDifatInHeader; ++i) add(U32At(content_, 76 + 4 * i));
  std::uint32_t difat = U32At(content_, 68);
  const std::size_t per_sector = sector_size_ / 4;
  // Writers that need no chain may leave its start at zero.
  if (difat == 0 && U32At(content_, 72) == 0) difat = kEndOfChain;
  for (std::size_t steps = 0; difat < kLastSector; ++steps) {
    const std::string_view block = Sector(difat);
    if (block.size() < sector_size_ || steps > sectors || places.size() > sectors) {
      whole_ = false;
      break;
    }
    for (std::size_t i = 0; i + 1 < per_sector; ++i) add(U32At(block, 4 * i));
    difat = U32At(block, 4 * (per_sector - 1));
  }
  return places;
}

void OleFile::ReadFat() {
  const std::size_t sectors = content_.size() / sector_size_;
  const std::size_t per_sector = sector_size_ / 4;
  for (const std::uint32_t place : ReadPlaces()) {
    const std::string_view block = Sector(place);
    if (fat_.size() > sectors) break;
    for (std::size_t i = 0; !block.empty() && i < per_sector; ++i) {
      fat_.push_back(4 * i + 4 <= block.size() ? U32At(block, 4 * i) : kLastSector);
    }
  }
  whole_ &= !UsesMissingSectors();
}

// The table says that sectors behind the file's end are in a chain.
bool OleFile::UsesMissingSectors() const {
  for (std::size_t i = content_.size() / sector_size_ - 1; i < fat_.size(); ++i) {
    const bool used = fat_[i] < kLastSector || fat_[i] == kEndOfChain;
    if (used && Sector(static_cast<std::uint32_t>(i)).empty()) return true;
  }
  return false;
}

std::uint32_t OleFile::Next(std::uint32_t sector) const {
  return sector < fat_.size() ? fat_[sector] : kLastSector;
}

std::string OleFile::Chain(std::uint32_t sector, std::size_t most) const {
  std::string out;
  while (out.size() < most) {
    const std::string_view block = Sector(sector);
    if (block.empty()) break;
    out += block.substr(0, most - out.size());
    sector = Next(sector);
  }
  return out;
}

std::string OleFile::WholeChain(std::uint32_t sector, std::size_t most) {
  std::string out;
  while (out.size() < most && sector < kLastSector) {
    const std::string_view block = Sector(sector);
    if (block.empty() || sector >= fat_.size()) whole_ = false;
    if (block.empty()) break;
    out += block.substr(0, most - out.size());
    sector = Next(sector);
  }
  return out;
}

std::string OleFile::MiniChain(std::uint32_t sector, std::size_t most) const {
  std::string out;
  while (out.size() < most && sector < kLastSector) {
    const std::size_t at = std::size_t{sector} * kMiniSector;
    if (at >= mini_stream_.size()) break;
    out.append(mini_stream_, at, std::min(kMiniSector, most - out.size()));
    sector = sector < mini_fat_.size() ? mini_fat_[sector] : kLastSector;
  }
  return out;
}

bool OleFile::ReadDirectory() {
  // One byte more than is read: a circle, or more than the limit, shows by it.
  const std::size_t most = std::min(kMaxDirectory, content_.size());
  std::string bytes = WholeChain(U32At(content_, 48), most + 1);
  whole_ &= bytes.size() <= most;
  bytes.resize(std::min(bytes.size(), most));
  std::vector<Links> links;
  std::vector<std::size_t> index_of(bytes.size() / kEntrySize, kNowhere);
  for (std::size_t at = 0; at + kEntrySize <= bytes.size(); at += kEntrySize) {
    const std::string_view raw = std::string_view(bytes).substr(at, kEntrySize);
    const unsigned char kind = static_cast<unsigned char>(raw[66]);
    if (kind == 0) continue;
    OleEntry entry;
    entry.name = NameOf(raw);
    entry.stream = kind == 2;
    entry.class_id = std::string(raw.substr(80, 16));
    entry.start = U32At(raw, 116);
    entry.size = U32At(raw, 120);
    index_of[at / kEntrySize] = entries_.size();
    links.push_back(Links{U32At(raw, 68), U32At(raw, 72), U32At(raw, 76)});
    entries_.push_back(std::move(entry));
  }
  if (entries_.empty()) return false;
  FindParents(links, index_of, entries_);
  ReadMiniStream();
  return true;
}

void OleFile::ReadMiniStream() {
  const OleEntry& root = entries_.front();
  whole_ &= root.size <= kMaxMiniStream;
  mini_stream_ = WholeChain(root.start, std::min<std::size_t>(root.size, kMaxMiniStream));
  const std::string mini_fat =
      WholeChain(U32At(content_, 60), std::min(kMaxMiniFat, content_.size()));
  for (std::size_t at = 0; at + 4 <= mini_fat.size(); at += 4) {
    mini_fat_.push_back(U32At(mini_fat, at));
  }
}

std::string OleFile::Head(const OleEntry& entry, std::size_t most) const {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(entry.size, most));
  return entry.size < mini_cutoff_ ? MiniChain(entry.start, wanted) : Chain(entry.start, wanted);
}

}  // namespace lazaret::mail
