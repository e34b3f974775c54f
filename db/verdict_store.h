// Where chained records are kept. The hash chain lies above it (db/verdict_log.h), so a store only
// keeps what it is given, whole batches at a time. All members are thread-safe. Implementations:
// db/sqlite (the shipped one), db/memory (tests); tests/contract holds both to this page.
#ifndef LAZARET_DB_VERDICT_STORE_H_
#define LAZARET_DB_VERDICT_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"
#include "db/event.h"

namespace lazaret::db {

// The columns an event is found by, derived from it and nothing else (db/audit/index.h), so that
// verify can derive them again. Addresses are lower case; a forgotten one is "", the null sender
// "<>".
struct IndexedRecipient {
  std::string address;
  std::string domain;
  policy::Action action = policy::Action::kAccept;
  friend bool operator==(const IndexedRecipient&, const IndexedRecipient&) = default;
};

struct IndexedFinding {
  std::string code;
  std::string rule;
  policy::Class cls = policy::Class::kSuspicious;
  friend bool operator==(const IndexedFinding&, const IndexedFinding&) = default;
};

struct IndexRows {
  std::string verdict_id;  // empty for forget events
  base::UnixTime time;
  std::string node;
  // The rest is empty for events other than decisions.
  policy::Class cls = policy::Class::kClean;
  policy::Action action = policy::Action::kAccept;
  policy::Action wanted = policy::Action::kAccept;  // before observe mode
  std::string queue_id;
  std::string sender;
  std::string sender_domain;
  std::vector<IndexedRecipient> recipients;
  std::vector<IndexedFinding> findings;
  friend bool operator==(const IndexRows&, const IndexRows&) = default;
};

struct ChainedRecord {
  std::uint64_t seq = 0;  // from 1, without gaps
  EventKind kind = EventKind::kDecision;
  base::Sha256Digest hash{};
  std::string body;      // canonical CBOR
  std::string personal;  // salts and values of the personal fields
  IndexRows index;
  // Sender history kept beside the chain: keys (HistoryKey) of this message's sender and
  // recipients. Empty unless the message was accepted. Read() leaves it empty.
  std::vector<std::string> history;
};

struct ChainPosition {
  std::uint64_t seq = 0;      // 0 = nothing
  base::Sha256Digest hash{};  // all zero for seq 0
  friend bool operator==(const ChainPosition&, const ChainPosition&) = default;
};

struct Acknowledgement {
  std::string verdict_id;
  AckMark mark = AckMark::kNone;
};

// All given conditions hold. Only decisions are found, newest first.
struct Query {
  std::optional<base::UnixTime> since;  // inclusive
  std::optional<base::UnixTime> until;  // exclusive
  std::optional<policy::Class> cls;
  std::optional<policy::Action> action;
  std::optional<policy::Action> wanted;
  std::string rule;              // rule id or finding code, exact
  std::string queue_id;          // exact
  std::string sender;            // "user@domain", "@domain" or "<>"; case-insensitive
  std::string recipient;         // "user@domain" or "@domain"; case-insensitive
  std::uint64_t before_seq = 0;  // only events before this one, to page on; 0 = all
  std::uint32_t limit = 50;
};

struct StoredVerdict {
  std::uint64_t seq = 0;
  DecisionEvent event;
  AckMark mark = AckMark::kNone;
  std::vector<Event> later;  // updates and releases of the same verdict, oldest first (Get only)
  // Not empty: the stored bytes are not an event any more; `event` holds the verdict id and time
  // only.
  std::string fault;
};

// What Forget removes personal values of: one verdict, or everything older than `before`.
struct ForgetSelector {
  std::string verdict_id;
  std::optional<base::UnixTime> before;
};

// Which events of the log's beginning are old.
struct OldBounds {
  base::UnixTime before;
  std::uint64_t limit = 0;  // of events
  // A time from here on is none: its clock was ahead. Such an event is as old as the next one that
  // has a time (beyond the limit: the next decision); when there is none, it is not old.
  base::UnixTime unknown_from{INT64_MAX};
};

class VerdictStore {
 public:
  virtual ~VerdictStore() = default;

  // All records or none, durable when it returns. The first must follow Last().
  virtual base::Status AppendBatch(std::span<const ChainedRecord> records) = 0;
  virtual base::Result<ChainPosition> Last() = 0;
  // The position before the first kept event: nothing, or the last one retention removed.
  virtual base::Result<ChainPosition> Anchor() = 0;
  // Events after `after`, in order, at most `limit`: what is stored, unchecked.
  virtual base::Result<std::vector<ChainedRecord>> Read(std::uint64_t after,
                                                        std::uint32_t limit) = 0;

  virtual base::Result<std::vector<StoredVerdict>> Find(const Query& query) = 0;
  // kNotFound when there is none.
  virtual base::Result<StoredVerdict> Get(std::string_view verdict_id) = 0;
  // Ids that begin so, at most `limit`, in order of id.
  virtual base::Result<std::vector<std::string>> IdsWithPrefix(std::string_view prefix,
                                                               std::uint32_t limit) = 0;

  // The end of the run of old events that the log begins with; Anchor() when there is none. Events
  // after it are kept however old they say they are.
  virtual base::Result<ChainPosition> OldPrefix(const OldBounds& bounds);
  // The greatest time of a kept decision below `before`; nullopt when there is none.
  virtual base::Result<std::optional<base::UnixTime>> NewestDecision(base::UnixTime before);
  // Removes the first kRemovedAtOnce events, none after `through`, with all that was derived from
  // them, and moves the anchor to the last of them; one transaction. Returns the anchor: call again
  // until it is `through`. kInvalid when `through` is no kept event. Sender history stays.
  virtual base::Result<ChainPosition> RemoveSome(const ChainPosition& through);

  // Removes personal values (never bodies or hashes); returns how many events were changed.
  virtual base::Result<std::uint64_t> Forget(const ForgetSelector& selector) = 0;
  virtual base::Status Mark(std::span<const Acknowledgement> marks) = 0;
  // Upkeep between two batches, when nobody waits for an answer; may take some 100 ms. What it
  // could not do it does another time.
  virtual void Tidy() {}
  // True when any of the keys (db::HistoryKey) is known.
  virtual base::Result<bool> HistoryContains(std::span<const std::string> keys) = 0;
};

// Events that one transaction of retention removes, so that a decision never waits long for it.
inline constexpr std::uint64_t kRemovedAtOnce = 200;

// 16 bytes that name (sender, recipient's domain), case-insensitive.
std::string HistoryKey(std::string_view sender, std::string_view recipient);

// Sender history keeps the most recently seen pairs; more would let anyone who sends from many
// addresses fill the disk.
inline constexpr std::uint64_t kMaxHistoryPairs = 1'000'000;

}  // namespace lazaret::db

#endif  // LAZARET_DB_VERDICT_STORE_H_
