// Text content: is it text at all, and which kind (HTML, XML, scripts by their tokens, shortcuts,
// mail). Pure and linear; all but NarrowUtf16 look at the first kilobytes only.
#ifndef LAZARET_MAIL_FILETYPE_TEXT_SNIFF_H_
#define LAZARET_MAIL_FILETYPE_TEXT_SNIFF_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

// Text in an ASCII-compatible charset or in UTF-16 with or without byte order mark.
bool LooksLikeText(std::string_view content);

// The kind of text; "text/plain" when nothing more is known. Call only when LooksLikeText.
std::string SniffText(std::string_view content);

// Text that is a program from its first line on, whatever it is called. Stricter than SniffText,
// which also counts words further down that a text about programs has too.
bool BeginsAsProgram(std::string_view content);

// UTF-16 text with what is not ASCII left out; empty when the content is not UTF-16.
std::string NarrowUtf16(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_TEXT_SNIFF_H_
