#include "app/judge/worker_pool.h"

#include <algorithm>
#include <chrono>

#include "app/judge/could_not_look.h"
#include "app/judge/pool.h"
#include "base/bytes.h"
#include "policy/decide.h"

namespace lazaret::judge {
namespace {

using process::Frame;
using process::FrameType;

// While no worker exists at all a message waits this long for one (a replacement is ready in well
// under a second), then the sender is asked to come again.
constexpr std::int64_t kNoWorkerPatienceMillis = 5'000;
// After the deadline the zygote has killed the worker and its socket closes; this much grace covers
// it.
constexpr std::int64_t kKillGraceMillis = 400;
// A zygote says at once that a worker ended; one that does not say it by then is in trouble itself.
constexpr std::int64_t kEndMillis = 400;
constexpr std::int64_t kProgressMillis = 1'000;
// Less time than this is no time to look: a worker would only be killed over it.
constexpr std::int64_t kLeastLookMillis = 20;
base::Deadline Earlier(base::Deadline a, base::Deadline b) {
  return a.monotonic() < b.monotonic() ? a : b;
}

// When a message may still be handed to a worker.
base::Deadline LastStart(const Job& job) {
  return job.deadline.never()
             ? job.deadline
             : base::Deadline::At(job.deadline.monotonic() - kLeastLookMillis * 1'000'000);
}

// What the worker is told: the time left, and never more than the job allows.
std::uint32_t BudgetMillis(const Job& job) {
  if (job.deadline.never()) return job.facts.budget_millis;
  const auto left =
      static_cast<std::uint32_t>(std::max<std::int64_t>(0, job.deadline.PollMillis()));
  return job.facts.budget_millis == 0 ? left : std::min(left, job.facts.budget_millis);
}

// When the try that begins now ends.
base::Deadline EndOfTry(const Job& job) {
  return job.first_deadline.never() || job.first_deadline.PollMillis() <= kLeastLookMillis
             ? job.deadline
             : Earlier(job.first_deadline, job.deadline);
}

Failure KindOf(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kLimit:
      return Failure::kHere;
    case base::ErrorCode::kTimeout:
      return Failure::kHung;
    case base::ErrorCode::kInternal:
      return Failure::kStalled;
    case base::ErrorCode::kUnavailable:
      return Failure::kDied;
    default:
      return Failure::kBadAnswer;
  }
}

}  // namespace

void Pool::WakeFirst() {
  if (!idle_.empty() && line_.size() > 0) turns_.at(line_.FirstTicket()).notify_one();
}

void Pool::LeaveLine(const WaitingLine::Entry& entry) {
  line_.Remove(entry);
  turns_.erase(entry.ticket);
  WakeFirst();
}

std::optional<Worker> Pool::TakeIdle(const Job& job, const std::function<void()>& on_wait,
                                     Outcome& outcome) {
  std::unique_lock lock(mutex_);
  const WaitingLine::Entry entry =
      line_.NewEntry(job.arrived != 0 ? job.arrived : base::MonotonicNow(), job.message_bytes);
  if (job.arrived == 0) outcome.failure = line_.WhyNot(entry, workers_);
  if (!outcome.failure.empty()) {
    outcome.kind = Failure::kBusy;
    return std::nullopt;
  }
  line_.Add(entry);
  std::condition_variable& turn = turns_[entry.ticket];
  base::Deadline no_worker = base::Deadline::AfterMillis(kNoWorkerPatienceMillis);
  base::Deadline progress = base::Deadline::AfterMillis(kProgressMillis);
  const base::Deadline last_start = LastStart(job);
  for (;;) {
    const bool late = last_start.Expired();
    if (!late && line_.IsFirst(entry) && !idle_.empty()) {
      Worker worker = std::move(idle_.front());
      idle_.pop_front();
      ++busy_;
      LeaveLine(entry);
      return worker;
    }
    if (workers_ > 0) no_worker = base::Deadline::AfterMillis(kNoWorkerPatienceMillis);
    if (late || no_worker.Expired()) {
      outcome.failure =
          workers_ > 0 ? "no worker became free in time" : "no worker is ready: " + not_ready_;
      LeaveLine(entry);
      return std::nullopt;
    }
    const base::Deadline next = Earlier(progress, Earlier(last_start, no_worker));
    turn.wait_for(lock, std::chrono::milliseconds(next.PollMillis()));
    if (!progress.Expired()) continue;
    lock.unlock();
    on_wait();
    lock.lock();
    progress = base::Deadline::AfterMillis(kProgressMillis);
  }
}

