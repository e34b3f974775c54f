// The supervisor: starts the roles, restarts a dead one, owns the signals, drains and stops in
// order, and answers `lazaret status`. Single-threaded, one poll loop; never sees a byte of mail.
#ifndef LAZARET_APP_LAZARETD_SUPERVISOR_H_
#define LAZARET_APP_LAZARETD_SUPERVISOR_H_

#include <list>
#include <string>
#include <vector>

#include "app/lazaretd/notify.h"
#include "app/lazaretd/reload.h"
#include "app/lazaretd/roles.h"
#include "app/lazaretd/update_socket.h"
#include "app/lazaretd/watch.h"
#include "app/process/frames.h"

struct pollfd;

namespace lazaret::supervisor {

struct SupervisorOptions {
  std::string roles_folder;  // where the role programs lie
  ConfigSource source;
};

class Supervisor {
 public:
  Supervisor(config::Config config, SharedFiles files, SupervisorOptions options);

  // Folders, users, control socket, signals.
  base::Status Prepare();
  // Until a stop signal, or until an essential role cannot start at all. The exit code: 0 after an
  // orderly stop, 2 for a configuration that a role refused, 1 for anything else.
  int Run();

 private:
  void StartDue();
  void ReadRole(RoleRun& role);
  void HandleEnd(RoleRun& role, int wait_status);
  void HandleSignal();
  void HandleClient();
  void CollectStatus();
  std::string StatusJson() const;
  base::Deadline NextEvent() const;
  void Dispatch(const std::vector<pollfd>& entries, const std::vector<RoleRun*>& roles);
  void NoticeChanges();
  void DropEnded();
  void StopAll();
  void StopRole(RoleRun& role, std::int64_t millis);
  void TellReadyOnce();

  config::Config config_;
  SharedFiles files_;
  SupervisorOptions options_;
  std::list<RoleRun> roles_;
  Reload reload_;
  Watch watch_;
  UpdateSocket updates_;
  bool only_signatures_ = true;  // freshclam spoke, and nothing else
  base::UniqueFd signals_;
  base::UniqueFd listener_;
  Watchdog watchdog_ = Watchdog::FromEnvironment();
  bool stopping_ = false;
  bool said_ready_ = false;
  int exit_code_ = 0;
};

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_SUPERVISOR_H_
