// Canonical CBOR (RFC 8949) for event bodies, so that one meaning has one form: only integers, byte
// strings, text strings and arrays (major types 0 to 4), definite lengths, shortest heads. Text is
// valid UTF-8.
#ifndef LAZARET_DB_AUDIT_CBOR_H_
#define LAZARET_DB_AUDIT_CBOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lazaret::db {

class CborWriter {
 public:
  void Uint(std::uint64_t value) { Head(0, value); }
  void Int(std::int64_t value);
  void Bytes(std::string_view bytes);
  // Ill-formed UTF-8 is replaced by U+FFFD first.
  void Text(std::string_view text);
  void Array(std::uint64_t count) { Head(4, count); }

  // Items that a CborWriter made, as they are.
  void Encoded(std::string_view items) { bytes_.append(items); }

  void Reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  const std::string& bytes() const { return bytes_; }
  std::string Take() { return std::move(bytes_); }

 private:
  void Head(std::uint8_t major, std::uint64_t value);

  std::string bytes_;
};

// Reads what the caller expects and nothing else. The first fault (wrong type, longer head than
// needed, ill-formed text, a length over its cap or beyond the end) marks it failed; every later
// read gives zero or empty. Views point into the input.
class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Uint(std::uint64_t max);
  std::int64_t Int();
  std::string_view Bytes(std::size_t max_bytes);
  std::string_view Text(std::size_t max_bytes);
  // Every item takes a byte at least, so a count beyond the rest is refused before anything is
  // made.
  std::size_t Array(std::size_t max_count);

  void MarkFailed() { failed_ = true; }
  bool ok() const { return !failed_; }
  bool AtEnd() const { return !failed_ && rest_.empty(); }

 private:
  // The argument of a head of this major type.
  std::uint64_t Head(std::uint8_t major);
  std::string_view Take(std::uint64_t count);

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_AUDIT_CBOR_H_
