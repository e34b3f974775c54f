// Inside milter/ only. Keeps libmilter's worker pool awake.
//
// Measured with libmilter 8.17.1 as Debian builds it (worker pool): when the worker that polls for
// all sessions takes a packet itself and then blocks, on a peer that sent half a packet or in a
// long callback, it happens (about one time in five with half packets) that no other worker polls,
// and every other session waits until one of them returns. A new connection ends that, one blocked
// peer each. So this opens and closes a connection to our own socket forty times a second while
// some thread of libmilter is kept and another session could wait for it; each costs up to 300
// microseconds in all. A hundred half-open peers that come at once delay the others by seconds at
// most.
#ifndef LAZARET_MILTER_WAKER_H_
#define LAZARET_MILTER_WAKER_H_

#include <sys/socket.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

namespace lazaret::milter {

class Waker {
 public:
  Waker() = default;
  ~Waker() { Stop(); }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  // `listen` as in FilterOptions. kInvalid when it names no address. `needed` is asked before each
  // connection, on the waker's thread, until Stop returns.
  base::Status Start(const std::string& listen, std::function<bool()> needed);
  void Stop();

 private:
  void Run();
  void Touch() const;

  sockaddr_storage address_{};
  socklen_t address_bytes_ = 0;
  std::function<bool()> needed_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
};

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_WAKER_H_
