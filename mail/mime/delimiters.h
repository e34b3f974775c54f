// The pass over raw bytes before the MIME library sees them: it knows no limits of its own (200 000
// parts cost 266 MB there), so floods are cut here and named. Finds every line that begins with
// "--" and a boundary that some header declares (RFC 2046 section 5.1.1).
#ifndef LAZARET_MAIL_MIME_DELIMITERS_H_
#define LAZARET_MAIL_MIME_DELIMITERS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct MimeLimits {
  std::size_t max_header_fields = 20'000;   // over all headers: stops header floods
  std::size_t max_header_bytes = 4U << 20;  // over all headers: stops endless headers
  std::size_t max_parts = 10'000;           // stops part floods
  int max_depth = 100;                      // stops nesting bombs
};

struct DelimiterLine {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind its line end
};

struct Prescan {
  std::vector<DelimiterLine> delimiters;  // in order
  std::size_t end = 0;                    // the bytes before it keep the limits
  std::string limit;                      // "header-fields", "header-bytes", "parts", or empty
};

Prescan PrescanMessage(std::string_view bytes, const MimeLimits& limits);

enum class DelimiterKind { kNone, kOpen, kClose, kSuffix };
// How the line looks to a reader of `boundary`: exactly (trailing blanks allowed) an opening or
// closing delimiter, one with other text behind the boundary, or none.
DelimiterKind MatchDelimiter(std::string_view line, std::string_view boundary);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_DELIMITERS_H_
