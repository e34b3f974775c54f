#include "base/text.h"

#include <cstdint>
#include <cstdio>

namespace lazaret::base {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code_point = kReplacement;
  std::size_t length = 1;  // bytes consumed, also when ill-formed
  bool valid = false;
};

bool IsContinuation(unsigned char c) { return (c & 0xC0U) == 0x80U; }

// Table 3-7 of the Unicode standard: second byte range by first byte.
struct Lead {
  std::size_t length;
  unsigned char second_low;
  unsigned char second_high;
  char32_t bits;
};

Lead LeadOf(unsigned char c) {
  if (c >= 0xC2 && c <= 0xDF) return {2, 0x80, 0xBF, static_cast<char32_t>(c & 0x1FU)};
  if (c == 0xE0) return {3, 0xA0, 0xBF, 0};
  if (c == 0xED) return {3, 0x80, 0x9F, 0xD};
  if (c >= 0xE1 && c <= 0xEF) return {3, 0x80, 0xBF, static_cast<char32_t>(c & 0x0FU)};
  if (c == 0xF0) return {4, 0x90, 0xBF, 0};
  if (c >= 0xF1 && c <= 0xF3) return {4, 0x80, 0xBF, static_cast<char32_t>(c & 0x07U)};
  if (c == 0xF4) return {4, 0x80, 0x8F, 4};
  return {0, 0, 0, 0};
}

Decoded DecodeAt(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = LeadOf(first);
  if (lead.length == 0) return {};
  char32_t code_point = lead.bits;
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (at + i >= text.size()) return {kReplacement, i, false};
    const auto next = static_cast<unsigned char>(text[at + i]);
    const bool fits =
        i == 1 ? next >= lead.second_low && next <= lead.second_high : IsContinuation(next);
    if (!fits) return {kReplacement, i, false};
    code_point = (code_point << 6) | (next & 0x3FU);
  }
  return {code_point, lead.length, true};
}

// Characters that move the cursor, reorder or hide text: shown by number instead.
bool IsUnsafeToShow(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x061C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c >= 0xE0000 && c <= 0xE007F);
}

void AppendEscaped(std::string& out, char32_t c) {
  char text[16];
  switch (c) {
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
  std::snprintf(text, sizeof text, c < 0x80 ? "\\x%02x" : "\\u{%04x}", static_cast<unsigned>(c));
  out += text;
}

void AppendShown(std::string& out, std::string_view text, std::size_t at, const Decoded& decoded) {
  if (!decoded.valid) {
    char escape[8];
    for (std::size_t i = 0; i < decoded.length; ++i) {
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(text[at + i]));
      out += escape;
    }
  } else if (decoded.code_point == '\\') {
    out += "\\\\";
  } else if (IsUnsafeToShow(decoded.code_point)) {
    AppendEscaped(out, decoded.code_point);
  } else {
    out.append(text.substr(at, decoded.length));
  }
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool IsValidUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const Decoded decoded = DecodeAt(text, at);
    if (!decoded.valid) return false;
    at += decoded.length;
  }
  return true;
}

std::string ToValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = DecodeAt(text, at);
    if (decoded.valid) {
      out.append(text.substr(at, decoded.length));
    } else {
      out += "\xEF\xBF\xBD";
    }
    at += decoded.length;
  }
  return out;
}

std::string EscapeLine(std::string_view text, std::size_t max_bytes) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = DecodeAt(text, at);
    const std::size_t before = out.size();
    AppendShown(out, text, at, decoded);
    if (out.size() > max_bytes) {
      out.resize(before);
      out += "...";
      return out;
    }
    at += decoded.length;
  }
  return out;
}

std::string AsciiLower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = Lower(c);
  return out;
}

bool AsciiEqualNoCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

std::string_view TrimAscii(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

char32_t NextCodePoint(std::string_view text, std::size_t& position) {
  const Decoded decoded = DecodeAt(text, position);
  position += decoded.length;
  return decoded.code_point;
}

void AppendUtf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) c = kReplacement;
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

}  // namespace lazaret::base
