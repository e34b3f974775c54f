// The pool's end of one connection to a generation zygote. A zygote that is stopped or hangs reads
// nothing, so sending to it never waits: what its socket does not take is kept here and goes out
// when it reads again. Of one worker only the last order is kept, so that what is kept is bounded
// by the number of its workers.
#ifndef LAZARET_APP_JUDGE_ZYGOTE_LINK_H_
#define LAZARET_APP_JUDGE_ZYGOTE_LINK_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "app/process/frames.h"
#include "base/clock.h"
#include "base/fd.h"

namespace lazaret::judge {

class ZygoteLink {
 public:
  // `wake` is an eventfd, lent: it is written when something is kept, so that the thread that polls
  // fd() also polls for room. It must outlive this.
  ZygoteLink(base::UniqueFd socket, int wake) : socket_(std::move(socket)), wake_(wake) {}

  int fd() const { return socket_.get(); }

  // Orders to the zygote about one of its workers. Any thread; never wait, cannot fail: a zygote
  // that is gone has no workers left.
  void Arm(std::uint32_t worker, const process::Uid& uid, base::Deadline deadline);
  void Disarm(std::uint32_t worker, const process::Uid& uid);
  void Kill(std::uint32_t worker, const process::Uid& uid, const std::string& reason);
  // To the zygote itself: it forks no worker any more and ends with its last one.
  void Retire();

  bool HasKept() const;
  // After fd() became writable.
  void SendKept();

 private:
  struct Order {
    std::uint32_t worker = 0;
    process::Frame frame;
  };
  void Give(std::uint32_t worker, process::Frame frame);
  bool SendOrDrop(const process::Frame& frame);

  const base::UniqueFd socket_;
  const int wake_;
  mutable std::mutex mutex_;
  std::deque<Order> kept_;  // guarded by mutex_
};

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_ZYGOTE_LINK_H_
