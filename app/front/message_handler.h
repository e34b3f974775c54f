// Judges one message: direction and history, the analyzer, Decide, the record, and only then the
// answer. Nothing is accepted that was not recorded; nothing is accepted that was not looked at.
#ifndef LAZARET_APP_FRONT_MESSAGE_HANDLER_H_
#define LAZARET_APP_FRONT_MESSAGE_HANDLER_H_

#include <functional>
#include <string>
#include <string_view>

#include "app/config/config.h"
#include "app/front/poison_list.h"
#include "app/front/policy_shelf.h"
#include "app/front/stage_times.h"
#include "app/judge/two_tries.h"
#include "app/judge/worker_pool.h"
#include "base/counters.h"
#include "db/verdict_log.h"
#include "milter/handler.h"
#include "policy/decide.h"
#include "policy/policy.h"

namespace lazaret::front {

// All lent, and outlive the handler; each is thread-safe or never changed.
struct HandlerParts {
  judge::WorkerPool& pool;
  db::VerdictLog& log;
  const policy::Policy& policy;
  const config::Config& config;
  base::Counters& counters;
  std::string bundle_sha256;     // config::BundleSha256 of the bundle that `policy` comes from
  PoisonList* poison = nullptr;  // none: no message is poison
  // Of all live generations, when they may change; else `policy` and `bundle_sha256` alone count.
  const PolicyShelf* shelf = nullptr;
};

// What the log line and the counters say of a message; kept apart from the event, which goes to the
// log's writer whole.
struct MessageSummary {
  explicit MessageSummary(const db::DecisionEvent& event);

  std::string queue_id;
  std::string message_id;
  std::string sender;
  std::size_t recipients = 0;
  policy::Class cls = policy::Class::kClean;
  std::string verdict_id;
  std::uint64_t bytes = 0;
  std::uint64_t millis = 0;
};

class FrontHandler : public milter::MessageHandler {
 public:
  explicit FrontHandler(const HandlerParts& parts);

  milter::Disposition Judge(const milter::Transaction& transaction,
                            const std::function<void()>& progress) override;
  void OnAcknowledged(std::string_view verdict_id, milter::NextSign sign) override;
  // A decision like any other: a record with one finding that names the limit or the failure, and
  // the session's own reply.
  milter::Disposition Refused(const milter::Refusal& refusal) override;
  void OnRefusedAtMail(const policy::Envelope& envelope, const milter::Reply& reply) override;
  void OnAborted() override;
  // How long the oldest message has been waiting for its answer.
  std::uint64_t OldestMillis() const { return open_.OldestMillis(); }

 private:
  judge::Tried Look(const milter::Transaction& transaction, const policy::Envelope& envelope,
                    base::Nanoseconds began, const std::function<void()>& progress);
  milter::Disposition DispositionOf(const policy::Verdict& verdict, std::string verdict_id) const;
  db::DecisionEvent NewEvent(const policy::Envelope& envelope) const;
  milter::Disposition RecordThenAnswer(db::DecisionEvent&& event, milter::Disposition disposition,
                                       base::Nanoseconds began);
  base::Status Record(db::DecisionEvent&& event, base::Deadline deadline);
  void Report(const MessageSummary& message, policy::Action answered);

  // What has cost workers, in this delivery and in an earlier one, is held instead of tempfailed.
  void CheckPoison(judge::Tried& tried, const milter::StoredMessage& message, base::UnixTime came);
  // An analyzer that judged by rules of no generation we know did not look.
  void CheckBundle(judge::Outcome& outcome) const;
  // Signatures older than clamav.max_age are a failure to look, where clamav.max_age_action says
  // so.
  void CheckAge(judge::Outcome& outcome, base::UnixTime now) const;
  // Of the generation that judged; of the one in force when none did.
  PolicyShelf::Held PolicyFor(const judge::Outcome& outcome) const;

  HandlerParts parts_;
  StageTimes times_;
  OpenMessages open_;
};

// Distinct codes of the findings that count, worst class first: "clamav.signature,
// file.type-mismatch".
std::string FindingCodes(const policy::Verdict& verdict);

// The one line a message gets in the log, every value escaped. What the mail itself chose (sender,
// message id) stands last: a line that is cut loses that and nothing else.
std::string MessageLine(const MessageSummary& message, policy::Action answered);

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_MESSAGE_HANDLER_H_
