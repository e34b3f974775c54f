// One message, at most two tries. A worker that dies, hangs or answers badly may have done so by
// chance (killed for memory, a disk that filled), so the message gets one more, in another worker
// and `plain`. More tries would let one message cost any number of workers.
#ifndef LAZARET_APP_JUDGE_TWO_TRIES_H_
#define LAZARET_APP_JUDGE_TWO_TRIES_H_

#include <functional>
#include <string_view>
#include <vector>

#include "app/judge/worker_pool.h"
#include "policy/finding.h"

namespace lazaret::judge {

// Shares of the deadline D at which the tries end; what is left is for the decision and its record.
inline constexpr double kFirstTryShare = 0.55;
inline constexpr double kSecondTryShare = 0.90;
// A worker that had a message for less than this share of D before its time was over did not hang:
// the queue was long.
inline constexpr double kFairShare = 0.10;
// With less time left there is no second try: it would only cost a second worker.
inline constexpr std::int64_t kLeastSecondTryMillis = 100;

// Code of the finding (recorded only) that says that there were two tries, and why.
inline constexpr std::string_view kRetriedCode = "scan.retried";

struct TryTimes {
  base::Deadline first;
  base::Deadline second;
  std::uint64_t fair_micros = 0;
};

// For D of `deadline_seconds`, counted from `began`.
TryTimes TryTimesFrom(base::Nanoseconds began, double deadline_seconds);

struct Tried {
  Outcome outcome;
  bool twice = false;
  std::vector<policy::Finding> notes;  // what is said of it; among the outcome's findings already
  bool struck = false;  // a worker died of the message, hung over it or answered badly
};

// Blocks as WorkerPool::Run does, until `times.second` at the latest; sets the job's deadlines.
Tried RunTwice(WorkerPool& pool, Job job, const TryTimes& times,
               const std::function<void()>& on_wait);

// Whether an answer could not look for a reason that may be gone in another worker (no memory, no
// temporary space) and found nothing that decides anyway.
bool CouldNotLookForNow(const policy::Analysis& analysis);

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_TWO_TRIES_H_
