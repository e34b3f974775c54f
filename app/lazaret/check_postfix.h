// The configuration against Postfix's: who is asked, time limits, message size, what happens when
// Lazaret is down, the socket seen from a chroot. Pure functions over what postconf said.
#ifndef LAZARET_APP_LAZARET_CHECK_POSTFIX_H_
#define LAZARET_APP_LAZARET_CHECK_POSTFIX_H_

#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/lazaret/check_notes.h"
#include "app/lazaret/postfix_settings.h"

namespace lazaret::cli {

// Whether smtpd_milters names our socket, seen from Postfix: a path below its queue folder may be
// given relative to that folder.
bool IsAttached(std::string_view listen, const PostfixSettings& postfix);

// Attached: what lets mail pass unscanned or unanswered, or keeps Postfix from the socket, is a
// fault; other differences are warnings. Not attached: one warning that says so. `policy_holds`:
// whether the policy puts anything into Postfix's hold queue.
void CompareWithPostfix(const config::Config& config, const PostfixInstance& postfix,
                        bool policy_holds, CheckNotes& notes);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_POSTFIX_H_
