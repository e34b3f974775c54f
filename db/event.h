// The events of the verdict log as plain structs: decision | update | release | forget. An event is
// written once and never changed; docs/formats.md describes its bytes. Strings that come from mail
// are untrusted text and are kept as they came; whoever shows one escapes it.
#ifndef LAZARET_DB_EVENT_H_
#define LAZARET_DB_EVENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "policy/analysis.h"
#include "policy/decide.h"
#include "policy/envelope.h"

namespace lazaret::db {

enum class EventKind : std::uint8_t { kDecision = 1, kUpdate = 2, kRelease = 3, kForget = 4 };
std::string_view Name(EventKind value);

// 128 random bits in base32: 26 characters of a-z2-7. It goes into replies, headers and the log.
std::string NewVerdictId();

// Stands in place of a personal value that was forgotten when an event is read back.
inline constexpr std::string_view kForgotten = "(forgotten)";

// One message that reached its end and was judged.
struct DecisionEvent {
  std::string verdict_id;  // NewVerdictId()
  base::UnixTime time;     // CLOCK_REALTIME at the decision
  std::string node;
  policy::Envelope envelope;
  base::Sha256Digest message_sha256{};  // the whole message as the front rebuilt it
  base::Sha256Digest body_sha256{};     // what follows the empty line after the header
  std::uint64_t message_bytes = 0;
  // tree, looked, not_looked, timing, detectors and subject are kept; findings come from `verdict`,
  // which holds them all.
  policy::Analysis analysis;
  policy::Verdict verdict;
  std::string generation;
  std::string engine;        // "ClamAV 1.4.6/27400/..."
  std::string confinement;   // level of the worker that looked
  std::string smtp_reply;    // what the MTA is told, "550 5.7.1 ..."; empty for accept
  std::uint64_t millis = 0;  // from end of message to the decision
};

// A later judgement of the same message (a late sandbox answer, a person's correction).
struct UpdateEvent {
  std::string verdict_id;
  base::UnixTime time;
  std::string node;
  std::string actor;  // who or what asked for it
  std::string reason;
  policy::Class cls = policy::Class::kClean;
  policy::Action action = policy::Action::kAccept;
  std::vector<policy::Finding> findings;  // the new ones
};

// A held or quarantined message was let go or thrown away.
struct ReleaseEvent {
  std::string verdict_id;
  base::UnixTime time;
  std::string node;
  std::string actor;
  bool discarded = false;
  std::vector<std::string> recipients;  // to whom; empty when discarded
  std::string note;
};

enum class ForgetScope : std::uint8_t {
  kPrefix = 1,          // every event up to and including through_seq is gone; an anchor stays
  kPersonalValues = 2,  // events stay, their personal values are gone
};

struct ForgetEvent {
  base::UnixTime time;
  std::string node;
  std::string actor;
  ForgetScope scope = ForgetScope::kPrefix;
  std::uint64_t through_seq = 0;      // kPrefix: last removed
  base::Sha256Digest through_hash{};  // kPrefix: its hash, as in the anchor
  std::string verdict_id;             // kPersonalValues: one verdict, or empty
  base::UnixTime before;  // kPersonalValues: everything older; 0 when verdict_id is given
  std::string reason;
};

using Event = std::variant<DecisionEvent, UpdateEvent, ReleaseEvent, ForgetEvent>;
inline EventKind KindOf(const Event& event) { return static_cast<EventKind>(event.index() + 1); }

// What the session said after the reply; outside the chain. libmilter calls close for QUIT and for
// a lost connection alike, so kClose is the weaker sign.
enum class AckMark : std::uint8_t { kNone = 0, kNextCommand = 1, kClose = 2 };
std::string_view Name(AckMark value);

}  // namespace lazaret::db

#endif  // LAZARET_DB_EVENT_H_
