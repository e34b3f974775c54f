#include "mail/filetype/file_name.h"

#include "base/text.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kPadding = 4;  // blanks in a row before the last dot

bool IsBlank(char32_t c) {
  return c == ' ' || c == '\t' || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x202F || c == 0x205F;
}

bool IsReordering(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

// Joiners (U+200C, U+200D) are part of Persian words and emoji; U+200E and U+200F of Hebrew names.
bool IsInvisible(char32_t c) {
  return c == 0x200B || c == 0x2060 || c == 0xFEFF || c == 0xAD || (c >= 0xE0000 && c <= 0xE007F);
}

void LookAtCharacters(std::string_view name, FileName& out) {
  for (std::size_t at = 0; at < name.size();) {
    const char32_t c = base::NextCodePoint(name, at);
    out.reordering |= IsReordering(c);
    out.invisible |= IsInvisible(c);
    out.control |= c < 0x20 && c != '\t' && c != '\n' && c != '\r';
  }
}

// ASCII form of a name for its extension: blanks of any kind become ' ', what shows nothing
// vanishes.
std::string Plain(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t begin = at;
    const char32_t c = base::NextCodePoint(name, at);
    if (IsReordering(c) || IsInvisible(c) || c < 0x20) continue;
    if (IsBlank(c)) {
      out += ' ';
    } else {
      out += name.substr(begin, at - begin);
    }
  }
  return out;
}

}  // namespace

FileName ParseFileName(std::string_view name) {
  FileName out;
  LookAtCharacters(name, out);
  std::string plain = Plain(name);
  if (const std::size_t slash = plain.find_last_of("/\\"); slash != std::string::npos) {
    plain.erase(0, slash + 1);
  }
  std::string lower = base::AsciiLower(plain);
  if (const std::size_t stream = lower.rfind("::$data"); stream != std::string::npos) {
    lower.erase(stream);
    out.trailing_junk = true;
  }
  while (!lower.empty() && (lower.back() == '.' || lower.back() == ' ')) {
    lower.pop_back();
    out.trailing_junk = true;
  }
  const std::size_t dot = lower.rfind('.');
  if (dot == std::string::npos) return out;
  out.extension = std::string(base::TrimAscii(std::string_view(lower).substr(dot + 1)));
  std::size_t stem_end = dot;
  while (stem_end > 0 && lower[stem_end - 1] == ' ') --stem_end;
  out.padded = dot - stem_end >= kPadding;
  const std::size_t inner = lower.rfind('.', stem_end > 0 ? stem_end - 1 : 0);
  if (inner != std::string::npos && stem_end > inner + 1) {
    out.inner = std::string(
        base::TrimAscii(std::string_view(lower).substr(inner + 1, stem_end - inner - 1)));
  }
  return out;
}

}  // namespace lazaret::mail
