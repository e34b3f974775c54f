#include "mail/mime/header.h"

#include <algorithm>

#include "base/text.h"

namespace lazaret::mail {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool IsOddInName(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte >= 0x7F || c == '(' || c == ')';
}

RawField ReadField(std::string_view line, std::size_t begin) {
  RawField field;
  field.begin = begin;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    field.value = line;
    field.odd_name = true;
    return field;
  }
  std::string_view name = line.substr(0, colon);
  while (!name.empty() && IsBlank(name.back())) {
    name.remove_suffix(1);
    field.space_before_colon = true;
  }
  field.name = name;
  field.value = line.substr(colon + 1);
  field.odd_name = name.empty() || std::any_of(name.begin(), name.end(), IsOddInName);
  return field;
}

}  // namespace

std::size_t NextLine(std::string_view bytes, std::size_t at, std::size_t end) {
  const std::size_t newline = bytes.substr(0, end).find('\n', at);
  return newline == std::string_view::npos ? end : newline + 1;
}

std::string_view LineText(std::string_view bytes, std::size_t at, std::size_t next) {
  std::string_view line = bytes.substr(at, next - at);
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

HeaderBlock ParseHeader(std::string_view bytes, std::size_t begin, std::size_t end) {
  HeaderBlock block;
  block.begin = begin;
  end = std::min(end, bytes.size());
  std::size_t at = begin;
  while (at < end) {
    const std::size_t next = NextLine(bytes, at, end);
    const std::string_view line = LineText(bytes, at, next);
    if (line.empty()) {
      block.terminated = true;
      block.body = next;
      return block;
    }
    if (IsBlank(line.front()) && !block.fields.empty()) {
      RawField& last = block.fields.back();
      const std::size_t value_begin = static_cast<std::size_t>(last.value.data() - bytes.data());
      last.value = bytes.substr(value_begin, at + line.size() - value_begin);
      last.end = next;
    } else {
      block.fields.push_back(ReadField(line, at));
      block.fields.back().end = next;
    }
    at = next;
  }
  block.body = end;
  return block;
}

const RawField* FindField(const HeaderBlock& block, std::string_view name) {
  for (const RawField& field : block.fields) {
    if (base::AsciiEqualNoCase(field.name, name)) return &field;
  }
  return nullptr;
}

std::size_t CountFields(const HeaderBlock& block, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      block.fields.begin(), block.fields.end(),
      [&](const RawField& field) { return base::AsciiEqualNoCase(field.name, name); }));
}

std::string Unfold(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\n') continue;
    if (c == '\r' && i + 1 < value.size() && value[i + 1] == '\n') continue;
    text += c;
  }
  return std::string(base::TrimAscii(text));
}

}  // namespace lazaret::mail
