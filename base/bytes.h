// Flat little-endian encoding for frames, facts, results and memory files. A ByteReader never reads
// past its view: the first bad read marks it failed and every later read gives zero or empty, so a
// decoder reads all fields and asks ok() once. Strings and counts carry a cap that the caller names.
#ifndef LAZARET_BASE_BYTES_H_
#define LAZARET_BASE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lazaret::base {

// Bytes are std::string_view / std::string throughout; nothing here assumes text.
class ByteWriter {
 public:
  void U8(std::uint8_t value);
  void U16(std::uint16_t value);
  void U32(std::uint32_t value);
  void U64(std::uint64_t value);
  void I64(std::int64_t value) { U64(static_cast<std::uint64_t>(value)); }
  void Raw(std::string_view bytes) { bytes_.append(bytes); }
  // u32 length, then the bytes.
  void String(std::string_view bytes);

  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t U8();
  std::uint16_t U16();
  std::uint32_t U32();
  std::uint64_t U64();
  std::int64_t I64() { return static_cast<std::int64_t>(U64()); }
  std::string_view Raw(std::size_t length);
  // u32 length, then bytes; fails when the length is above max_bytes or beyond the view.
  std::string String(std::size_t max_bytes);
  // u32 count; fails above max_count, or when the rest cannot hold count items of min_item_bytes.
  std::uint32_t Count(std::uint32_t max_count, std::size_t min_item_bytes = 1);

  void MarkFailed() { failed_ = true; }
  bool ok() const { return !failed_; }
  // True when everything was read without failure and nothing is left over.
  bool AtEnd() const { return !failed_ && rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }

 private:
  std::uint64_t Little(std::size_t width);

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace lazaret::base

#endif  // LAZARET_BASE_BYTES_H_
