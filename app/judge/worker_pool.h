// The side of the analyzer that front and `lazaret scan` share: takes ready workers from a
// generation zygote, gives each one message at a time, and turns whatever comes back into an
// Analysis. A worker that dies, hangs or answers badly becomes an Analysis of class error
// (policy::AnalysisForFailure); nothing a worker does can make it clean.
#ifndef LAZARET_APP_JUDGE_WORKER_POOL_H_
#define LAZARET_APP_JUDGE_WORKER_POOL_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "policy/analysis.h"

namespace lazaret::judge {

struct PoolOptions {
  std::string socket_path;      // named socket the generation zygote connects to
  std::vector<unsigned> peers;  // uids that may connect; empty = our own only
  std::size_t max_message_bytes = 256U << 20;
  // What may wait for a worker, in messages and in their bytes; above either the answer is at once.
  // They stop a flood from filling a queue that can only end in timeouts, and its messages from
  // filling memory. One message alone may always wait.
  std::size_t max_waiting = 256;
  std::uint64_t max_waiting_bytes = 256U << 20;
  std::int64_t max_wait_millis = 0;       // LineLimits::wait_millis
  std::int64_t overtake_millis = 12'000;  // LineLimits::overtake_millis
  // Whose workers are taken, until SwitchTo: those of the first generation with this bundle, and of
  // another one with it only when that one is gone. Empty = those of any generation.
  std::string bundle_sha256;
};

struct GenerationInfo {
  std::string id;                    // 64 hex digits
  std::string bundle_sha256;         // 64 hex digits: rules, lists, policy
  std::string engine;                // "libclamav 1.4.6, 4680002 signatures, built-in only"
  std::int64_t signatures_time = 0;  // newest signature file, seconds since 1970, 0 unknown
  std::string confinement;           // "namespace"
};

struct Job {
  int message_fd = -1;  // sealed memory file or read-only descriptor of an unlinked file
  std::uint64_t message_bytes = 0;
  policy::JobFacts facts;
  std::array<std::uint8_t, 16> uid{};
  base::Deadline deadline;  // the zygote kills the worker then
  // An earlier end for the worker that gets the message before it, so that time is left for a
  // second try; the queue is waited in until `deadline`.
  base::Deadline first_deadline;
  // Not 0: it came in then, and waits for its second try, for which no bound of the queue counts.
  base::Nanoseconds arrived = 0;
};

// How a message came to have no answer.
enum class Failure : std::uint8_t {
  kNone = 0,
  kNotTaken = 1,   // no worker had it
  kHere = 2,       // a shortage on this side; the worker is well
  kDied = 3,       // of the worker that had it, alone
  kHung = 4,       // until the deadline, when the zygote ended it
  kBadAnswer = 5,  // nothing it says is believed
  kBusy = 6,       // it may not even wait: the queue is full, or too slow
  kStalled = 7,    // the analyzer as a whole stands still, or ended with its worker
};

struct Outcome {
  policy::Analysis analysis;
  GenerationInfo generation;  // empty id when no worker took the message
  bool failed = false;        // analysis is AnalysisForFailure(failure)
  std::string failure;
  Failure kind = Failure::kNone;
  std::uint64_t cpu_micros = 0;
  std::uint64_t waited_micros = 0;  // in the queue
  std::uint64_t worked_micros = 0;  // from the hand-over to a worker to the answer or its end
};

struct PoolStatus {
  bool ready = false;  // at least one worker can take mail
  std::string not_ready_reason;
  GenerationInfo generation;
  base::Nanoseconds generation_since = 0;  // on CLOCK_MONOTONIC, when its first worker was ready
  std::uint32_t workers = 0;
  std::uint32_t busy = 0;
  std::uint32_t waiting = 0;
  std::uint64_t waiting_bytes = 0;
  std::uint64_t worker_deaths = 0;
  std::uint64_t worker_retirements = 0;  // recycled in order
  std::int64_t service_micros = 0;       // what a look takes, a moving average
};

class WorkerPool {
 public:
  // Listens and starts one thread that talks to generation zygotes.
  static base::Result<std::unique_ptr<WorkerPool>> Listen(PoolOptions options);
  virtual ~WorkerPool() = default;

  // Blocks the calling thread until an answer or the deadline (never later than deadline + 0.5 s).
  // `on_wait` is called about once a second meanwhile (milter progress). Thread-safe.
  virtual Outcome Run(Job job, const std::function<void()>& on_wait) = 0;

  // Blocks until a worker is ready, or gives the reason why none is. For start-up and lazaret scan.
  virtual base::Status WaitReady(base::Deadline deadline) = 0;

  virtual PoolStatus Status() const = 0;

  // Workers of another generation with this bundle may stand by while those in force still judge:
  // the bundle may be another one, or the same with other signatures. Any further generation is
  // told to retire. Empty: none is expected.
  virtual void Expect(const std::string& /*bundle_sha256*/) {}
  // From now on workers of this bundle and this generation take the messages; all other generations
  // retire, after the messages they have. Waits up to two seconds for the first worker standing by,
  // so that no moment is without one. An empty `id` means whatever generation of the bundle stands
  // by; with the bundle in force it means that what is in force stays.
  virtual void SwitchTo(const std::string& /*bundle_sha256*/, const std::string& /*id*/) {}
  // Bundles of the generations that are connected.
  virtual std::vector<std::string> Bundles() const { return {}; }
};

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_WORKER_POOL_H_
