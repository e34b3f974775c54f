// Plain text made ready for rules: paragraphs that the sender's program broke are joined again.
#ifndef LAZARET_MAIL_TEXT_PLAIN_TEXT_H_
#define LAZARET_MAIL_TEXT_PLAIN_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

// format=flowed (RFC 3676): a line that ends in a blank goes on in the next of the same quote
// depth; quote marks are dropped where lines join. delsp: the blank at the end is dropped too.
std::string JoinFlowed(std::string_view text, bool delsp);

// Folded content lines of iCalendar and vCard (RFC 5545 section 3.1) joined.
std::string JoinFolded(std::string_view text);

// http, https, ftp and www addresses in running text, in order, at most `max`.
std::vector<std::string> FindUrls(std::string_view text, std::size_t max);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_PLAIN_TEXT_H_
