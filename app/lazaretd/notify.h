// Tells systemd's service manager how we are, by the protocol of sd_notify(3). Does nothing without
// one. Single-threaded.
#ifndef LAZARET_APP_LAZARETD_NOTIFY_H_
#define LAZARET_APP_LAZARETD_NOTIFY_H_

#include <cstdint>
#include <list>
#include <string>

#include "app/lazaretd/roles.h"
#include "base/clock.h"

namespace lazaret::supervisor {

// Lines as sd_notify takes them: "READY=1".
void NotifySystemd(const std::string& state);

// "front ready, analyzer starting, admin down: why", one line.
std::string RolesText(const std::list<RoleRun>& roles);

// The watchdog of the service manager (WATCHDOG_USEC, WATCHDOG_PID). Stops a supervisor that hangs,
// or whose front hangs, from looking alive: without a ping in time the whole is killed and started
// again.
class Watchdog {
 public:
  // Off when the environment does not ask for it, asks another process, or gives no number.
  static Watchdog FromEnvironment();

  // When Tick wants to be called; never when off.
  base::Deadline Next() const { return next_; }
  // Pings four times in the time that the manager allows, as long as the front has answered what it
  // was asked the last time. A front that is down or starting does not count: starting it is this
  // process's own work, and a restart of all would not hasten it.
  void Tick(RoleRun& front);

  // STATUS=, when it is another text than last time.
  void Say(const std::string& text);

 private:
  std::int64_t interval_millis_ = 0;
  base::Deadline next_;
  std::string said_;
};

// Before the roles are stopped, which may take so long: no watchdog strikes meanwhile.
void NotifyStopping(std::int64_t millis);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_NOTIFY_H_
