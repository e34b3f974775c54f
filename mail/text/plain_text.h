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

// Distinct addresses of one text; stops link floods, which would cost a look of all rules each.
inline constexpr std::size_t kMaxUrls = 10'000;

struct Urls {
  std::vector<std::string> urls;  // in order, each once
  bool cut = false;               // there were more
};

// http, https, ftp and www addresses in running text.
Urls FindUrls(std::string_view text);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_PLAIN_TEXT_H_
