// What the session layer hands to whoever judges, and what it gets back. No libmilter here.
#ifndef LAZARET_MILTER_HANDLER_H_
#define LAZARET_MILTER_HANDLER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/fd.h"
#include "milter/spool_budget.h"
#include "policy/envelope.h"
#include "policy/finding.h"

namespace lazaret::milter {

// An SMTP reply: "550", "5.7.1", free text. The text is cleaned where it is sent (milter/reply.h).
struct Reply {
  std::string code;
  std::string enhanced;
  std::string text;
};

// A whole message, rebuilt: header fields without incoming X-Lazaret-*, an empty line, the body.
struct StoredMessage {
  base::UniqueFd fd;  // sealed memory file, or a read-only descriptor of an unlinked file
  std::uint64_t bytes = 0;
  base::Sha256Digest sha256{};
  base::Sha256Digest body_sha256{};
  SpoolShare share;  // held as long as the message is
};

struct Transaction {
  policy::Envelope envelope;
  StoredMessage message;
};

struct HeaderField {
  std::string name;
  std::string value;
};

// What to do with the message. accept, tag and hold end in 250; tempfail in a 4xx and reject in a
// 5xx `reply`, whose class must fit the action. Other actions are not built and end in a tempfail.
struct Disposition {
  policy::Action action = policy::Action::kTempfail;
  std::string verdict_id;  // empty: no record, so nothing is acknowledged later
  std::vector<HeaderField> add;
  Reply reply;
  std::string hold_reason;
};

// Why a message that reached its end is refused without having been looked at.
enum class RefusalReason : std::uint8_t {
  kMessageBytes,  // larger than the limit
  kHeaderFields,  // more header fields than the limit
  kOwnFields,     // more X-Lazaret-* fields than can be removed in time
  kSpool,         // it could not be stored
  kOrder,         // commands in an impossible order, no recipient
  kInternal,      // our own failure, such as no memory
};

struct Refusal {
  policy::Envelope envelope;
  RefusalReason reason = RefusalReason::kInternal;
  Reply reply;              // what the session would answer
  std::uint64_t bytes = 0;  // content seen, kept or not
};

// How we learned that the MTA went on after our reply. libmilter reports QUIT and a lost connection
// alike, so kClose is the weaker sign.
enum class NextSign : std::uint8_t { kNextCommand, kClose };

// Called by many threads at once, never twice at once for one session. May block in Judge only.
// Exceptions that leave it become a tempfail.
class MessageHandler {
 public:
  virtual ~MessageHandler() = default;
  // `progress` tells the MTA that we are alive; call it about once a second while waiting.
  virtual Disposition Judge(const Transaction& transaction,
                            const std::function<void()>& progress) = 0;
  virtual void OnAcknowledged(std::string_view verdict_id, NextSign sign) = 0;
  // Records the refusal and gives the answer: a tempfail or a reject.
  virtual Disposition Refused(const Refusal& refusal) = 0;
  // A message that was refused when it was announced: nothing of it was seen.
  virtual void OnRefusedAtMail(const policy::Envelope& envelope, const Reply& reply) = 0;
  // A message that began and never reached its end (RSET, a lost session, a second MAIL).
  virtual void OnAborted() = 0;
};

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_HANDLER_H_
