#include "app/judge/worker_pool.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "app/judge/could_not_look.h"
#include "app/judge/generation_codec.h"
#include "app/judge/result_check.h"
#include "app/judge/waiting_line.h"
#include "app/judge/zygote_link.h"
#include "app/process/frames.h"
#include "base/bytes.h"
#include "base/log.h"
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
constexpr std::int64_t kProgressMillis = 1'000;
// Less time than this is no time to look: a worker would only be killed over it.
constexpr std::int64_t kLeastLookMillis = 20;
// How long the accepting thread rests when no descriptor is free, instead of spinning.
constexpr int kShortageMillis = 100;
constexpr std::int64_t kSwitchMillis = 2'000;

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

LineLimits LineLimitsOf(const PoolOptions& options) {
  LineLimits limits;
  limits.messages = options.max_waiting;
  limits.bytes = options.max_waiting_bytes;
  limits.wait_millis = options.max_wait_millis;
  limits.overtake_millis = options.overtake_millis;
  return limits;
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
    case base::ErrorCode::kUnavailable:
      return Failure::kDied;
    default:
      return Failure::kBadAnswer;
  }
}

// One connected generation zygote. The socket closes when the last worker of it is gone.
struct Zygote {
  Zygote(base::UniqueFd socket, int wake) : link(std::move(socket), wake) {}
  ZygoteLink link;
  GenerationInfo info;  // not changed once `hello` is true
  bool hello = false;
  std::atomic<bool> retiring{false};
};

struct Worker {
  std::uint32_t id = 0;
  base::UniqueFd socket;
  std::shared_ptr<Zygote> zygote;
};

class Pool final : public WorkerPool {
 public:
  Pool(PoolOptions options, base::UniqueFd listener, base::UniqueFd wake)
      : options_(std::move(options)),
        listener_(std::move(listener)),
        wake_(std::move(wake)),
        line_(LineLimitsOf(options_)) {
    in_force_ = options_.bundle_sha256;
    thread_ = std::thread([this] { Serve(); });
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() override {
    stopping_ = true;
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
    ::unlink(options_.socket_path.c_str());
  }

  Outcome Run(Job job, const std::function<void()>& on_wait) override;
  base::Status WaitReady(base::Deadline deadline) override;
  PoolStatus Status() const override;
  void Expect(const std::string& bundle_sha256) override;
  void SwitchTo(const std::string& bundle_sha256) override;
  std::vector<std::string> Bundles() const override;

 private:
  // --- thread that talks to generation zygotes
  void Serve();
  void Accept();
  // False when the zygote is gone.
  bool Read(const std::shared_ptr<Zygote>& zygote);
  bool Take(const std::shared_ptr<Zygote>& zygote, Frame frame);
  void AddWorker(const std::shared_ptr<Zygote>& zygote, Frame& frame);
  void Drop(const std::shared_ptr<Zygote>& zygote);
  void Forget(const std::shared_ptr<Zygote>& zygote, std::uint32_t id);
  void RetireOthers();
  void NoteBundles();
  bool Judges(const Zygote& zygote) const;

  // --- threads that judge
  std::optional<Worker> TakeIdle(const Job& job, const std::function<void()>& on_wait,
                                 Outcome& outcome);
  void GiveBack(Worker worker);
  std::uint64_t Served(base::Nanoseconds took);
  base::Status Deliver(Worker& worker, Job& job, std::uint64_t nonce, int facts);
  base::Result<CheckedResult> Await(Worker& worker, const Job& job, std::uint64_t nonce,
                                    const std::function<void()>& on_wait);
  // `why` is empty for a worker that retires by itself.
  void Discard(const Worker& worker, const Job& job, const std::string& why);
  std::optional<Worker> Dispatch(Job& job, std::uint64_t nonce,
                                 const std::function<void()>& on_wait, Outcome& outcome);

  const PoolOptions options_;
  base::UniqueFd listener_;
  base::UniqueFd wake_;  // eventfd: to stop, or because a zygote's link keeps orders
  std::atomic<bool> stopping_{false};
  std::vector<std::shared_ptr<Zygote>> zygotes_;  // only the serving thread
  std::thread thread_;
  std::atomic<std::uint64_t> next_nonce_{1};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Worker> idle_;     // guarded by mutex_, like all below
  std::deque<Worker> standby_;  // of the generation that is expected
  std::string in_force_;        // bundle whose workers judge; empty = any
  std::string expected_;
  std::vector<std::string> bundles_;
  WaitingLine line_;
  std::uint32_t workers_ = 0;
  std::uint32_t busy_ = 0;
  std::uint64_t deaths_ = 0;
  std::uint64_t retirements_ = 0;
  GenerationInfo generation_;
  base::Nanoseconds generation_since_ = 0;
  std::string not_ready_ = "no analyzer is connected yet";
};

void Pool::Serve() {
  while (!stopping_) {
    std::vector<pollfd> entries{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& zygote : zygotes_) {
      const bool full = zygote->link.HasKept();
      entries.push_back(
          {zygote->link.fd(), static_cast<short>(full ? POLLIN | POLLOUT : POLLIN), 0});
    }
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    eventfd_t ignored = 0;
    if (entries[0].revents != 0) {
      ::eventfd_read(wake_.get(), &ignored);
      RetireOthers();
    }
    const std::vector<std::shared_ptr<Zygote>> now = zygotes_;
    for (std::size_t i = 0; i < now.size(); ++i) {
      const short happened = entries[i + 2].revents;
      if ((happened & POLLOUT) != 0) now[i]->link.SendKept();
      if ((happened & ~POLLOUT) != 0 && !Read(now[i])) Drop(now[i]);
    }
    if (entries[1].revents != 0) Accept();
  }
}

void Pool::Accept() {
  base::UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.valid()) {
    // The connection stays in the queue and would wake the poll at once.
    pollfd wake{wake_.get(), POLLIN, 0};
    ::poll(&wake, 1, kShortageMillis);
    return;
  }
  const auto peer = process::PeerOf(socket.get());
  const bool ours =
      peer.ok() && (options_.peers.empty()
                        ? peer->uid == ::geteuid()
                        : std::count(options_.peers.begin(), options_.peers.end(), peer->uid) > 0);
  if (!ours) {
    base::LogWarning("workers socket: refused a peer of another user");
    return;
  }
  zygotes_.push_back(std::make_shared<Zygote>(std::move(socket), wake_.get()));
}

