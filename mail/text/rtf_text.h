// The text of an RTF document (Rich Text Format 1.9.1) as its reader sees it.
#ifndef LAZARET_MAIL_TEXT_RTF_TEXT_H_
#define LAZARET_MAIL_TEXT_RTF_TEXT_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

// By its head, whatever it is called: word processors do the same.
bool IsRtf(std::string_view bytes);

// Valid UTF-8. Paragraphs and rows end lines, cells and tabs are tabs; font, colour and style
// tables, pictures and embedded objects are left out. Characters beyond ASCII are read in the
// document's code page. Never fails; linear in the input.
std::string RtfText(std::string_view bytes);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_RTF_TEXT_H_
