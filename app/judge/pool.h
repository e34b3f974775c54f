// The worker pool's inside: one thread that talks to the generation zygotes (pool_zygotes.cc), and
// the threads that judge (worker_pool.cc). Only those two files include it.
#ifndef LAZARET_APP_JUDGE_POOL_H_
#define LAZARET_APP_JUDGE_POOL_H_

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "app/judge/result_check.h"
#include "app/judge/waiting_line.h"
#include "app/judge/worker_pool.h"
#include "app/judge/zygote_link.h"
#include "app/process/frames.h"

namespace lazaret::judge {

// One connected generation zygote. The socket closes when the last worker of it is gone.
struct Zygote {
  Zygote(base::UniqueFd socket, int wake) : link(std::move(socket), wake) {}
  ZygoteLink link;
  GenerationInfo info;  // not changed once `hello` is true
  std::set<std::uint32_t>
      ended;          // workers it saw end, until Outlived asks; guarded by Pool::mutex_
  bool gone = false;  // guarded by Pool::mutex_
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
  Pool(PoolOptions options, base::UniqueFd listener, base::UniqueFd wake);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() override;

  Outcome Run(Job job, const std::function<void()>& on_wait) override;
  base::Status WaitReady(base::Deadline deadline) override;
  PoolStatus Status() const override;
  void Expect(const std::string& bundle_sha256) override;
  void SwitchTo(const std::string& bundle_sha256, const std::string& id) override;
  std::vector<std::string> Bundles() const override;

 private:
  // --- thread that talks to generation zygotes
  void Serve();
  void Accept();
  // False when the zygote is gone.
  bool Read(const std::shared_ptr<Zygote>& zygote);
  bool Take(const std::shared_ptr<Zygote>& zygote, process::Frame frame);
  void AddWorker(const std::shared_ptr<Zygote>& zygote, process::Frame& frame);
  void Drop(const std::shared_ptr<Zygote>& zygote);
  void Forget(const std::shared_ptr<Zygote>& zygote, std::uint32_t id);
  void NoteInForce(const GenerationInfo& hello);
  void RetireOthers();
  void NoteBundles();
  bool Judges(const Zygote& zygote) const;
  bool StandsBy(const Zygote& zygote) const;

  // --- threads that judge
  std::optional<Worker> TakeIdle(const Job& job, const std::function<void()>& on_wait,
                                 Outcome& outcome);
  // Whoever is next in the line, and nobody else: with many waiting, waking all for each worker
  // that comes free costs more than handing the message over. With mutex_ held.
  void WakeFirst();
  void LeaveLine(const WaitingLine::Entry& entry);
  void GiveBack(Worker worker);
  void Served(base::Nanoseconds took);
  bool Outlived(const Worker& worker);
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
  std::condition_variable changed_;  // for those that wait for a state, not for a worker
  std::deque<Worker> idle_;          // guarded by mutex_, like all below
  std::deque<Worker> standby_;       // of the generation that is expected
  std::string in_force_;             // bundle whose workers judge; empty = any
  std::string in_force_id_;          // its generation; empty until the first of that bundle is here
  std::string expected_;
  std::vector<std::string> bundles_;
  WaitingLine line_;
  std::map<std::uint64_t, std::condition_variable> turns_;  // of those in the line, by ticket
  std::uint32_t workers_ = 0;
  std::uint32_t busy_ = 0;
  std::uint64_t deaths_ = 0;
  std::uint64_t retirements_ = 0;
  GenerationInfo generation_;
  base::Nanoseconds generation_since_ = 0;
  std::string not_ready_ = "no analyzer is connected yet";
};

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_POOL_H_
