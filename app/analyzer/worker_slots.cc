#include "app/analyzer/worker_slots.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/log.h"
#include "policy/analysis.h"

namespace lazaret::analyzer {
namespace {

constexpr const char* kBox = "box";

// Only the worker's own two sockets and the standard three stay open in it.
void KeepOnly(int a, int b) {
  const int low = std::min(a, b);
  const int high = std::max(a, b);
  if (low > 3) ::close_range(3, static_cast<unsigned>(low - 1), 0);
  if (high > low + 1)
    ::close_range(static_cast<unsigned>(low + 1), static_cast<unsigned>(high - 1), 0);
  ::close_range(static_cast<unsigned>(high + 1), ~0U, 0);
}

void ResetSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::string EndText(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

// A crash is told even when a kill was under way.
std::string ReasonOf(const std::string& kill_reason, int status) {
  if (kill_reason.empty()) return EndText(status);
  const bool crashed = WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
  return crashed ? EndText(status) + " (" + kill_reason + ")" : kill_reason;
}

}  // namespace

WorkerSlots::WorkerSlots(WorkerMain worker_main, SlotListener& listener, SlotOptions options)
    : worker_main_(std::move(worker_main)),
      listener_(listener),
      options_(std::move(options)),
      slots_(options_.count) {
  const int swept = process::SweepPrivateFolders(kBox, options_.box_parent);
  if (swept > 0)
    base::LogInfo("removed " + std::to_string(swept) + " folders that killed workers left");
}

void WorkerSlots::Tick() {
  for (Slot& slot : slots_) {
    if (slot.state == State::kEmpty && !stopped_ && slot.next_start.Expired()) Start(slot);
    if (slot.state != State::kEmpty && slot.deadline.Expired()) {
      slot.kill_reason = slot.state == State::kReady ? "deadline" : "not ready in time";
      slot.deadline = base::Deadline();
      ::kill(slot.pid, SIGKILL);
    }
  }
}

void WorkerSlots::Start(Slot& slot) {
  if (options_.boxes) {
    auto box = process::PrivateFolder::Make(kBox, options_.box_parent);
    if (!box.ok()) return FailToStart(slot, box.error().text);
    slot.box = std::move(box).value();
  }
  auto jobs = process::SeqpacketPair();
  auto status = process::SeqpacketPair();
  if (!jobs.ok() || !status.ok()) return FailToStart(slot, "no descriptors are left");
  const pid_t zygote = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return FailToStart(slot, base::ErrnoError("fork").text);
  if (pid == 0) {
    RunChild({std::move(jobs->second), std::move(status->second)}, slot.box.path(), zygote);
  }
  slot.state = State::kStarting;
  slot.worker = next_worker_++;
  slot.pid = pid;
  slot.jobs = std::move(jobs->first);
  slot.status = std::move(status->first);
  slot.deadline = base::Deadline::AfterMillis(options_.start_millis);
  slot.kill_reason.clear();
}

void WorkerSlots::FailToStart(Slot& slot, const std::string& reason) {
  slot.box.Remove();
  slot.next_start = base::Deadline::AfterMillis(options_.max_backoff_millis);
  listener_.OnNotReady("a worker cannot be started: " + reason);
}

void WorkerSlots::RunChild(WorkerSockets sockets, const BoxFolder& box, pid_t zygote) const {
  process::DieWithParent(zygote);
  ResetSignals();
  KeepOnly(sockets.jobs.get(), sockets.zygote.get());
  worker_main_(std::move(sockets), box);
  ::_exit(1);
}

void WorkerSlots::AddPollEntries(std::vector<pollfd>& entries) const {
  for (const Slot& slot : slots_) {
    if (slot.status.valid()) entries.push_back({slot.status.get(), POLLIN, 0});
  }
}

base::Deadline WorkerSlots::NextEvent() const {
  base::Deadline next;
  const auto consider = [&next](base::Deadline candidate) {
    if (!candidate.never() && (next.never() || candidate.monotonic() < next.monotonic()))
      next = candidate;
  };
  for (const Slot& slot : slots_) {
    if (slot.state != State::kEmpty) consider(slot.deadline);
    if (slot.state == State::kEmpty && !stopped_) consider(slot.next_start);
  }
  return next;
}

void WorkerSlots::ReadWorkers() {
  for (Slot& slot : slots_) {
    if (slot.status.valid()) HandleSpeech(slot);
  }
}

void WorkerSlots::HandleSpeech(Slot& slot) {
  auto frame = process::ReceiveFrame(slot.status.get(), base::Deadline::AfterMillis(0));
  if (!frame.ok() && frame.error().code == base::ErrorCode::kTimeout) return;
  if (!frame.ok() && frame.error().code == base::ErrorCode::kUnavailable) {
    // Closed without a word: the end comes by SIGCHLD, which says how.
    slot.status.Reset();
    return;
  }
  if (frame.ok() && frame->type == process::FrameType::kWorkerUp &&
      slot.state == State::kStarting) {
    base::ByteReader in(frame->payload);
    slot.state = State::kReady;
    slot.deadline = base::Deadline();
    slot.backoff_millis = 0;
    listener_.OnReady(slot.worker, static_cast<process::ConfineLevel>(in.U8()), slot.jobs.get());
    slot.jobs.Reset();
    return;
  }
  const bool last_words = frame.ok() && frame->type == process::FrameType::kWorkerFailed;
  slot.kill_reason = last_words ? base::ByteReader(frame->payload).String(policy::kMaxNameBytes)
                                : "said what no worker says";
  slot.status.Reset();
  ::kill(slot.pid, SIGKILL);
}

void WorkerSlots::Reap() {
  for (Slot& slot : slots_) {
    int status = 0;
    if (slot.state == State::kEmpty || ::waitpid(slot.pid, &status, WNOHANG) != slot.pid) continue;
    // The last words may still lie in the socket.
    if (slot.status.valid()) HandleSpeech(slot);
    if (slot.status.valid() && slot.state == State::kReady) HandleSpeech(slot);
    End(slot, status);
  }
}

void WorkerSlots::End(Slot& slot, int status) {
  const bool was_ready = slot.state == State::kReady;
  const bool retired =
      was_ready && slot.kill_reason.empty() && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string reason = ReasonOf(slot.kill_reason, status);
  slot.state = State::kEmpty;
  slot.pid = -1;
  slot.status.Reset();
  slot.jobs.Reset();
  slot.deadline = base::Deadline();
  slot.box.Remove();
  if (!retired && !stopped_)
    base::LogWarning("worker " + std::to_string(slot.worker) + ": " + reason);
  if (was_ready) {
    listener_.OnGone(slot.worker, reason, retired);
  } else {
    slot.backoff_millis = std::clamp(slot.backoff_millis * 2, options_.first_backoff_millis,
                                     options_.max_backoff_millis);
    if (!stopped_) listener_.OnNotReady(reason);
  }
  slot.next_start = base::Deadline::AfterMillis(slot.backoff_millis);
}

WorkerSlots::Slot* WorkerSlots::Find(std::uint32_t worker) {
  for (Slot& slot : slots_) {
    if (slot.state == State::kReady && slot.worker == worker) return &slot;
  }
  return nullptr;
}

void WorkerSlots::Arm(std::uint32_t worker, base::Deadline deadline) {
  if (Slot* slot = Find(worker)) slot->deadline = deadline;
}

void WorkerSlots::Disarm(std::uint32_t worker) { Arm(worker, base::Deadline()); }

void WorkerSlots::Kill(std::uint32_t worker, const std::string& reason) {
  Slot* slot = Find(worker);
  if (slot == nullptr) return;
  // One that has ended already ended for a reason of its own, which Reap will tell.
  siginfo_t ended{};
  if (::waitid(P_PID, static_cast<id_t>(slot->pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      ended.si_pid == slot->pid)
    return;
  slot->kill_reason = reason;
  ::kill(slot->pid, SIGKILL);
}

void WorkerSlots::StopAll() {
  stopped_ = true;
  for (Slot& slot : slots_) {
    if (slot.state != State::kEmpty) ::kill(slot.pid, SIGKILL);
  }
}

void WorkerSlots::Retire() {
  stopped_ = true;
  for (const Slot& slot : slots_) {
    if (slot.state == State::kStarting) ::kill(slot.pid, SIGKILL);
  }
}

bool WorkerSlots::Empty() const {
  return std::all_of(slots_.begin(), slots_.end(),
                     [](const Slot& slot) { return slot.state == State::kEmpty; });
}

void WorkerSlots::RemoveBoxes() {
  for (Slot& slot : slots_) {
    if (slot.state != State::kEmpty) ::waitpid(slot.pid, nullptr, 0);
    slot.box.Remove();
  }
}

}  // namespace lazaret::analyzer
