// The generation zygotes of one engine zygote: the one in force, which is started again when it
// dies; while a reload is under way a candidate beside it; and those that retire. One thread,
// driven by a poll loop.
#ifndef LAZARET_APP_ANALYZER_GENERATION_RUNS_H_
#define LAZARET_APP_ANALYZER_GENERATION_RUNS_H_

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/process/frames.h"
#include "base/clock.h"
#include "base/fd.h"

namespace lazaret::analyzer {

class GenerationRuns {
 public:
  using Bundle = std::shared_ptr<const config::GenerationBundle>;
  // The life of a generation zygote: runs in the forked child and never returns. The descriptor is
  // its end of the pipe to this process.
  using Main = std::function<void(const config::GenerationBundle&, base::UniqueFd)>;

  struct Events {
    // Of the generation in force.
    std::function<void()> ready;
    std::function<void(const std::string& reason)> not_ready;
    // All its workers have been ready (its generation id).
    std::function<void(const std::string& id)> all_ready;
    // The candidate's workers are all ready (its generation id), or it is given up (why).
    std::function<void(bool ok, const std::string& text)> candidate;
  };

  GenerationRuns(Main main, Events events, Bundle bundle);

  // Starts the generation in force when it is missing and due.
  void StartDue();
  base::Deadline NextStart() const;
  // One at a time; an older candidate is given up.
  void StartCandidate(Bundle bundle);
  // The candidate's bundle: it is the one in force from now on, and the one before is left to
  // retire. Any other: the candidate is given up.
  void PutInForce(const std::string& bundle_sha256);

  // Another engine zygote is in force: the front tells the generation here to retire, and it is not
  // started again.
  void Leave();
  // After Leave: none is left.
  bool HasLeft() const { return left_ && leaving_.empty(); }

  void AddPollEntries(std::vector<pollfd>& entries) const;
  void Read();
  // After SIGCHLD. The exit code to leave with when the first generation is wrong, else -1.
  int Reap();
  // All pipes close; true when no process is left.
  bool Stop();

  pid_t current_pid() const { return current_.pid; }
  std::uint64_t worker_ends() const { return worker_ends_; }
  const std::string& last_worker_end() const { return last_worker_end_; }

 private:
  struct Run {
    pid_t pid = -1;
    base::UniqueFd pipe;
    Bundle bundle;
  };

  bool Start(Run& run);
  void Read(Run& run);
  void Take(const Run& run, const process::Frame& frame);
  bool HasEnded(Run& run, int& status);
  void GiveUpCandidate(const std::string& why);

  const Main main_;
  const Events events_;
  Run current_;
  Run candidate_;
  std::list<Run> leaving_;
  bool left_ = false;
  bool ever_ready_ = false;
  std::int64_t backoff_millis_ = 0;
  base::Deadline next_start_ = base::Deadline::AfterMillis(0);
  std::string candidate_reason_;   // its last complaint
  std::uint64_t worker_ends_ = 0;  // without those that retired in order
  std::string last_worker_end_;
};

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_GENERATION_RUNS_H_
