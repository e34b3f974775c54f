// The adapter between libmilter and Session. libmilter knows one filter a process, so one Filter
// may be open at a time, and it can serve once.
//
// Signals: libmilter's own thread waits for HUP, TERM and INT and stops the filter 5 s after one,
// even with a message in work. Block all signals before the first thread, run Serve on a thread of
// its own, and let only the main thread take them; drain by StopAccepting, then WaitIdle, then
// leave main. libmilter's detached threads still send replies until the process ends.
//
// Half-open peers: a connection reaches libmilter only when its first packet is whole
// (milter/accept_gate.h); until then it costs a descriptor and no thread. A peer that negotiates
// and then stops inside a packet costs one thread for idle_seconds at most, and counts as a
// session.
#ifndef LAZARET_MILTER_FILTER_H_
#define LAZARET_MILTER_FILTER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/counters.h"
#include "base/result.h"
#include "milter/handler.h"
#include "milter/session.h"

namespace lazaret::milter {

struct FilterOptions {
  std::string listen;  // unix:PATH, inet:PORT@HOST, inet6:PORT@HOST
  unsigned socket_mode = 0660;
  std::string socket_group;  // ignored when it does not exist
  std::uint32_t idle_seconds = 900;
  std::uint32_t sessions = 1000;
  // Stops peers that connect and do not speak from taking threads and descriptors; above the number
  // the oldest is closed.
  std::uint32_t half_open_seconds = 10;
  std::uint32_t half_open_peers = 256;
  SessionOptions session;
};

struct FilterLoad {
  std::uint32_t sessions = 0;   // negotiated and open
  std::uint32_t in_flight = 0;  // messages between their end and our answer
};

class Filter {
 public:
  // Binds the socket; for unix also makes its folder (2750) and sets mode and group. `handler` and
  // `counters` must outlive the process's last libmilter thread.
  static base::Result<std::unique_ptr<Filter>> Open(const FilterOptions& options,
                                                    MessageHandler& handler,
                                                    base::Counters& counters);
  virtual ~Filter() = default;

  // Blocks until StopAccepting or a failure of libmilter. Once.
  virtual base::Status Serve() = 0;
  // Asks libmilter to stop. New messages of open sessions get a tempfail from now on.
  virtual void StopAccepting() = 0;
  // True when every message in flight was answered and its reply had time to leave; false at the
  // deadline.
  virtual bool WaitIdle(base::Deadline deadline) = 0;
  virtual FilterLoad Load() const = 0;
};

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_FILTER_H_
