#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "app/process/confine_steps.h"
#include "base/fd.h"

namespace lazaret::process {
namespace {

using base::ErrnoError;
using base::Status;

// Where the new root is mounted for a moment, in the private mount namespace.
constexpr const char* kMountPoints[] = {"/tmp", "/run", "/dev/shm"};

Status WriteProc(const char* path, const std::string& text) {
  const base::UniqueFd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoError(std::string("confinement: ") + path);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return ErrnoError(std::string("confinement: ") + path);
  }
  return base::Ok();
}

// mkdir -p below the new root.
Status MakeFolders(const std::string& root, const std::string& path) {
  for (std::size_t at = 1; at != std::string::npos && at < path.size();) {
    at = path.find('/', at);
    const std::string part = root + path.substr(0, at);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST)
      return ErrnoError("confinement: " + part);
    if (at != std::string::npos) ++at;
  }
  return base::Ok();
}

Status BindReadOnly(const std::string& root, const std::string& source) {
  LAZARET_TRY(MakeFolders(root, source));
  const std::string target = root + source;
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return ErrnoError("confinement: binding " + source);
  }
  constexpr unsigned long kFlags =
      MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount(nullptr, target.c_str(), nullptr, kFlags, nullptr) != 0) {
    return ErrnoError("confinement: making " + source + " read-only");
  }
  return base::Ok();
}

// A folder to bind must stay in sight until it is bound.
bool Hides(const std::string& place, const std::vector<std::string>& sources) {
  for (const std::string& source : sources) {
    if (source == place || source.rfind(place + "/", 0) == 0) return true;
  }
  return false;
}

base::Result<std::string> MountRoot(const ConfineOptions& options) {
  const std::string size = "size=" + std::to_string(options.tmpfs_bytes) +
                           ",nr_inodes=" + std::to_string(options.tmpfs_inodes) + ",mode=0755";
  for (const char* place : kMountPoints) {
    if (Hides(place, options.read_only_binds)) continue;
    if (::mount("lazaret", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, size.c_str()) == 0) {
      return std::string(place);
    }
  }
  return ErrnoError("confinement: mounting a tmpfs");
}

}  // namespace

Status EnterNamespaces() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) != 0) {
    // ENOSPC: user.max_user_namespaces is 0. EINVAL: a kernel without them.
    const bool refused = errno == EPERM || errno == ENOSPC || errno == EINVAL || errno == EACCES;
    const base::Error error = ErrnoError("user namespaces are refused");
    return refused ? base::Error{base::ErrorCode::kPermission, error.text}
                   : base::Error{base::ErrorCode::kInternal, error.text};
  }
  // From here on every failure is final: half a box is no box.
  const auto final_error = [](Status status) {
    return status.ok() ? std::move(status)
                       : Status(base::Error{base::ErrorCode::kInternal, status.error().text});
  };
  LAZARET_TRY(final_error(WriteProc("/proc/self/setgroups", "deny")));
  LAZARET_TRY(final_error(
      WriteProc("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1")));
  LAZARET_TRY(final_error(
      WriteProc("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1")));
  return base::Ok();
}

Status ChangeRoot(const ConfineOptions& options) {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return ErrnoError("confinement: private mounts");
  }
  LAZARET_ASSIGN(const std::string root, MountRoot(options));
  if (::mkdir((root + kInsideTmp).c_str(), 0700) != 0) return ErrnoError("confinement: /tmp");
  for (const std::string& source : options.read_only_binds) LAZARET_TRY(BindReadOnly(root, source));
  if (::chdir(root.c_str()) != 0) return ErrnoError("confinement: new root");
  // Both roots at one place, the old one on top, then unmounted: no folder for it is needed.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return ErrnoError("confinement: pivot_root");
  if (::umount2(".", MNT_DETACH) != 0) return ErrnoError("confinement: leaving the old root");
  if (::chdir("/") != 0) return ErrnoError("confinement: /");
  return base::Ok();
}

Status EnterChroot(const ConfineOptions& options) {
  if (!options.read_only_binds.empty()) {
    return base::Error{base::ErrorCode::kUnsupported,
                       "confinement: a chroot cannot hold folders of the system"};
  }
  const pid_t parent = ::getppid();
  const std::string tmp = options.chroot_dir + kInsideTmp;
  if (::mkdir(tmp.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoError("confinement: " + tmp);
  if (::chown(tmp.c_str(), options.chroot_uid, options.chroot_uid) != 0)
    return ErrnoError("confinement: " + tmp);
  // To be passed through, not listed.
  if (::chmod(options.chroot_dir.c_str(), 0711) != 0)
    return ErrnoError("confinement: " + options.chroot_dir);
  if (::chroot(options.chroot_dir.c_str()) != 0 || ::chdir("/") != 0) {
    return ErrnoError("confinement: chroot " + options.chroot_dir);
  }
  if (::setgroups(0, nullptr) != 0 ||
      ::setresgid(options.chroot_uid, options.chroot_uid, options.chroot_uid) != 0 ||
      ::setresuid(options.chroot_uid, options.chroot_uid, options.chroot_uid) != 0) {
    return ErrnoError("confinement: changing the user");
  }
  // The change of user cleared it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return ErrnoError("confinement: death of parent");
  if (::getppid() != parent)
    return base::Error{base::ErrorCode::kInternal, "confinement: the parent is gone"};
  return base::Ok();
}

bool UserNamespacesWork() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(EnterNamespaces().ok() ? 0 : 1);
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

}  // namespace lazaret::process
