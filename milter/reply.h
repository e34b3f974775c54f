// Reply texts as libmilter and every MTA take them. The text may hold a verdict id and words from
// the configuration; nothing that came with a mail belongs in it.
#ifndef LAZARET_MILTER_REPLY_H_
#define LAZARET_MILTER_REPLY_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "milter/handler.h"

namespace lazaret::milter {

// smfi_setreply refuses longer texts, and the reply would be lost.
inline constexpr std::size_t kMaxReplyTextBytes = 980;
// Postfix keeps so much of a quarantine reason.
inline constexpr std::size_t kMaxHoldReasonBytes = 100;

// One line of printable ASCII: line breaks and tabs become a space, other bytes '?', '%' is doubled
// (libmilter refuses a single one); cut to max_bytes without splitting a doubled '%'. Stops reply
// splitting and terminal tricks by whatever reaches a text.
std::string SanitizeReplyText(std::string_view text, std::size_t max_bytes = kMaxReplyTextBytes);

// One line of a header value: as above, but '%' stays single.
std::string SanitizeHeaderValue(std::string_view text, std::size_t max_bytes = kMaxReplyTextBytes);

// A reply that libmilter takes for sure for `temporary` (4xx) or permanent (5xx) refusals: code and
// enhanced code of the wrong form or class are replaced by 451 4.7.1 or 550 5.7.1 (a code whose
// class does not fit the answer is dropped by libmilter, and the MTA's own text would be sent).
Reply CheckedReply(const Reply& reply, bool temporary);

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_REPLY_H_
