// The replies of a verdict, from the configured templates (docs/replies.md). They name the verdict
// and a contact and nothing else: no engine, no signature, no rule (those tell an attacker what to
// change).
#ifndef LAZARET_APP_FRONT_REPLY_TEMPLATES_H_
#define LAZARET_APP_FRONT_REPLY_TEMPLATES_H_

#include <string>
#include <string_view>

#include "app/config/config.h"
#include "milter/handler.h"

namespace lazaret::front {

milter::Reply RejectReply(const config::Config& config, std::string_view verdict_id);
milter::Reply TempfailReply(const config::Config& config, std::string_view verdict_id);
// The verdict could not be recorded: nothing is accepted that left no record.
milter::Reply NotRecordedReply(const config::Config& config, std::string_view verdict_id);

// "550 5.7.1 text", as it is kept in the record.
std::string ReplyLine(const milter::Reply& reply);

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_REPLY_TEMPLATES_H_
