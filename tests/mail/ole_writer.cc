#include "tests/mail/ole_writer.h"

#include <cstdint>

#include "base/bytes.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kSector = 512;
constexpr std::size_t kMiniSector = 64;
constexpr std::uint32_t kEnd = 0xFFFFFFFE;
constexpr std::uint32_t kFree = 0xFFFFFFFF;
constexpr std::uint32_t kFatSector = 0xFFFFFFFD;

// Appends `content` as a chain of units to `store` and `table`; the first unit's number.
std::uint32_t Append(std::string& store, std::vector<std::uint32_t>& table, std::string content,
                     std::size_t unit) {
  if (content.empty()) return kEnd;
  content.resize((content.size() + unit - 1) / unit * unit);
  const auto first = static_cast<std::uint32_t>(store.size() / unit);
  const auto count = static_cast<std::uint32_t>(content.size() / unit);
  for (std::uint32_t i = 1; i <= count; ++i) table.push_back(i < count ? first + i : kEnd);
  store += content;
  return first;
}

struct Place {
  std::uint32_t start = kEnd;
  std::size_t size = 0;
};

std::string DirectoryEntry(const std::string& name, int kind, const Place& place,
                           const std::string& class_id) {
  base::ByteWriter out;
  for (std::size_t i = 0; i < 32; ++i) {
    out.U16(i < name.size() ? static_cast<unsigned char>(name[i]) : std::uint16_t{0});
  }
  out.U16(static_cast<std::uint16_t>(2 * name.size() + 2));
  out.U8(static_cast<std::uint8_t>(kind));
  out.U8(1);
  out.U32(kFree);
  out.U32(kFree);
  out.U32(kind == 5 ? 1 : kFree);
  std::string id = class_id;
  id.resize(16);
  out.Raw(id);
  out.Raw(std::string(20, '\0'));
  out.U32(place.start);
  out.U32(static_cast<std::uint32_t>(place.size));
  out.U32(0);
  return out.Take();
}

std::string Numbers(const std::vector<std::uint32_t>& numbers) {
  base::ByteWriter out;
  for (const std::uint32_t number : numbers) out.U32(number);
  std::string bytes = out.Take();
  bytes.resize((bytes.size() + kSector - 1) / kSector * kSector, '\xFF');
  return bytes;
}

std::string Header(std::uint32_t directory, std::uint32_t mini_fat, std::uint32_t fat,
                   std::size_t fat_sectors) {
  base::ByteWriter out;
  out.Raw(std::string("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) + std::string(16, '\0'));
  for (const unsigned value : {0x3EU, 3U, 0xFFFEU, 9U, 6U}) {
    out.U16(static_cast<std::uint16_t>(value));
  }
  out.Raw(std::string(10, '\0'));
  out.U32(static_cast<std::uint32_t>(fat_sectors));
  out.U32(directory);
  out.U32(0);
  out.U32(4096);
  out.U32(mini_fat);
  out.U32(mini_fat == kEnd ? 0 : 1);
  out.U32(kEnd);
  out.U32(0);
  for (std::uint32_t i = 0; i < 109; ++i) out.U32(i < fat_sectors ? fat + i : kFree);
  return out.Take();
}

}  // namespace

std::string MakeOle(const std::vector<OleStreamSource>& streams, const std::string& class_id) {
  std::string sectors;
  std::vector<std::uint32_t> fat;
  std::string mini;
  std::vector<std::uint32_t> mini_fat;
  std::string entries;
  for (const OleStreamSource& stream : streams) {
    const bool small = stream.content.size() < 4096;
    Place place;
    place.start = small ? Append(mini, mini_fat, stream.content, kMiniSector)
                        : Append(sectors, fat, stream.content, kSector);
    place.size = stream.content.size();
    entries += DirectoryEntry(stream.name, 2, place, {});
  }
  const Place root{Append(sectors, fat, mini, kSector), mini.size()};
  const std::uint32_t mini_fat_at = Append(sectors, fat, Numbers(mini_fat), kSector);
  const std::uint32_t directory =
      Append(sectors, fat, DirectoryEntry("Root Entry", 5, root, class_id) + entries, kSector);
  const auto fat_at = static_cast<std::uint32_t>(fat.size());
  std::size_t fat_sectors = 1;
  while (fat_sectors * kSector / 4 < fat.size() + fat_sectors) ++fat_sectors;
  for (std::size_t i = 0; i < fat_sectors; ++i) fat.push_back(kFatSector);
  return Header(directory, mini_fat_at, fat_at, fat_sectors) + sectors + Numbers(fat);
}

std::string Biff(unsigned type, const std::string& data) {
  base::ByteWriter out;
  out.U16(static_cast<std::uint16_t>(type));
  out.U16(static_cast<std::uint16_t>(data.size()));
  out.Raw(data);
  return out.Take();
}

std::string WorkbookWith(const std::string& records) {
  std::string stream = Biff(0x0809, std::string("\x00\x06\x05\x00", 4) + std::string(12, '\0'));
  stream += records + Biff(0x000A, "");
  if (stream.size() < 4096) stream.resize(4096);
  return stream;
}

}  // namespace lazaret::mail
