#include "db/audit/cbor.h"

#include "base/text.h"

namespace lazaret::db {
namespace {

// Bytes that follow the first one for each value of its low five bits; -1 = not allowed here.
int ArgumentWidth(std::uint8_t low) {
  if (low < 24) return 0;
  if (low > 27) return -1;
  return 1 << (low - 24);
}

// The smallest value that needs this width: a smaller one in it is not the shortest form.
std::uint64_t SmallestOfWidth(int width) {
  switch (width) {
    case 1:
      return 24;
    case 2:
      return 1ULL << 8;
    case 4:
      return 1ULL << 16;
    case 8:
      return 1ULL << 32;
    default:
      return 0;
  }
}

}  // namespace

void CborWriter::Head(std::uint8_t major, std::uint64_t value) {
  const auto type = static_cast<std::uint8_t>(major << 5);
  if (value < 24) {
    bytes_.push_back(static_cast<char>(type | value));
    return;
  }
  if (value < 256) {
    const char head[] = {static_cast<char>(type | 24), static_cast<char>(value)};
    bytes_.append(head, sizeof head);
    return;
  }
  int width = 8;
  while (width > 1 && value < SmallestOfWidth(width)) width /= 2;
  std::uint8_t low = 24;
  while ((1 << (low - 24)) < width) ++low;
  bytes_.push_back(static_cast<char>(type | low));
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
    bytes_.push_back(static_cast<char>((value >> shift) & 0xFFU));
  }
}

void CborWriter::Int(std::int64_t value) {
  if (value >= 0) {
    Head(0, static_cast<std::uint64_t>(value));
  } else {
    Head(1, ~static_cast<std::uint64_t>(value));
  }
}

void CborWriter::Bytes(std::string_view bytes) {
  Head(2, bytes.size());
  bytes_.append(bytes);
}

void CborWriter::Text(std::string_view text) {
  if (base::IsValidUtf8(text)) {
    Head(3, text.size());
    bytes_.append(text);
    return;
  }
  const std::string valid = base::ToValidUtf8(text);
  Head(3, valid.size());
  bytes_.append(valid);
}

std::string_view CborReader::Take(std::uint64_t count) {
  if (failed_ || count > rest_.size()) {
    failed_ = true;
    return {};
  }
  const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
  rest_.remove_prefix(taken.size());
  return taken;
}

std::uint64_t CborReader::Head(std::uint8_t major) {
  const std::string_view first = Take(1);
  if (failed_) return 0;
  const auto byte = static_cast<std::uint8_t>(first[0]);
  const int width = ArgumentWidth(byte & 0x1FU);
  if ((byte >> 5) != major || width < 0) {
    failed_ = true;
    return 0;
  }
  if (width == 0) return byte & 0x1FU;
  std::uint64_t value = 0;
  for (const char c : Take(static_cast<std::uint64_t>(width))) {
    value = (value << 8) | static_cast<std::uint8_t>(c);
  }
  if (value < SmallestOfWidth(width)) failed_ = true;
  return failed_ ? 0 : value;
}

std::uint64_t CborReader::Uint(std::uint64_t max) {
  const std::uint64_t value = Head(0);
  if (value > max) failed_ = true;
  return failed_ ? 0 : value;
}

std::int64_t CborReader::Int() {
  const bool negative = !rest_.empty() && (static_cast<std::uint8_t>(rest_[0]) >> 5) == 1;
  const std::uint64_t value = Head(negative ? 1 : 0);
  if (value > static_cast<std::uint64_t>(INT64_MAX)) failed_ = true;
  if (failed_) return 0;
  return static_cast<std::int64_t>(negative ? ~value : value);
}

std::string_view CborReader::Bytes(std::size_t max_bytes) {
  const std::uint64_t length = Head(2);
  if (length > max_bytes) failed_ = true;
  return Take(length);
}

std::string_view CborReader::Text(std::size_t max_bytes) {
  const std::uint64_t length = Head(3);
  if (length > max_bytes) failed_ = true;
  const std::string_view text = Take(length);
  if (!base::IsValidUtf8(text)) failed_ = true;
  return failed_ ? std::string_view() : text;
}

std::size_t CborReader::Array(std::size_t max_count) {
  const std::uint64_t count = Head(4);
  if (count > max_count || count > rest_.size()) failed_ = true;
  return failed_ ? 0 : static_cast<std::size_t>(count);
}

}  // namespace lazaret::db
