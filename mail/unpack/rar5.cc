#include "mail/unpack/rar5.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace lazaret::mail {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kSignature = "Rar!\x1A\x07\x01\x00"sv;
constexpr std::uint64_t kFileBlock = 2;
constexpr std::uint64_t kHasExtra = 1;
constexpr std::uint64_t kHasData = 2;
constexpr std::uint64_t kEncryption = 1;

// Seven bits a byte, lowest first; the high bit says that more follow.
std::uint64_t Number(base::ByteReader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = in.U8();
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  in.MarkFailed();
  return 0;
}

std::string_view Piece(base::ByteReader& in, std::uint64_t length) {
  if (length > in.remaining()) in.MarkFailed();
  return in.ok() ? in.Raw(static_cast<std::size_t>(length)) : std::string_view();
}

bool IsLocked(std::string_view extra) {
  base::ByteReader in(extra);
  while (in.ok() && in.remaining() > 0) {
    const std::string_view record = Piece(in, Number(in));
    base::ByteReader inner(record);
    if (Number(inner) == kEncryption && inner.ok()) return true;
  }
  return false;
}

std::string NameOfFile(base::ByteReader& in) {
  const std::uint64_t flags = Number(in);
  Number(in);  // unpacked size
  Number(in);  // attributes
  if ((flags & 2U) != 0) in.U32();
  if ((flags & 4U) != 0) in.U32();
  Number(in);  // method
  Number(in);  // system
  return std::string(Piece(in, Number(in)));
}

}  // namespace

std::set<std::string> LockedRar5Members(std::string_view content) {
  std::set<std::string> locked;
  if (content.substr(0, kSignature.size()) != kSignature) return locked;
  base::ByteReader in(content.substr(kSignature.size()));
  while (in.ok() && in.remaining() > 0) {
    in.U32();
    const std::string_view header = Piece(in, Number(in));
    base::ByteReader fields(header);
    const std::uint64_t type = Number(fields);
    const std::uint64_t flags = Number(fields);
    const std::uint64_t extra = (flags & kHasExtra) != 0 ? Number(fields) : 0;
    const std::uint64_t data = (flags & kHasData) != 0 ? Number(fields) : 0;
    if (!fields.ok()) break;
    const std::size_t extra_size =
        static_cast<std::size_t>(std::min<std::uint64_t>(extra, header.size()));
    if (type == kFileBlock && IsLocked(header.substr(header.size() - extra_size))) {
      locked.insert(NameOfFile(fields));
    }
    Piece(in, data);
  }
  return locked;
}

}  // namespace lazaret::mail
