#include "mail/unpack/zip_structure.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/bytes.h"

namespace lazaret::mail {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kLocal = "PK\x03\x04"sv;
constexpr std::string_view kEntry = "PK\x01\x02"sv;
constexpr std::string_view kEnd = "PK\x05\x06"sv;
constexpr std::string_view kEnd64 = "PK\x06\x06"sv;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kEntrySize = 46;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64Back = 76;            // record of 56 bytes and its locator of 20
constexpr std::size_t kTail = 65'535 + kEndSize;  // a comment can be that long
constexpr std::size_t kMaxEnds = 64;              // end records tried: stops comments full of them
constexpr std::size_t kMaxEntries = 1U << 18;     // stops directories that cost more than unpacking
constexpr std::size_t kMaxGaps = 16;
constexpr std::uint32_t kIn64 = 0xFFFFFFFF;

std::uint16_t U16(std::string_view bytes, std::size_t at) {
  return at > bytes.size() ? std::uint16_t{0} : base::ByteReader(bytes.substr(at)).U16();
}
std::uint32_t U32(std::string_view bytes, std::size_t at) {
  return at > bytes.size() ? 0 : base::ByteReader(bytes.substr(at)).U32();
}
std::uint64_t U64(std::string_view bytes, std::size_t at) {
  return at > bytes.size() ? 0 : base::ByteReader(bytes.substr(at)).U64();
}

bool Begins(std::string_view content, std::size_t at, std::string_view mark) {
  return at <= content.size() && content.substr(at, mark.size()) == mark;
}

struct Directory {
  std::size_t begin = 0;
  std::size_t size = 0;
  std::size_t shift = 0;  // bytes in front that offsets do not count
  std::size_t end_record = 0;
};

// The directory that the end record at `at` tells of, when it is there.
std::optional<Directory> DirectoryAt(std::string_view content, std::size_t at) {
  std::uint64_t size = U32(content, at + 12);
  std::uint64_t offset = U32(content, at + 16);
  std::size_t behind = at;
  const bool is64 = size == kIn64 || offset == kIn64 || U16(content, at + 10) == 0xFFFF;
  if (is64 && at >= kEnd64Back && Begins(content, at - kEnd64Back, kEnd64)) {
    behind = at - kEnd64Back;
    size = U64(content, behind + 40);
    offset = U64(content, behind + 48);
  }
  if (size > behind || offset > behind - size) return std::nullopt;
  const auto begin = static_cast<std::size_t>(behind - size);
  if (size > 0 && !Begins(content, begin, kEntry)) return std::nullopt;
  return Directory{begin, static_cast<std::size_t>(size), begin - static_cast<std::size_t>(offset),
                   at};
}

// tail.rfind(kEnd, at), as fast as the C library looks for a byte.
std::size_t LastEnd(std::string_view tail, std::size_t at) {
  for (std::size_t size = at + 1; size > 0;) {
    const void* found = ::memrchr(tail.data(), kEnd.front(), size);
    if (found == nullptr) break;
    size = static_cast<std::size_t>(static_cast<const char*>(found) - tail.data());
    if (tail.substr(size, kEnd.size()) == kEnd) return size;
  }
  return std::string_view::npos;
}

// `cut`: there are more end records than are tried.
std::optional<Directory> FindDirectory(std::string_view content, bool& cut) {
  if (content.size() < kEndSize) return std::nullopt;
  const std::size_t least = content.size() > kTail ? content.size() - kTail : 0;
  const std::string_view tail = content.substr(least);
  std::size_t at = tail.size() - kEndSize;
  for (std::size_t tries = 0;; ++tries) {
    at = LastEnd(tail, at);
    if (at == std::string_view::npos) return std::nullopt;
    cut = tries >= kMaxEnds;
    if (cut) return std::nullopt;
    if (auto directory = DirectoryAt(content, least + at)) return directory;
    if (at == 0) return std::nullopt;
    --at;
  }
}

// Offset and packed size of an entry, from its 64-bit extra field where the short ones are full.
std::pair<std::uint64_t, std::uint64_t> PlaceOf(std::string_view entry, std::string_view extra) {
  std::uint64_t packed = U32(entry, 20);
  std::uint64_t offset = U32(entry, 42);
  for (std::size_t at = 0; at + 4 <= extra.size(); at += 4U + U16(extra, at + 2)) {
    if (U16(extra, at) != 1) continue;
    std::size_t field = at + 4 + (U32(entry, 24) == kIn64 ? 8 : 0);
    if (packed == kIn64) {
      packed = U64(extra, field);
      field += 8;
    }
    if (offset == kIn64) offset = U64(extra, field);
    break;
  }
  return {offset, packed};
}

bool SameName(std::string_view one, std::string_view other) {
  const auto slashed = [](char c) { return c == '\\' ? '/' : c; };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&](char a, char b) { return slashed(a) == slashed(b); });
}

