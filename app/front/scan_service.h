// Judges files for `lazaret scan --daemon` with the daemon's own workers: a named socket on which
// one connection carries one message. Nothing is decided or recorded here: the caller gets the
// analysis, exactly as a worker gave it, and the generation that made it. Who may write to the
// socket (the front's user, its group, root) may ask; mail goes first in that only a few such
// messages are at work at a time. docs/formats.md, "Frames".
#ifndef LAZARET_APP_FRONT_SCAN_SERVICE_H_
#define LAZARET_APP_FRONT_SCAN_SERVICE_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

#include "app/judge/worker_pool.h"
#include "app/process/frames.h"
#include "base/fd.h"
#include "base/result.h"

namespace lazaret::front {

struct ScanServiceOptions {
  std::string socket_path;
  std::uint64_t message_bytes = 100U << 20;
  std::uint32_t budget_millis = 108'000;  // for one message, its time in the queue included
  std::uint32_t at_once = 1;              // stops scans from taking every worker from mail
};

class ScanService {
 public:
  // `pool` is lent and outlives the service. The service is never destroyed: its threads, which
  // have all signals of the caller's mask, are not joined.
  static base::Status Start(ScanServiceOptions options, judge::WorkerPool& pool);

 private:
  ScanService(ScanServiceOptions options, judge::WorkerPool& pool, base::UniqueFd listener)
      : options_(std::move(options)), pool_(pool), listener_(std::move(listener)) {}
  [[noreturn]] void AcceptAll();
  void Serve(int client);
  base::Status ServeOne(int client);
  base::Result<judge::Job> ReadJob(const process::Frame& frame) const;

  const ScanServiceOptions options_;
  judge::WorkerPool& pool_;
  base::UniqueFd listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint32_t running_ = 0;
};

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_SCAN_SERVICE_H_