void Pool::GiveBack(Worker worker) {
  const std::scoped_lock lock(mutex_);
  --busy_;
  if (Judges(*worker.zygote)) {
    // The one that worked last goes first: the message meets warm caches.
    idle_.push_front(std::move(worker));
  } else {
    --workers_;
  }
  WakeFirst();
}

// Arms the deadline and hands the job over. An error means the worker never got it: kUnavailable
// that it is dead, anything else that the fault is on this side.
base::Status Pool::Deliver(Worker& worker, Job& job, std::uint64_t nonce, int facts) {
  job.facts.budget_millis = BudgetMillis(job);
  base::Status written = base::WriteAll(facts, policy::EncodeFacts(job.facts));
  if (written.ok()) written = base::SealMemfd(facts);
  if (!written.ok()) return base::Error{base::ErrorCode::kInternal, written.error().text};
  worker.zygote->link.Arm(worker.id, job.uid, job.deadline);
  Frame ask;
  ask.type = FrameType::kJob;
  ask.uid = job.uid;
  ask.nonce = nonce;
  base::ByteWriter size;
  size.U64(job.message_bytes);
  ask.payload = size.Take();
  base::Status sent = process::TrySendFrame(worker.socket.get(), ask, {job.message_fd, facts});
  // An idle worker has read all that was sent to it; one that has not is no worker any more.
  if (!sent.ok() && sent.error().code == base::ErrorCode::kTimeout)
    return base::Error{base::ErrorCode::kUnavailable, sent.error().text};
  return sent;
}

base::Result<CheckedResult> Pool::Await(Worker& worker, const Job& job, std::uint64_t nonce,
                                        const std::function<void()>& on_wait) {
  const base::Deadline last =
      job.deadline.never()
          ? job.deadline
          : base::Deadline::At(job.deadline.monotonic() + kKillGraceMillis * 1'000'000);
  for (;;) {
    const std::int64_t slice =
        last.never() ? kProgressMillis : std::min<std::int64_t>(kProgressMillis, last.PollMillis());
    auto frame = process::ReceiveFrame(worker.socket.get(), base::Deadline::AfterMillis(slice));
    if (frame.ok()) return CheckResult(*frame, job.uid, nonce);
    if (frame.error().code == base::ErrorCode::kUnavailable) {
      const bool late = job.deadline.Expired();
      return base::Error{late ? base::ErrorCode::kTimeout : base::ErrorCode::kUnavailable,
                         late ? "worker was stopped at the deadline" : "worker died"};
    }
    if (frame.error().code != base::ErrorCode::kTimeout) return std::move(frame).error();
    if (last.Expired()) {
      return base::Error{base::ErrorCode::kInternal, "worker did not answer in time"};
    }
    on_wait();
  }
}

// The worker takes no further message: it retires, or its word is not trusted any more.
void Pool::Discard(const Worker& worker, const Job& job, const std::string& why) {
  if (!why.empty()) worker.zygote->link.Kill(worker.id, job.uid, why);
  const std::scoped_lock lock(mutex_);
  --busy_;
  --workers_;
  ++(why.empty() ? retirements_ : deaths_);
}

// A worker that has the job. One that died idle never saw it, so the next one may have it. The
// facts' descriptor is there before a worker is taken: a shortage of them must cost no worker.
std::optional<Worker> Pool::Dispatch(Job& job, std::uint64_t nonce,
                                     const std::function<void()>& on_wait, Outcome& outcome) {
  outcome.kind = Failure::kNotTaken;
  const base::Deadline last = job.deadline;
  for (;;) {
    job.deadline = last;
    auto facts = base::NewMemfd("lazaret-facts");
    if (!facts.ok()) {
      outcome.failure = facts.error().text;
      return std::nullopt;
    }
    std::optional<Worker> worker = TakeIdle(job, on_wait, outcome);
    if (!worker) return worker;
    job.deadline = EndOfTry(job);
    const base::Status delivered = Deliver(*worker, job, nonce, facts->get());
    if (delivered.ok()) return worker;
    if (delivered.error().code == base::ErrorCode::kUnavailable) {
      Discard(*worker, job, "died idle");
      continue;
    }
    outcome.failure = "the message could not be handed to a worker: " + delivered.error().text;
    worker->zygote->link.Disarm(worker->id, job.uid);
    GiveBack(std::move(*worker));
    return std::nullopt;
  }
}

