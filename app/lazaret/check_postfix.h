// The configuration against Postfix's: time limits, message size, what happens when Lazaret is
// down. Postfix's settings are asked of postconf; the comparison itself is a pure function.
#ifndef LAZARET_APP_LAZARET_CHECK_POSTFIX_H_
#define LAZARET_APP_LAZARET_CHECK_POSTFIX_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/lazaret/check_notes.h"
#include "base/result.h"

namespace lazaret::cli {

// Parameter -> value with all $names replaced.
using PostfixSettings = std::map<std::string, std::string, std::less<>>;

// postconf's answer for the parameters compared below. `folder`: Postfix's configuration folder,
// empty for the system's. kNotFound when there is no postconf on this machine.
base::Result<PostfixSettings> AskPostfix(const std::string& folder);

// "180s", "3m", "1h", "2d", "1w", "180": seconds.
std::optional<std::uint64_t> ParsePostfixTime(std::string_view text);

// Whether smtpd_milters names our socket, seen from Postfix: a path below its queue folder may be
// given relative to that folder.
bool IsAttached(std::string_view listen, const PostfixSettings& postfix);

// Attached: what lets mail pass unscanned or unanswered is a fault, other differences are warnings.
// Not attached: one warning that says so.
void CompareWithPostfix(const config::Config& config, const PostfixSettings& postfix,
                        CheckNotes& notes);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_POSTFIX_H_
