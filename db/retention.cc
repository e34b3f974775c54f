#include "db/retention.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/format.h"
#include "base/log.h"

namespace lazaret::db {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

}  // namespace

bool Retention::ClockJumped(const Clocks& clocks) {
  const std::optional<Clocks> before = std::exchange(last_run_, clocks);
  if (before) {
    const std::int64_t real = (clocks.now.micros - before->now.micros) / kMicros;
    const std::int64_t passed = (clocks.monotonic - before->monotonic) / kNanos;
    if (real > passed + kClockGainSeconds) {
      distrust_until_ = clocks.monotonic + kClockDistrustSeconds * kNanos;
      base::LogWarning(base::Format(
          "verdict log: the clock jumped {} s ahead; nothing is removed for a day", real - passed));
    }
  }
  if (distrust_until_ && clocks.monotonic >= *distrust_until_) distrust_until_.reset();
  return distrust_until_.has_value();
}

base::Result<std::uint64_t> Retention::Run(const Clocks& clocks,
                                           const std::function<bool()>& go_on) {
  if (keep_days_ == 0 || ClockJumped(clocks)) return std::uint64_t{0};
  VerdictStore& store = log_.store();
  LAZARET_ASSIGN(const ChainPosition last, store.Last());
  LAZARET_ASSIGN(const ChainPosition anchor, store.Anchor());
  const std::uint64_t written = last_seq_ == 0 ? 0 : last.seq - std::min(last.seq, last_seq_);
  last_seq_ = last.seq;
  const std::int64_t keep = static_cast<std::int64_t>(keep_days_) * kDaySeconds * kMicros;
  const base::UnixTime before{clocks.now.micros - keep};
  const base::UnixTime due{before.micros - kRetentionSlackSeconds * kMicros};
  LAZARET_ASSIGN(const ChainPosition oldest, store.OldPrefix(due, 1));
  if (oldest == anchor) return std::uint64_t{0};
  LAZARET_ASSIGN(const ChainPosition through,
                 store.OldPrefix(before, std::max(kMaxRemovedPerRun, 2 * written)));
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
    const auto removed = retention_.Run({base::RealtimeNow(), base::MonotonicNow()},
                                        [this] { return Wait(kRetentionPauseMillis); });
    if (!removed.ok()) {
      base::LogWarning("verdict log: retention: " + removed.error().text);
    } else if (*removed != 0) {
      base::LogInfo(base::Format("verdict log: {} old events removed", *removed));
    }
  }
}

}  // namespace lazaret::db