// Only looks that ended in an answer: what one message cost by hanging says nothing of the next.
void Pool::Served(base::Nanoseconds took) {
  const std::scoped_lock lock(mutex_);
  line_.Served(took);
}

// Whether the zygote is there and saw the worker end. One that died takes all its workers with it,
// whatever their messages are.
bool Pool::Outlived(const Worker& worker) {
  std::unique_lock lock(mutex_);
  Zygote& zygote = *worker.zygote;
  const auto known = [&] { return zygote.gone || zygote.ended.count(worker.id) > 0; };
  changed_.wait_for(lock, std::chrono::milliseconds(kEndMillis), known);
  return zygote.ended.erase(worker.id) > 0;
}

Outcome Pool::Run(Job job, const std::function<void()>& on_wait) {
  Outcome outcome;
  const base::Nanoseconds start = base::MonotonicNow();
  const std::uint64_t nonce = next_nonce_.fetch_add(1);
  std::optional<Worker> worker = Dispatch(job, nonce, on_wait, outcome);
  outcome.waited_micros = static_cast<std::uint64_t>((base::MonotonicNow() - start) / 1000);
  if (!worker) {
    outcome.failed = true;
    outcome.analysis = policy::AnalysisForFailure(outcome.failure);
    return outcome;
  }
  outcome.kind = Failure::kNone;
  const base::Nanoseconds taken = base::MonotonicNow();
  outcome.generation = worker->zygote->info;
  auto result = Await(*worker, job, nonce, on_wait);
  const base::Nanoseconds took = base::MonotonicNow() - taken;
  outcome.worked_micros = static_cast<std::uint64_t>(took / 1000);
  if (!result.ok()) {
    outcome.failed = true;
    outcome.kind = KindOf(result.error().code);
    if (outcome.kind == Failure::kDied && !Outlived(*worker)) outcome.kind = Failure::kStalled;
    outcome.failure = result.error().text;
    outcome.analysis = policy::AnalysisForFailure(outcome.failure);
    // The worker has answered; it was here that the answer found no descriptor.
    if (outcome.kind == Failure::kHere) {
      worker->zygote->link.Disarm(worker->id, job.uid);
      GiveBack(std::move(*worker));
    } else {
      Discard(*worker, job, outcome.failure);
    }
    return outcome;
  }
  worker->zygote->link.Disarm(worker->id, job.uid);
  Served(took);
  outcome.analysis = std::move(result->analysis);
  outcome.cpu_micros = result->cpu_micros;
  if (result->retiring) {
    Discard(*worker, job, "");
  } else if (CouldNotLook(outcome.analysis)) {
    Discard(*worker, job, "could not look and did not retire");
  } else {
    GiveBack(std::move(*worker));
  }
  return outcome;
}

base::Status Pool::WaitReady(base::Deadline deadline) {
  std::unique_lock lock(mutex_);
  while (workers_ == 0) {
    if (deadline.Expired()) return base::Error{base::ErrorCode::kUnavailable, not_ready_};
    const int millis = deadline.never() ? 1000 : std::min(1000, deadline.PollMillis());
    changed_.wait_for(lock, std::chrono::milliseconds(millis));
  }
  return base::Ok();
}

PoolStatus Pool::Status() const {
  const std::scoped_lock lock(mutex_);
  PoolStatus status;
  status.ready = workers_ > 0;
  if (!status.ready) status.not_ready_reason = not_ready_;
  status.generation = generation_;
  status.generation_since = generation_since_;
  status.workers = workers_;
  status.busy = busy_;
  status.waiting = static_cast<std::uint32_t>(line_.size());
  status.waiting_bytes = line_.bytes();
  status.service_micros = line_.ServiceMicros();
  status.worker_deaths = deaths_;
  status.worker_retirements = retirements_;
  return status;
}

}  // namespace lazaret::judge