bool Pool::Read(const std::shared_ptr<Zygote>& zygote) {
  auto frame = process::ReceiveFrame(zygote->link.fd(), base::Deadline::AfterMillis(0));
  if (!frame.ok()) {
    // A worker that could not be taken sees its socket close and ends; the zygote offers another.
    if (frame.error().code == base::ErrorCode::kLimit) base::LogWarning(frame.error().text);
    return frame.error().code == base::ErrorCode::kTimeout ||
           frame.error().code == base::ErrorCode::kLimit;
  }
  return Take(zygote, std::move(frame).value());
}

bool Pool::Take(const std::shared_ptr<Zygote>& zygote, Frame frame) {
  switch (frame.type) {
    case FrameType::kGenerationHello: {
      auto info = DecodeGeneration(frame.payload);
      // Once: the judging threads read it.
      if (!info.ok() || zygote->hello) return false;
      zygote->info = std::move(info).value();
      zygote->hello = true;
      RetireOthers();
      NoteBundles();
      return true;
    }
    case FrameType::kWorkerReady:
      if (!zygote->hello || frame.fds.size() != 1) return false;
      AddWorker(zygote, frame);
      return true;
    case FrameType::kWorkerGone: {
      base::ByteReader in(frame.payload);
      Forget(zygote, in.U32());
      return true;
    }
    case FrameType::kNotReady: {
      base::ByteReader in(frame.payload);
      const std::scoped_lock lock(mutex_);
      not_ready_ = in.String(policy::kMaxNameBytes);
      changed_.notify_all();
      return true;
    }
    default:
      return false;
  }
}

void Pool::AddWorker(const std::shared_ptr<Zygote>& zygote, Frame& frame) {
  base::ByteReader in(frame.payload);
  Worker worker;
  worker.id = in.U32();
  worker.socket = std::move(frame.fds[0]);
  worker.zygote = zygote;
  const std::scoped_lock lock(mutex_);
  if (!Judges(*zygote)) {
    // One of a generation that retires sees its socket close and ends.
    if (zygote->info.bundle_sha256 == expected_) standby_.push_back(std::move(worker));
    changed_.notify_all();
    return;
  }
  if (generation_.id != zygote->info.id) generation_since_ = base::MonotonicNow();
  generation_ = zygote->info;
  ++workers_;
  idle_.push_back(std::move(worker));
  changed_.notify_all();
}

void Pool::Forget(const std::shared_ptr<Zygote>& zygote, std::uint32_t id) {
  const std::scoped_lock lock(mutex_);
  const auto is_it = [&](const Worker& worker) {
    return worker.zygote == zygote && worker.id == id;
  };
  standby_.erase(std::remove_if(standby_.begin(), standby_.end(), is_it), standby_.end());
  const auto gone = std::find_if(idle_.begin(), idle_.end(), is_it);
  // A busy one is noticed by the thread that waits for its answer.
  if (gone == idle_.end()) return;
  idle_.erase(gone);
  --workers_;
}

void Pool::Drop(const std::shared_ptr<Zygote>& zygote) {
  zygotes_.erase(std::remove(zygotes_.begin(), zygotes_.end(), zygote), zygotes_.end());
  NoteBundles();
  const std::scoped_lock lock(mutex_);
  const std::size_t before = idle_.size();
  const auto is_its = [&](const Worker& worker) { return worker.zygote == zygote; };
  idle_.erase(std::remove_if(idle_.begin(), idle_.end(), is_its), idle_.end());
  standby_.erase(std::remove_if(standby_.begin(), standby_.end(), is_its), standby_.end());
  workers_ -= static_cast<std::uint32_t>(before - idle_.size());
  if (zygotes_.empty()) not_ready_ = "the analyzer is restarting";
  changed_.notify_all();
}

