// The workers of one generation zygote: forks them, hands the ready ones on, arms deadlines, kills,
// reaps, replaces. The zygote alone does these; the front asks. One thread, driven by a poll loop.
#ifndef LAZARET_APP_ANALYZER_WORKER_SLOTS_H_
#define LAZARET_APP_ANALYZER_WORKER_SLOTS_H_

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/analyzer/worker.h"
#include "app/process/confine.h"
#include "app/process/private_folder.h"
#include "base/clock.h"
#include "base/fd.h"

namespace lazaret::analyzer {

// What happened, for the front.
class SlotListener {
 public:
  virtual ~SlotListener() = default;
  // `jobs` is lent for the call.
  virtual void OnReady(std::uint32_t worker, process::ConfineLevel level, int jobs) = 0;
  // `retired`: by itself and in order, with nothing to complain about.
  virtual void OnGone(std::uint32_t worker, const std::string& reason, bool retired) = 0;
  virtual void OnNotReady(const std::string& reason) = 0;
};

// The life of a worker: runs in the forked child and never returns.
using WorkerMain = std::function<void(WorkerSockets, const BoxFolder&)>;

struct SlotOptions {
  std::size_t count = 1;
  bool boxes = false;  // user namespaces are refused: each worker gets a folder
  std::string box_parent = process::kTemporaryFolder;
  // A worker that is not ready by then hangs: confinement and five canaries take well under a
  // second.
  std::int64_t start_millis = 60'000;
  // Between the starts of a worker that never becomes ready: stops a fork storm.
  std::int64_t first_backoff_millis = 200;
  std::int64_t max_backoff_millis = 5'000;
};

class WorkerSlots {
 public:
  // Sweeps away what a killed predecessor left in box_parent.
  WorkerSlots(WorkerMain worker_main, SlotListener& listener, SlotOptions options);

  // Forks what is missing and due; kills what is past its deadline.
  void Tick();
  // Descriptors to wait for, and until when.
  void AddPollEntries(std::vector<pollfd>& entries) const;
  base::Deadline NextEvent() const;
  // After poll: reads what workers say, starting and ready ones.
  void ReadWorkers();
  // After SIGCHLD.
  void Reap();

  void Arm(std::uint32_t worker, base::Deadline deadline);
  void Disarm(std::uint32_t worker);
  void Kill(std::uint32_t worker, const std::string& reason);
  // Kills all and forks no more until Resume: the front is gone.
  void StopAll();
  // Forks no more: ready workers end in their own time, starting ones at once.
  void Retire();
  bool Empty() const;
  // Before this process ends by _exit: its workers end with it, their folders would stay.
  void RemoveBoxes();
  void Resume() { stopped_ = false; }

 private:
  enum class State : std::uint8_t { kEmpty, kStarting, kReady };
  struct Slot {
    State state = State::kEmpty;
    std::uint32_t worker = 0;
    pid_t pid = -1;
    base::UniqueFd status;  // zygote's end; readable = the worker speaks or is gone
    base::UniqueFd jobs;    // front's end, until the worker is ready
    base::Deadline deadline;
    base::Deadline next_start = base::Deadline::AfterMillis(0);
    std::int64_t backoff_millis = 0;
    std::string kill_reason;
    process::PrivateFolder box;
  };

  void Start(Slot& slot);
  void FailToStart(Slot& slot, const std::string& reason);
  [[noreturn]] void RunChild(WorkerSockets sockets, const BoxFolder& box, pid_t zygote) const;
  void HandleSpeech(Slot& slot);
  void End(Slot& slot, int status);
  Slot* Find(std::uint32_t worker);

  const WorkerMain worker_main_;
  SlotListener& listener_;
  const SlotOptions options_;
  std::vector<Slot> slots_;
  std::uint32_t next_worker_ = 1;
  bool stopped_ = true;
};

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_WORKER_SLOTS_H_
