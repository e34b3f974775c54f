#include "base/json.h"

#include <cmath>

#include "base/format.h"
#include "base/text.h"

namespace lazaret::base {
namespace {

bool MustEscape(char32_t c) {
  return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7F && c < 0xA0) || c == 0x061C ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE007F);
}

void AppendJsonEscape(std::string& out, char32_t c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (c > 0xFFFF) {
    const auto high = static_cast<unsigned>(0xD800 + ((c - 0x10000) >> 10));
    const auto low = static_cast<unsigned>(0xDC00 + ((c - 0x10000) & 0x3FF));
    out += Format("\\u{:04x}\\u{:04x}", high, low);
  } else {
    out += Format("\\u{:04x}", static_cast<unsigned>(c));
  }
}

}  // namespace

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!has_item_.empty()) {
    if (has_item_.back()) text_ += ',';
    has_item_.back() = true;
  }
}

void JsonWriter::BeginObject() {
  Separate();
  text_ += '{';
  has_item_.push_back(false);
}

void JsonWriter::EndObject() {
  has_item_.pop_back();
  text_ += '}';
}

void JsonWriter::BeginArray() {
  Separate();
  text_ += '[';
  has_item_.push_back(false);
}

void JsonWriter::EndArray() {
  has_item_.pop_back();
  text_ += ']';
}

void JsonWriter::Key(std::string_view key) {
  String(key);
  text_ += ':';
  after_key_ = true;
}

void JsonWriter::String(std::string_view value) {
  Separate();
  text_ += '"';
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t start = at;
    const char32_t c = NextCodePoint(value, at);
    if (MustEscape(c)) {
      AppendJsonEscape(text_, c);
    } else if (c == 0xFFFD) {
      text_ += "\xEF\xBF\xBD";
    } else {
      text_.append(value.substr(start, at - start));
    }
  }
  text_ += '"';
}

void JsonWriter::Int(std::int64_t value) {
  Separate();
  text_ += std::to_string(value);
}

void JsonWriter::Uint(std::uint64_t value) {
  Separate();
  text_ += std::to_string(value);
}

void JsonWriter::Double(double value) {
  Separate();
  text_ += std::isfinite(value) ? Format("{:.6g}", value) : "null";
}

void JsonWriter::Bool(bool value) {
  Separate();
  text_ += value ? "true" : "false";
}

void JsonWriter::Raw(std::string_view json) {
  Separate();
  text_ += json;
}

void JsonWriter::Null() {
  Separate();
  text_ += "null";
}

}  // namespace lazaret::base