// Whether its workers take messages; with mutex_ held.
bool Pool::Judges(const Zygote& zygote) const {
  return !zygote.retiring && (in_force_.empty() || zygote.info.bundle_sha256 == in_force_);
}

void Pool::RetireOthers() {
  const std::scoped_lock lock(mutex_);
  for (const auto& zygote : zygotes_) {
    if (!zygote->hello || zygote->retiring || Judges(*zygote)) continue;
    if (zygote->info.bundle_sha256 == expected_) continue;
    zygote->retiring = true;
    zygote->link.Retire();
  }
}

void Pool::NoteBundles() {
  const std::scoped_lock lock(mutex_);
  bundles_.clear();
  for (const auto& zygote : zygotes_) {
    if (zygote->hello) bundles_.push_back(zygote->info.bundle_sha256);
  }
}

std::vector<std::string> Pool::Bundles() const {
  const std::scoped_lock lock(mutex_);
  return bundles_;
}

void Pool::Expect(const std::string& bundle_sha256) {
  const std::scoped_lock lock(mutex_);
  expected_ = bundle_sha256;
}

void Pool::SwitchTo(const std::string& bundle_sha256) {
  std::unique_lock lock(mutex_);
  const auto is_its = [&](const Worker& worker) {
    return worker.zygote->info.bundle_sha256 == bundle_sha256;
  };
  const auto here = [&] {
    return in_force_ == bundle_sha256 || std::any_of(standby_.begin(), standby_.end(), is_its);
  };
  changed_.wait_for(lock, std::chrono::milliseconds(kSwitchMillis), here);
  in_force_ = bundle_sha256;
  expected_.clear();
  const std::size_t before = idle_.size();
  idle_.erase(std::remove_if(idle_.begin(), idle_.end(),
                             [&](const Worker& worker) { return !Judges(*worker.zygote); }),
              idle_.end());
  workers_ -= static_cast<std::uint32_t>(before - idle_.size());
  for (Worker& worker : standby_) {
    if (!Judges(*worker.zygote)) continue;
    if (generation_.id != worker.zygote->info.id) generation_since_ = base::MonotonicNow();
    generation_ = worker.zygote->info;
    idle_.push_back(std::move(worker));
    ++workers_;
  }
  standby_.clear();
  changed_.notify_all();
  ::eventfd_write(wake_.get(), 1);
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
  base::Deadline no_worker = base::Deadline::AfterMillis(kNoWorkerPatienceMillis);
  base::Deadline progress = base::Deadline::AfterMillis(kProgressMillis);
  const base::Deadline last_start = LastStart(job);
  for (;;) {
    const bool late = last_start.Expired();
    if (!late && line_.IsFirst(entry) && !idle_.empty()) {
      line_.Remove(entry);
      Worker worker = std::move(idle_.front());
      idle_.pop_front();
      ++busy_;
      changed_.notify_all();
      return worker;
    }
    if (workers_ > 0) no_worker = base::Deadline::AfterMillis(kNoWorkerPatienceMillis);
    if (late || no_worker.Expired()) {
      outcome.failure =
          workers_ > 0 ? "no worker became free in time" : "no worker is ready: " + not_ready_;
      line_.Remove(entry);
      changed_.notify_all();
      return std::nullopt;
    }
    const base::Deadline next = Earlier(progress, Earlier(last_start, no_worker));
    changed_.wait_for(lock, std::chrono::milliseconds(next.PollMillis()));
    // By the clock: messages that end wake this one again and again.
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
    idle_.push_back(std::move(worker));
  } else {
    --workers_;
  }
  changed_.notify_all();
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
      return base::Error{base::ErrorCode::kTimeout, "worker did not answer in time"};
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
  changed_.notify_all();
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

std::uint64_t Pool::Served(base::Nanoseconds took) {
  const std::scoped_lock lock(mutex_);
  line_.Served(took);
  return static_cast<std::uint64_t>(took / 1000);
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
  outcome.worked_micros = Served(base::MonotonicNow() - taken);
  if (!result.ok()) {
    outcome.failed = true;
    outcome.kind = KindOf(result.error().code);
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

}  // namespace

base::Result<std::unique_ptr<WorkerPool>> WorkerPool::Listen(PoolOptions options) {
  LAZARET_ASSIGN(base::UniqueFd listener, process::ListenSeqpacket(options.socket_path, 0660));
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return base::ErrnoError("eventfd");
  return std::unique_ptr<WorkerPool>(
      std::make_unique<Pool>(std::move(options), std::move(listener), std::move(wake)));
}

}  // namespace lazaret::judge
