#include "db/retention.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/format.h"
#include "base/log.h"

namespace lazaret::db {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

}  // namespace

Retention::Clocks Retention::Clocks::Read() {
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return {base::RealtimeNow(), static_cast<base::Nanoseconds>(boot.tv_sec) * kNanos + boot.tv_nsec};
}

bool Retention::ClockJumped(const Clocks& clocks) {
  const std::optional<Clocks> before = std::exchange(last_run_, clocks);
  if (!before) {
    runs_since_ = clocks.boot;
  } else {
    const std::int64_t real = (clocks.now.micros - before->now.micros) / kMicros;
    const std::int64_t passed = (clocks.boot - before->boot) / kNanos;
    if (real > passed + kClockGainSeconds) {
      runs_since_ = clocks.boot;
      distrust_until_ = clocks.boot + kClockDistrustSeconds * kNanos;
      base::LogWarning(base::Format(
          "verdict log: the clock jumped {} s ahead; nothing is removed for a day", real - passed));
    }
  }
  if (distrust_until_ && clocks.boot >= *distrust_until_) distrust_until_.reset();
  return distrust_until_.has_value();
}

base::Result<bool> Retention::LogBearsOut(const Clocks& clocks) {
  const base::UnixTime day_ago{clocks.now.micros - kBorneOutAgeSeconds * kMicros};
  LAZARET_ASSIGN(const std::optional<base::UnixTime> newest, log_.store().NewestDecision(day_ago));
  const std::int64_t seen_running = (clocks.boot - runs_since_) / 1000;
  const std::int64_t since = day_ago.micros - kBorneOutGapSeconds * kMicros - seen_running;
  const bool borne_out = newest && newest->micros >= since;
  if (!borne_out && !doubted_) {
    base::LogWarning(
        "verdict log: the clock is far ahead of the log; nothing is removed before decisions with "
        "its times have come in for a day");
  }
  doubted_ = !borne_out;
  return borne_out;
}

base::Status Retention::WarnOfTimesAhead(base::UnixTime now) {
  if (warned_ahead_) return base::Ok();
  LAZARET_ASSIGN(const std::optional<base::UnixTime> newest,
                 log_.store().NewestDecision(base::UnixTime{INT64_MAX}));
  if (!newest || newest->micros < now.micros + kTimeAheadSeconds * kMicros) return base::Ok();
  base::LogWarning(base::Format(
      "verdict log: it holds times far ahead of the clock, such as {}; retention takes them for "
      "unknown",
      base::FormatRfc3339(*newest)));
  warned_ahead_ = true;
  return base::Ok();
}

base::Result<ChainPosition> Retention::LastToGo(const Clocks& clocks, const ChainPosition& anchor,
                                                std::uint64_t written) {
  VerdictStore& store = log_.store();
  const std::int64_t keep = static_cast<std::int64_t>(keep_days_) * kDaySeconds * kMicros;
  OldBounds bounds;
  bounds.unknown_from.micros = clocks.now.micros + kTimeAheadSeconds * kMicros;
  bounds.before.micros = clocks.now.micros - keep - kRetentionSlackSeconds * kMicros;
  bounds.limit = 1;
  LAZARET_ASSIGN(const ChainPosition oldest, store.OldPrefix(bounds));
  if (oldest == anchor) return anchor;
  LAZARET_ASSIGN(const bool borne_out, LogBearsOut(clocks));
  if (!borne_out) return anchor;
  bounds.before.micros = clocks.now.micros - keep;
  bounds.limit = std::max(kMaxRemovedPerRun, 2 * written);
  return store.OldPrefix(bounds);
}

base::Result<std::uint64_t> Retention::Run(const Clocks& clocks,
                                           const std::function<bool()>& go_on) {
  if (keep_days_ == 0) return std::uint64_t{0};
  const bool jumped = ClockJumped(clocks);
  LAZARET_ASSIGN(const ChainPosition last, log_.store().Last());
  const std::uint64_t written = last_seq_ == 0 ? 0 : last.seq - std::min(last.seq, last_seq_);
  last_seq_ = last.seq;
  if (jumped) return std::uint64_t{0};
  LAZARET_TRY(WarnOfTimesAhead(clocks.now));
  LAZARET_ASSIGN(const ChainPosition anchor, log_.store().Anchor());
  LAZARET_ASSIGN(const ChainPosition through, LastToGo(clocks, anchor, written));
  if (through == anchor) return std::uint64_t{0};
  ForgetEvent event;
  event.time = clocks.now;
  event.node = node_;
  event.actor = "retention";
  event.scope = ForgetScope::kPrefix;
  event.through_seq = through.seq;
  event.through_hash = through.hash;
  event.reason = base::Format("older than {} days", keep_days_);
  LAZARET_TRY(log_.Append(std::move(event)));
  return Remove(anchor, through, go_on);
}

base::Result<std::uint64_t> Retention::Remove(const ChainPosition& anchor,
                                              const ChainPosition& through,
                                              const std::function<bool()>& go_on) {
  ChainPosition reached = anchor;
  for (;;) {
    LAZARET_ASSIGN(reached, log_.store().RemoveSome(through));
    if (reached.seq >= through.seq || !go_on()) return reached.seq - anchor.seq;
  }
}

RetentionThread::RetentionThread(VerdictLog& log, std::uint32_t keep_days, std::string node)
    : retention_(log, keep_days, std::move(node)) {
  if (keep_days != 0) thread_ = std::thread([this] { Loop(); });
}

RetentionThread::~RetentionThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool RetentionThread::Wait(std::int64_t millis) {
  std::unique_lock lock(mutex_);
  return !stop_.wait_for(lock, std::chrono::milliseconds(millis), [this] { return stopping_; });
}

void RetentionThread::Loop() {
  while (Wait(kRetentionEverySeconds * 1000)) {
    const auto removed =
        retention_.Run(Retention::Clocks::Read(), [this] { return Wait(kRetentionPauseMillis); });
    if (!removed.ok()) {
      base::LogWarning("verdict log: retention: " + removed.error().text);
    } else if (*removed != 0) {
      base::LogInfo(base::Format("verdict log: {} old events removed", *removed));
    }
  }
}

}  // namespace lazaret::db