bool LooksLikeLocalHeader(std::string_view content, std::size_t at) {
  const std::size_t name = U16(content, at + 26);
  return at + kLocalSize + name <= content.size() && name > 0 && name <= 1024 &&
         U16(content, at + 8) <= 99 && U16(content, at + 4) <= 0x0FFF;
}

class Walk {
 public:
  Walk(std::string_view content, const Directory& directory, std::size_t max_renamed,
       ZipStructure& out)
      : content_(content), directory_(directory), max_renamed_(max_renamed), out_(out) {}

  void Run() {
    std::size_t at = directory_.begin;
    const std::size_t end = directory_.begin + directory_.size;
    while (at + kEntrySize <= end && Begins(content_, at, kEntry) && out_.entries < kMaxEntries) {
      ++out_.entries;
      const std::size_t name = U16(content_, at + 28);
      const std::size_t extra = U16(content_, at + 30);
      SeeEntry(content_.substr(at, kEntrySize),
               content_.substr(std::min(at + kEntrySize, end), name),
               content_.substr(std::min(at + kEntrySize + name, end), extra));
      at += kEntrySize + name + extra + U16(content_, at + 32);
    }
    out_.cut |= at + kEntrySize <= end && Begins(content_, at, kEntry);
    FindGaps();
  }

 private:
  void SeeEntry(std::string_view entry, std::string_view name, std::string_view extra) {
    const auto [offset, packed] = PlaceOf(entry, extra);
    out_.nul_in_name |= name.find('\0') != std::string_view::npos;
    if (offset > directory_.begin - directory_.shift) return;
    const std::size_t local = static_cast<std::size_t>(offset) + directory_.shift;
    if (!Begins(content_, local, kLocal)) return;
    ++out_.placed;
    const std::size_t length = U16(content_, local + 26);
    const std::string_view local_name =
        content_.substr(std::min(local + kLocalSize, content_.size()), length);
    if (!SameName(local_name, name)) SeeRenamed(local_name, name);
    const std::size_t data = local + kLocalSize + length + U16(content_, local + 28);
    const std::size_t end =
        data + static_cast<std::size_t>(std::min<std::uint64_t>(packed, content_.size()));
    covered_.emplace_back(local, end);
  }

  void SeeRenamed(std::string_view local, std::string_view name) {
    if (out_.renamed.size() < max_renamed_) {
      out_.renamed.emplace(local.substr(0, kMaxZipName), name.substr(0, kMaxZipName));
    } else {
      out_.cut = true;
    }
  }

  void FindGaps() {
    std::sort(covered_.begin(), covered_.end());
    // Program code of a self-extractor may hold the mark itself.
    std::size_t reached = 0;
    if (out_.program && !covered_.empty()) reached = covered_.front().first;
    for (const auto& [begin, end] : covered_) {
      if (begin > reached) SeeGap(reached, begin);
      reached = std::max(reached, end);
    }
    if (directory_.begin > reached) SeeGap(reached, directory_.begin);
  }

  // A reader that goes front to back stops at the first directory: what begins behind one in the
  // same gap is a piece of its own.
  void SeeGap(std::size_t begin, std::size_t end) {
    const std::string_view gap = content_.substr(begin, end - begin);
    std::size_t at = gap.find(kLocal);
    while (at != std::string_view::npos) {
      if (!LooksLikeLocalHeader(content_, begin + at)) {
        at = gap.find(kLocal, at + 1);
        continue;
      }
      if (out_.hidden.size() >= kMaxGaps) {
        out_.cut = true;
        return;
      }
      out_.hidden.push_back(ZipStructure::Gap{begin + at, end});
      const std::size_t directory = std::min(gap.find(kEntry, at), gap.find(kEnd, at));
      at = directory == std::string_view::npos ? directory : gap.find(kLocal, directory);
    }
  }

  std::string_view content_;
  const Directory& directory_;
  const std::size_t max_renamed_;
  ZipStructure& out_;
  std::vector<std::pair<std::size_t, std::size_t>> covered_;
};

}  // namespace

ZipStructure ReadZipStructure(std::string_view content, std::size_t max_renamed) {
  ZipStructure out;
  const auto directory = FindDirectory(content, out.cut);
  if (!directory) return out;
  out.found = true;
  out.program = Begins(content, 0, "MZ") || Begins(content, 0, "\x7F\x45LF");
  out.begin = directory->shift;
  const std::size_t comment = U16(content, directory->end_record + 20);
  out.end = std::min(directory->end_record + kEndSize + comment, content.size());
  out.fits_end = directory->end_record + kEndSize + comment == content.size();
  Walk(content, *directory, max_renamed, out).Run();
  return out;
}

}  // namespace lazaret::mail
