#include "app/analyzer/worker_slots.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/log.h"
#include "policy/analysis.h"

namespace lazaret::analyzer {
namespace {

// A worker that is not ready by then hangs: confinement and five canaries take well under a second.
constexpr std::int64_t kStartMillis = 60'000;
constexpr std::int64_t kFirstBackoffMillis = 200;
constexpr std::int64_t kMaxBackoffMillis = 5'000;

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

BoxFolder MakeBox() {
  char name[] = "/tmp/lazaret-box-XXXXXX";
  return ::mkdtemp(name) != nullptr ? BoxFolder(name) : BoxFolder();
}

// Left by a worker that is gone; nothing in it follows a link out.
void RemoveBox(BoxFolder& box) {
  std::error_code ignored;
  if (!box.empty()) std::filesystem::remove_all(box, ignored);
  box.clear();
}

std::string EndText(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

WorkerSlots::WorkerSlots(const Generation& generation, SlotListener& listener, std::size_t count)
    : generation_(generation),
      listener_(listener),
      slots_(count),
      boxes_(!process::UserNamespacesWork()) {}

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
  if (boxes_) slot.box = MakeBox();
  auto jobs = process::SeqpacketPair();
  auto status = process::SeqpacketPair();
  const pid_t zygote = ::getpid();
  const pid_t pid = jobs.ok() && status.ok() ? ::fork() : -1;
  if (pid < 0) {
    slot.next_start = base::Deadline::AfterMillis(kMaxBackoffMillis);
    listener_.OnNotReady("a worker cannot be started: out of processes or descriptors");
    return;
  }
  if (pid == 0) {
    process::DieWithParent(zygote);
    ResetSignals();
    WorkerSockets sockets{std::move(jobs->second), std::move(status->second)};
    KeepOnly(sockets.jobs.get(), sockets.zygote.get());
    RunWorker(generation_, std::move(sockets), slot.box);
  }
  slot.state = State::kStarting;
  slot.worker = next_worker_++;
  slot.pid = pid;
  slot.jobs = std::move(jobs->first);
  slot.status = std::move(status->first);
  slot.deadline = base::Deadline::AfterMillis(kStartMillis);
  slot.kill_reason.clear();
}

void WorkerSlots::AddPollEntries(std::vector<pollfd>& entries) const {
  for (const Slot& slot : slots_) {
    if (slot.state == State::kStarting) entries.push_back({slot.status.get(), POLLIN, 0});
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

void WorkerSlots::ReadStarting() {
  for (Slot& slot : slots_) {
    if (slot.state == State::kStarting) HandleSpeech(slot);
  }
}

void WorkerSlots::HandleSpeech(Slot& slot) {
  auto frame = process::ReceiveFrame(slot.status.get(), base::Deadline::AfterMillis(0));
  if (!frame.ok()) {
    // Closed without a word: the end comes by SIGCHLD, which says how.
    if (frame.error().code == base::ErrorCode::kUnavailable) slot.status.Reset();
    return;
  }
  base::ByteReader in(frame->payload);
  if (frame->type == process::FrameType::kWorkerUp) {
    slot.state = State::kReady;
    slot.deadline = base::Deadline();
    slot.backoff_millis = 0;
    listener_.OnReady(slot.worker, static_cast<process::ConfineLevel>(in.U8()), slot.jobs.get());
    slot.jobs.Reset();
  } else {
    slot.kill_reason = in.String(policy::kMaxNameBytes);
    ::kill(slot.pid, SIGKILL);
  }
}

void WorkerSlots::Reap() {
  for (Slot& slot : slots_) {
    int status = 0;
    if (slot.state == State::kEmpty || ::waitpid(slot.pid, &status, WNOHANG) != slot.pid) continue;
    // The last words may still lie in the socket.
    if (slot.state == State::kStarting && slot.status.valid()) HandleSpeech(slot);
    End(slot, status);
  }
}

void WorkerSlots::End(Slot& slot, int status) {
  const bool was_ready = slot.state == State::kReady;
  const bool retired = was_ready && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  const std::string reason = slot.kill_reason.empty() ? EndText(status) : slot.kill_reason;
  slot.state = State::kEmpty;
  slot.pid = -1;
  slot.status.Reset();
  slot.jobs.Reset();
  slot.deadline = base::Deadline();
  RemoveBox(slot.box);
  if (!retired && !stopped_)
    base::LogWarning("worker " + std::to_string(slot.worker) + ": " + reason);
  if (was_ready) {
    listener_.OnGone(slot.worker, reason);
  } else {
    slot.backoff_millis =
        std::clamp(slot.backoff_millis * 2, kFirstBackoffMillis, kMaxBackoffMillis);
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
  slot->kill_reason = reason;
  ::kill(slot->pid, SIGKILL);
}

void WorkerSlots::StopAll() {
  stopped_ = true;
  for (Slot& slot : slots_) {
    if (slot.state != State::kEmpty) ::kill(slot.pid, SIGKILL);
  }
}

void WorkerSlots::RemoveBoxes() {
  for (Slot& slot : slots_) {
    if (slot.state != State::kEmpty) ::waitpid(slot.pid, nullptr, 0);
    RemoveBox(slot.box);
  }
}

}  // namespace lazaret::analyzer
