// The verdict log: a hash chain over a VerdictStore with one writer thread and group commit. The
// front appends a decision and only then answers the MTA: a log that cannot commit makes it answer
// 4xx.
#ifndef LAZARET_DB_VERDICT_LOG_H_
#define LAZARET_DB_VERDICT_LOG_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "db/event.h"
#include "db/verdict_store.h"

namespace lazaret::db {

class VerdictLog {
 public:
  // One transaction takes at most so many events; it takes what is waiting and never waits for
  // more.
  static constexpr std::size_t kMaxBatch = 2048;

  // Takes the store (db/sqlite: OpenSqliteStore), checks that its last event follows from what is
  // stored (kCorrupt if not) and starts the writer thread: fork before, not after.
  static base::Result<std::unique_ptr<VerdictLog>> Open(std::unique_ptr<VerdictStore> store);

  virtual ~VerdictLog() = default;

  // Blocks until the event is durable. Thread-safe; called by many threads at once. An error means
  // that the caller must not answer as if it were recorded: every event of the failed batch gets
  // the same one. The log stays usable: the next call tries again.
  virtual base::Status Append(Event event) = 0;

  // The same with a bound, for a disk that hangs: kTimeout at the deadline. An event that the
  // writer had not taken is then gone; one that it had may still be written later, so that the log
  // can hold a decision that the MTA was not told. The caller answers 4xx and never acknowledges
  // that id: the record keeps the mark `none`, which is how it is told from one that was carried
  // out.
  virtual base::Status AppendBefore(Event event, base::Deadline deadline) = 0;

  // Returns at once; written within about 200 ms. Losing marks in a crash is accepted: they say
  // only that the MTA went on after the reply.
  virtual void Acknowledge(std::string verdict_id, AckMark mark) = 0;

  // Whether a message from this sender to the domain of any of these recipients was accepted
  // before; of a message with over a thousand domains only so many are looked up. nullopt when the
  // history could not be read before the deadline. The null sender is never known.
  virtual std::optional<bool> SenderSeenBefore(std::string_view sender,
                                               const std::vector<std::string>& recipients,
                                               base::Deadline deadline) = 0;

  // Appends a forget event, then removes the personal values. Returns how many events were changed.
  virtual base::Result<std::uint64_t> ForgetPersonal(const ForgetSelector& selector,
                                                     ForgetEvent event) = 0;

  // The store below, for queries. Lives as long as the log.
  virtual VerdictStore& store() = 0;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_VERDICT_LOG_H_
