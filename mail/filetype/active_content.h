// Does markup act by itself when a browser opens it as a file? Script elements, event handlers and
// javascript: links. Pure; linear in the content.
#ifndef LAZARET_MAIL_FILETYPE_ACTIVE_CONTENT_H_
#define LAZARET_MAIL_FILETYPE_ACTIVE_CONTENT_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

// What acts ("script element", "event handler onload", "javascript: link"); empty for nothing.
// Data blocks (application/ld+json) are no scripts. UTF-16 is read too.
std::string FindActiveMarkup(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_ACTIVE_CONTENT_H_
