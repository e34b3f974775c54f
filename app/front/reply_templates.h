// The texts a sender sees, one template a language (docs/replies.md). They name the verdict and a
// contact and nothing else: no engine, no signature, no rule (those tell an attacker what to
// change).
#ifndef LAZARET_APP_FRONT_REPLY_TEMPLATES_H_
#define LAZARET_APP_FRONT_REPLY_TEMPLATES_H_

#include <string>
#include <string_view>

#include "app/config/config.h"
#include "milter/handler.h"

namespace lazaret::front {

class ReplyTemplates {
 public:
  explicit ReplyTemplates(const config::Reply& options);

  milter::Reply Reject(std::string_view verdict_id) const;
  milter::Reply Tempfail(std::string_view verdict_id) const;
  // The verdict could not be recorded: nothing is accepted that left no record.
  milter::Reply NotRecorded(std::string_view verdict_id) const;

 private:
  std::string Fill(std::string_view text, std::string_view verdict_id) const;

  std::string reject_;
  std::string tempfail_;
  std::string contact_;
};

// "550 5.7.1 text", as it is kept in the record.
std::string ReplyLine(const milter::Reply& reply);

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_REPLY_TEMPLATES_H_
