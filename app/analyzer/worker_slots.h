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
#include "base/clock.h"
#include "base/fd.h"

namespace lazaret::analyzer {

// What happened, for the front.
class SlotListener {
 public:
  virtual ~SlotListener() = default;
  // `jobs` is lent for the call.
  virtual void OnReady(std::uint32_t worker, process::ConfineLevel level, int jobs) = 0;
  virtual void OnGone(std::uint32_t worker, const std::string& reason) = 0;
  virtual void OnNotReady(const std::string& reason) = 0;
};

class WorkerSlots {
 public:
  WorkerSlots(const Generation& generation, SlotListener& listener, std::size_t count);

  // Forks what is missing and due; kills what is past its deadline.
  void Tick();
  // Descriptors to wait for, and until when.
  void AddPollEntries(std::vector<pollfd>& entries) const;
  base::Deadline NextEvent() const;
  // After poll: reads what starting workers say.
  void ReadStarting();
  // After SIGCHLD.
  void Reap();

  void Arm(std::uint32_t worker, base::Deadline deadline);
  void Disarm(std::uint32_t worker);
  void Kill(std::uint32_t worker, const std::string& reason);
  // Kills all and forks no more until Resume: the front is gone.
  void StopAll();
  // Before this process ends: its workers end with it, their folders would stay.
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
    BoxFolder box;
  };

  void Start(Slot& slot);
  void HandleSpeech(Slot& slot);
  void End(Slot& slot, int status);
  Slot* Find(std::uint32_t worker);

  const Generation& generation_;
  SlotListener& listener_;
  std::vector<Slot> slots_;
  const bool boxes_;  // user namespaces are refused: each worker gets a folder
  std::uint32_t next_worker_ = 1;
  bool stopped_ = true;
};

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_WORKER_SLOTS_H_
