// Keeps the log from growing for ever: events older than a number of days go, from the oldest on
// and without gaps. Each run is announced by a chained forget event before anything is removed.
#ifndef LAZARET_DB_RETENTION_H_
#define LAZARET_DB_RETENTION_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "db/verdict_log.h"

namespace lazaret::db {

// A run removes at most so many events, or twice as many as were written since the last run when
// that is more: a clock that jumped ahead costs little of the log before somebody sees it.
inline constexpr std::uint64_t kMaxRemovedPerRun = 5000;
inline constexpr std::int64_t kRetentionEverySeconds = 600;
// Between two transactions, which waiting decisions then take.
inline constexpr std::int64_t kRetentionPauseMillis = 20;
// Nothing happens before the oldest event is so much older than it need be, so that a quiet log
// does not forget and note a forgetting in turn.
inline constexpr std::int64_t kRetentionSlackSeconds = 86'400;
// A time so far ahead of the clock is none: the event goes with the next one that has a time.
inline constexpr std::int64_t kTimeAheadSeconds = 86'400;
// The log bears the clock out when it holds a decision of at least this age, and older than that
// by no more than the gap and the time that the clock has been seen to run without a jump. So a
// clock that is wrong from the start removes nothing before a day of decisions with its times,
// however often the front is started meanwhile.
inline constexpr std::int64_t kBorneOutAgeSeconds = 86'400;
inline constexpr std::int64_t kBorneOutGapSeconds = 86'400;
// A real-time clock that gains so much on the boot clock between two runs has jumped; nothing is
// removed for a day then.
inline constexpr std::int64_t kClockGainSeconds = 3600;
inline constexpr std::int64_t kClockDistrustSeconds = 86'400;

// One thread at a time.
class Retention {
 public:
  struct Clocks {
    base::UnixTime now;
    base::Nanoseconds boot = 0;  // counts suspended time too
    static Clocks Read();
  };

  // The log is lent. keep_days 0 = for ever.
  Retention(VerdictLog& log, std::uint32_t keep_days, std::string node)
      : log_(log), keep_days_(keep_days), node_(std::move(node)) {}

  // Returns how many events were removed. `go_on` is asked between two transactions; after a false
  // the rest waits for a later run, and the log is whole all the same.
  base::Result<std::uint64_t> Run(const Clocks& clocks, const std::function<bool()>& go_on);

 private:
  bool ClockJumped(const Clocks& clocks);
  base::Result<bool> LogBearsOut(const Clocks& clocks);
  base::Status WarnOfTimesAhead(base::UnixTime now);
  // The last event to go; the anchor when nothing is to go.
  base::Result<ChainPosition> LastToGo(const Clocks& clocks, const ChainPosition& anchor,
                                       std::uint64_t written);
  base::Result<std::uint64_t> Remove(const ChainPosition& anchor, const ChainPosition& through,
                                     const std::function<bool()>& go_on);

  VerdictLog& log_;
  const std::uint32_t keep_days_;
  const std::string node_;
  std::optional<Clocks> last_run_;
  base::Nanoseconds runs_since_ = 0;  // on the boot clock: without a jump
  std::optional<base::Nanoseconds> distrust_until_;
  bool doubted_ = false;
  bool warned_ahead_ = false;
  std::uint64_t last_seq_ = 0;
};

// Runs it every kRetentionEverySeconds on a thread of its own until it is destroyed; failures are
// warnings in the daemon's log. With keep_days 0 no thread is started.
class RetentionThread {
 public:
  RetentionThread(VerdictLog& log, std::uint32_t keep_days, std::string node);
  ~RetentionThread();
  RetentionThread(const RetentionThread&) = delete;
  RetentionThread& operator=(const RetentionThread&) = delete;

 private:
  void Loop();
  // False when it is time to stop.
  bool Wait(std::int64_t millis);

  Retention retention_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_RETENTION_H_
