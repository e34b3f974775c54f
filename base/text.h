// Text that comes from mail is untrusted: it is checked as UTF-8 and escaped before it reaches a
// terminal, a log line or JSON. One record is one line, whatever the mail says.
#ifndef LAZARET_BASE_TEXT_H_
#define LAZARET_BASE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace lazaret::base {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);
// Ill-formed bytes become U+FFFD, one for each maximal ill-formed run of the Unicode standard (3.9).
std::string ToValidUtf8(std::string_view text);

// One line, safe on a terminal: C0, DEL, C1, bidi controls, line and paragraph separators, zero-width
// characters, backslash and ill-formed bytes as \n, \xNN or \u{NNNN}; other valid UTF-8 unchanged.
// Cut to max_bytes of output at a character boundary, with "..." when cut.
std::string EscapeLine(std::string_view text, std::size_t max_bytes = 1024);

std::string AsciiLower(std::string_view text);
bool AsciiEqualNoCase(std::string_view a, std::string_view b);
std::string_view TrimAscii(std::string_view text);

// Decodes one code point at `position` of valid or invalid UTF-8; advances; U+FFFD for ill-formed.
char32_t NextCodePoint(std::string_view text, std::size_t& position);
void AppendUtf8(std::string& out, char32_t code_point);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_TEXT_H_
