#include "app/front/reply_templates.h"

#include "base/format.h"
#include "milter/reply.h"

namespace lazaret::front {
namespace {

// A reply without its verdict id could not be looked up, so a template that forgot it gets it.
std::string TextOf(const config::Config& config, config::ReplyKind kind,
                   std::string_view verdict_id) {
  std::string text = config::ReplyText(config, kind, verdict_id);
  if (text.find(verdict_id) == std::string::npos) {
    text += base::Format(", reference {}", verdict_id);
  }
  return text;
}

}  // namespace

milter::Reply RejectReply(const config::Config& config, std::string_view verdict_id) {
  return {"550", "5.7.1", TextOf(config, config::ReplyKind::kReject, verdict_id)};
}

milter::Reply TempfailReply(const config::Config& config, std::string_view verdict_id) {
  return {"451", "4.7.1", TextOf(config, config::ReplyKind::kTempfail, verdict_id)};
}

milter::Reply NotRecordedReply(const config::Config& config, std::string_view verdict_id) {
  return {"451", "4.3.0", TextOf(config, config::ReplyKind::kTempfail, verdict_id)};
}

std::string ReplyLine(const milter::Reply& reply) {
  return base::Format("{} {} {}", reply.code, reply.enhanced,
                      milter::SanitizeHeaderValue(reply.text));
}

}  // namespace lazaret::front
