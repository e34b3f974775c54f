#include "base/bytes.h"

namespace lazaret::base {
namespace {

void AppendLittle(std::string& out, std::uint64_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
}

}  // namespace

void ByteWriter::U8(std::uint8_t value) { AppendLittle(bytes_, value, 1); }
void ByteWriter::U16(std::uint16_t value) { AppendLittle(bytes_, value, 2); }
void ByteWriter::U32(std::uint32_t value) { AppendLittle(bytes_, value, 4); }
void ByteWriter::U64(std::uint64_t value) { AppendLittle(bytes_, value, 8); }

void ByteWriter::String(std::string_view bytes) {
  U32(static_cast<std::uint32_t>(bytes.size()));
  bytes_.append(bytes);
}

std::uint64_t ByteReader::Little(std::size_t width) {
  if (failed_ || rest_.size() < width) {
    failed_ = true;
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(width);
  return value;
}

std::uint8_t ByteReader::U8() { return static_cast<std::uint8_t>(Little(1)); }
std::uint16_t ByteReader::U16() { return static_cast<std::uint16_t>(Little(2)); }
std::uint32_t ByteReader::U32() { return static_cast<std::uint32_t>(Little(4)); }
std::uint64_t ByteReader::U64() { return Little(8); }

std::string_view ByteReader::Raw(std::size_t length) {
  if (failed_ || rest_.size() < length) {
    failed_ = true;
    return {};
  }
  std::string_view out = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return out;
}

std::string ByteReader::String(std::size_t max_bytes) {
  const std::uint32_t length = U32();
  if (length > max_bytes) failed_ = true;
  return std::string(Raw(length));
}

std::uint32_t ByteReader::Count(std::uint32_t max_count, std::size_t min_item_bytes) {
  const std::uint32_t count = U32();
  if (count > max_count || (min_item_bytes > 0 && count > rest_.size() / min_item_bytes)) {
    failed_ = true;
    return 0;
  }
  return count;
}

}  // namespace lazaret::base
