// Inside milter/ only. Keeps peers that connect and do not speak away from libmilter, which holds a
// thread for each until the idle time is over. libmilter calls accept(2) through the dynamic
// linker; this library defines accept, and on the thread that serves it hands on only connections
// whose first packet (4-byte length, then that many bytes) has arrived whole. Nothing is consumed.
// Peers that closed are handed on too: libmilter sees the end at once, and the waker needs it.
// When descriptors run short new connections are closed at once, so that the messages of the
// sessions that are open find theirs (three for each message at its end); nothing spins.
// docs/decisions/003-accept-gate.md.
#ifndef LAZARET_MILTER_ACCEPT_GATE_H_
#define LAZARET_MILTER_ACCEPT_GATE_H_

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <atomic>
#include <map>

#include "base/clock.h"
#include "base/fd.h"
#include "milter/filter_core.h"

namespace lazaret::milter {

// All members but HasWaiting are for the thread that serves. The core must outlive the gate.
class AcceptGate {
 public:
  explicit AcceptGate(FilterCore& core) : core_(core) {}

  // From now on this thread's accept(2) goes through the gate. Once a process.
  void Install();
  bool OnItsThread() const { return pthread_equal(thread_, pthread_self()) != 0; }
  // As accept(2). EINTR when nothing waits any more or the filter is stopping.
  int Accept(int listener, sockaddr* address, socklen_t* length);
  // Peers are held back while libmilter itself waits for the next one: it has to call Accept, which
  // looks after them. From any thread.
  bool HasWaiting() const { return has_waiting_; }
  // Accept was left by an exception: nobody knows.
  void MayHaveWaiting() { has_waiting_ = true; }

 private:
  struct Peer {
    base::UniqueFd fd;
    base::Nanoseconds closes = 0;
    sockaddr_storage address{};
    socklen_t length = 0;
  };

  void Watch(int listener);
  void CloseOldest();
  void KeepLimit();
  bool IsShort(int fd) const { return fd >= most_descriptor_; }
  void RefuseOne(int listener);
  int TakeNew(int listener);
  bool IsReady(const epoll_event& event);
  void CloseLate();
  int HandOn(int fd, sockaddr* address, socklen_t* length);

  FilterCore& core_;
  pthread_t thread_{};
  base::UniqueFd epoll_;
  // Given up to take a connection, only to close it, when there is no other: one that is left in
  // the backlog would be reported again and again.
  base::UniqueFd spare_;
  int most_descriptor_ = 0;  // of a connection; what is above is for messages
  std::map<int, Peer> waiting_;
  std::atomic<bool> has_waiting_ = false;  // as waiting_ was when Accept returned
};

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_ACCEPT_GATE_H_
