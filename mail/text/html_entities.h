// Character references of HTML (HTML Living Standard, section 13.5), as far as mail uses names;
// numeric ones whole, with the windows-1252 mapping of 0x80 to 0x9F.
#ifndef LAZARET_MAIL_TEXT_HTML_ENTITIES_H_
#define LAZARET_MAIL_TEXT_HTML_ENTITIES_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

// Reads the reference at text[at] == '&'. Appends its characters and returns the offset behind it;
// when it is none, appends "&" and returns at + 1. Looks at most 40 bytes ahead.
std::size_t AppendEntity(std::string_view text, std::size_t at, std::string& out);

std::string DecodeEntities(std::string_view text);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_HTML_ENTITIES_H_
