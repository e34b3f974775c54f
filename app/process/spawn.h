// Starting role programs and looking after them. Roles find their descriptors at fixed numbers:
// 3 configuration, 4 generation bundle, 5 control socket (SEQPACKET) to the supervisor.
#ifndef LAZARET_APP_PROCESS_SPAWN_H_
#define LAZARET_APP_PROCESS_SPAWN_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace lazaret::process {

inline constexpr int kConfigFd = 3;
inline constexpr int kBundleFd = 4;
inline constexpr int kControlFd = 5;

// Folder of the running executable; role programs lie beside it.
std::string ExecutableFolder();

// A user of the system by name; empty name = stay who we are.
struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};
base::Result<std::optional<UserIds>> FindUser(const std::string& name);

struct SpawnOptions {
  std::string program;                 // absolute path
  std::vector<std::string> arguments;  // without argv[0]
  std::vector<int> fds;                // become 3, 4, 5, ... in the child; all others are closed
  std::optional<UserIds> user;         // changed before exec, so that /proc/self stays ours
  int standard_output = -1;            // becomes descriptor 1
  int standard_error = -1;             // becomes descriptor 2
};

struct Child {
  pid_t pid = -1;
  base::UniqueFd pidfd;  // readable when the child has ended
};

// The child gets signals reset, an environment of its own (LC_ALL=C.UTF-8, TZ=UTC0, PATH),
// /dev/null as standard input, and dies with this thread's process. Call it from the main thread
// only: the parent-death signal fires on the exit of the parent thread.
base::Result<Child> Spawn(const SpawnOptions& options);

// Wait status as waitpid gives it, when the child has ended by the deadline.
std::optional<int> WaitChild(Child& child, base::Deadline deadline);
void SignalChild(const Child& child, int signal_number);
std::string ExitText(int wait_status);

// For a forked child: SIGKILL when the parent ends; ends at once when it is already gone.
void DieWithParent(pid_t expected_parent);

}  // namespace lazaret::process

#endif  // LAZARET_APP_PROCESS_SPAWN_H_
