#include "app/process/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace lazaret::process {
namespace {

constexpr int kExecFailed = 127;
constexpr int kMaxPassed = 8;

const char* const kEnvironment[] = {"LC_ALL=C.UTF-8", "TZ=UTC0",
                                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", nullptr};

struct Prepared {
  std::vector<char*> argv;
  const SpawnOptions* options = nullptr;
  pid_t parent = -1;
};

// Only async-signal-safe calls from here on: the parent may have threads.
bool PlaceDescriptors(const SpawnOptions& options) {
  const int count = static_cast<int>(options.fds.size());
  // First out of the way, so that no target overwrites a source.
  int parked[kMaxPassed] = {};
  for (int i = 0; i < count; ++i) {
    parked[i] = ::fcntl(options.fds[static_cast<std::size_t>(i)], F_DUPFD, kConfigFd + kMaxPassed);
    if (parked[i] < 0) return false;
  }
  for (int i = 0; i < count; ++i) {
    if (::dup2(parked[i], kConfigFd + i) < 0) return false;
  }
  if (options.standard_output >= 0 && ::dup2(options.standard_output, STDOUT_FILENO) < 0)
    return false;
  if (options.standard_error >= 0 && ::dup2(options.standard_error, STDERR_FILENO) < 0)
    return false;
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  return ::close_range(static_cast<unsigned>(kConfigFd + count), ~0U, 0) == 0;
}

bool BecomeUser(const UserIds& user) {
  return ::initgroups(user.name.c_str(), user.gid) == 0 &&
         ::setresgid(user.gid, user.gid, user.gid) == 0 &&
         ::setresuid(user.uid, user.uid, user.uid) == 0;
}

[[noreturn]] void RunChild(const Prepared& prepared) {
  const SpawnOptions& options = *prepared.options;
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  if (options.user && !BecomeUser(*options.user)) ::_exit(kExecFailed);
  DieWithParent(prepared.parent);
  if (!PlaceDescriptors(options)) ::_exit(kExecFailed);
  ::execve(options.program.c_str(), prepared.argv.data(), const_cast<char* const*>(kEnvironment));
  ::_exit(kExecFailed);
}

}  // namespace

std::string ExecutableFolder() {
  char path[PATH_MAX];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0) return {};
  const std::string whole(path, static_cast<std::size_t>(length));
  return whole.substr(0, whole.rfind('/'));
}

base::Result<std::optional<UserIds>> FindUser(const std::string& name) {
  if (name.empty()) return std::optional<UserIds>();
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr)
    return base::Error{base::ErrorCode::kNotFound, "user " + name + ": not known to the system"};
  return std::optional<UserIds>(UserIds{entry->pw_uid, entry->pw_gid, name});
}

base::Result<Child> Spawn(const SpawnOptions& options) {
  LAZARET_CHECK(options.fds.size() <= kMaxPassed);
  if (::access(options.program.c_str(), X_OK) != 0) return base::ErrnoError(options.program);
  Prepared prepared;
  prepared.options = &options;
  prepared.parent = ::getpid();
  prepared.argv.push_back(const_cast<char*>(options.program.c_str()));
  for (const std::string& argument : options.arguments)
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  prepared.argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return base::ErrnoError("fork");
  if (pid == 0) RunChild(prepared);
  Child child;
  child.pid = pid;
  child.pidfd = base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (child.pidfd.valid()) return child;
  const base::Error error = base::ErrnoError("pidfd_open");
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  return error;
}

std::optional<int> WaitChild(Child& child, base::Deadline deadline) {
  if (child.pid < 0) return std::nullopt;
  pollfd entry{child.pidfd.get(), POLLIN, 0};
  while (::poll(&entry, 1, deadline.PollMillis()) <= 0) {
    if (deadline.Expired()) return std::nullopt;
  }
  int status = 0;
  pid_t got = -1;
  do {
    got = ::waitpid(child.pid, &status, 0);
  } while (got < 0 && errno == EINTR);
  child.pid = -1;
  child.pidfd.Reset();
  return status;
}

void SignalChild(const Child& child, int signal_number) {
  if (child.pid > 0) ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), signal_number, nullptr, 0);
}

std::string ExitText(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "signal " + std::to_string(WTERMSIG(wait_status));
  return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

void DieWithParent(pid_t expected_parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before the call above took effect.
  if (::getppid() != expected_parent) ::_exit(0);
}

}  // namespace lazaret::process
