// Tries to get out of the box, from inside a process confined as workers are. Each attempt runs in
// a child of its own: it must be refused (the call fails) or kill the child. Exit 0: no attempt got
// out.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "app/process/confine.h"

namespace {

using lazaret::process::Confine;
using lazaret::process::ConfineOptions;

// What the attempts aim at: outside, ours, reachable for this user.
struct Target {
  std::string folder;
  std::string file;
  int open_before = -1;  // a folder descriptor opened before the box
};
Target g_target;

// Exit codes of a child.
constexpr int kRefused = 0;
constexpr int kGotOut = 10;
constexpr int kNoBox = 20;

ConfineOptions Options() {
  ConfineOptions options;
  options.tmpfs_bytes = 8U << 20;
  options.tmpfs_inodes = 100;
  options.file_size_bytes = 4U << 20;
#ifdef LAZARET_SANITIZED
  options.sanitized = true;
#endif
  return options;
}

int Report(bool got_out) { return got_out ? kGotOut : kRefused; }

bool TryChmod() { return ::chmod(g_target.file.c_str(), 0777) == 0; }
bool TryChmodAt() { return ::syscall(SYS_fchmodat, g_target.open_before, "victim", 0777) == 0; }
bool TryChown() { return ::chown(g_target.file.c_str(), 0, 0) == 0; }
bool TryUtimensat() { return ::utimensat(AT_FDCWD, g_target.file.c_str(), nullptr, 0) == 0; }
bool TryStat() {
  struct stat info {};
  return ::stat(g_target.file.c_str(), &info) == 0;
}
bool TryStatPasswd() {
  struct stat info {};
  return ::stat("/etc/passwd", &info) == 0;
}
bool TryOpenOutside() { return ::open(g_target.file.c_str(), O_RDONLY) >= 0; }
bool TryOpenByOldFolder() { return ::openat(g_target.open_before, "victim", O_RDWR) >= 0; }
bool TryCreateInRoot() { return ::open("/new", O_CREAT | O_WRONLY, 0600) >= 0; }
bool TryProc() { return ::open("/proc/self/mem", O_RDWR) >= 0; }
bool TryKill() { return ::kill(::getppid(), 0) == 0; }
bool TryTgkillOther() { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0) == 0; }
bool TrySocket() { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }
bool TryUnixSocket() { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }
bool TryConnect() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(g_target.open_before, reinterpret_cast<sockaddr*>(&address), sizeof address) ==
             0 ||
         errno == ENOTSOCK;
}
bool TryFork() { return ::fork() >= 0; }
bool TryClone3() { return ::syscall(SYS_clone3, nullptr, 0) >= 0 || errno == EINVAL; }
bool TryExec() {
  char* const none[] = {nullptr};
  ::execve("/bin/true", none, none);
  return errno != EPERM && errno != ENOSYS;
}
bool TryMemfdExec() {
  const int fd = ::memfd_create("x", 0);
  char* const none[] = {nullptr};
  ::syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH);
  return errno != EPERM && errno != ENOSYS;
}
bool TryPtrace() { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }
bool TryMount() { return ::mount("x", "/tmp", "tmpfs", 0, nullptr) == 0 || errno == EPERM; }
bool TryUnshare() { return ::syscall(SYS_unshare, CLONE_NEWUSER) == 0 || errno != ENOSYS; }
bool TryIoUring() {
  char params[256] = {};
  return ::syscall(SYS_io_uring_setup, 1, params) >= 0 || errno != ENOSYS;
}
bool TryBpf() { return ::syscall(SYS_bpf, 0, nullptr, 0) >= 0 || errno != ENOSYS; }
bool TryKeyctl() { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0) >= 0 || errno != ENOSYS; }
bool TrySetuid() { return ::syscall(SYS_setuid, 0) == 0; }
bool TryChroot() { return ::chroot("/tmp") == 0 || errno == EPERM; }
bool TryRaiseLimit() {
  const rlimit limit{10, 10};
  return ::syscall(SYS_setrlimit, RLIMIT_NPROC, &limit) == 0 || errno == EPERM;
}
bool TryProcessVm() {
  return ::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0) >= 0 ||
         errno != ENOSYS;
}
bool TryPidfd() { return ::syscall(SYS_pidfd_open, ::getppid(), 0) >= 0 || errno != ENOSYS; }
bool TrySymlinkOut() { return ::symlink("/etc/passwd", "/tmp/x") == 0; }
bool TryMknod() { return ::mknod("/tmp/d", S_IFCHR | 0600, 0) == 0 || errno == EPERM; }
bool TryFillDisk() {
  const int fd = ::open("/tmp/big", O_CREAT | O_WRONLY, 0600);
  std::vector<char> block(1U << 20);
  for (int i = 0; i < 64; ++i) {
    if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size())) return false;
  }
  return true;
}
bool TryFillInodes() {
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "/tmp/f" + std::to_string(i);
    const int fd = ::open(name.c_str(), O_CREAT | O_WRONLY, 0600);
    if (fd < 0) return false;
    ::close(fd);
  }
  return true;
}
#ifndef LAZARET_SANITIZED
bool TryMapCode() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
         MAP_FAILED;
}
bool TryMakeCode() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}
#endif

struct Attempt {
  const char* name;
  bool (*got_out)();
};

const Attempt kAttempts[] = {
    {"chmod", TryChmod},
    {"fchmodat by an old folder", TryChmodAt},
    {"chown", TryChown},
    {"utimensat", TryUtimensat},
    {"stat", TryStat},
    {"stat /etc/passwd", TryStatPasswd},
    {"open outside", TryOpenOutside},
    {"open by an old folder", TryOpenByOldFolder},
    {"create in /", TryCreateInRoot},
    {"/proc", TryProc},
    {"kill", TryKill},
    {"tgkill another", TryTgkillOther},
    {"inet socket", TrySocket},
    {"unix socket", TryUnixSocket},
    {"connect", TryConnect},
    {"fork", TryFork},
    {"clone3", TryClone3},
    {"execve", TryExec},
    {"execveat of a memory file", TryMemfdExec},
    {"ptrace", TryPtrace},
    {"mount", TryMount},
    {"unshare", TryUnshare},
    {"io_uring", TryIoUring},
    {"bpf", TryBpf},
    {"keyctl", TryKeyctl},
    {"setuid", TrySetuid},
    {"chroot", TryChroot},
    {"setrlimit", TryRaiseLimit},
    {"process_vm_readv", TryProcessVm},
    {"pidfd_open", TryPidfd},
    {"symlink", TrySymlinkOut},
    {"mknod", TryMknod},
    {"fill the disk", TryFillDisk},
    {"fill the inodes", TryFillInodes},
#ifndef LAZARET_SANITIZED
    {"map code", TryMapCode},
    {"make memory executable", TryMakeCode},
#endif
};

bool WritesInTmp() {
  const int fd = ::open("/tmp/mine", O_CREAT | O_RDWR | O_EXCL, 0600);
  return fd >= 0 && ::write(fd, "x", 1) == 1 && ::unlink("/tmp/mine") == 0;
}

bool BecameNobody() { return ::getuid() == 65534 && ::geteuid() == 65534 && ::getegid() == 65534; }

int InChild(const ConfineOptions& options, bool (*body)(), const char* name, bool expect_box) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto box = Confine(options);
    if (!box.ok()) {
      if (expect_box) std::fprintf(stderr, "%s: %s\n", name, box.error().text.c_str());
      ::_exit(kNoBox);
    }
    ::_exit(Report(body()));
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  // Killed by SIGSYS is as good as refused.
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGSYS ? kRefused : 128 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

bool TryOthersFile() { return ::open("/tmp/secret", O_RDONLY) >= 0; }

// A worker keeps a file in its /tmp while another looks for it.
bool WorkersSeeEachOther() {
  int made[2];
  int done[2];
  if (::pipe(made) != 0 || ::pipe(done) != 0) return true;
  const pid_t owner = ::fork();
  if (owner == 0) {
    ::close(done[1]);
    const bool fine = Confine(Options()).ok() && ::open("/tmp/secret", O_CREAT | O_RDWR, 0644) >= 0;
    char byte = fine ? 1 : 0;
    if (::write(made[1], &byte, 1) != 1) ::_exit(kNoBox);
    ::_exit(::read(done[0], &byte, 1) == 0 ? kRefused : kNoBox);
  }
  char byte = 0;
  const bool stands = ::read(made[0], &byte, 1) == 1 && byte == 1;
  const int code = InChild(Options(), TryOthersFile, "another's file", true);
  for (const int fd : {made[0], made[1], done[0], done[1]}) ::close(fd);
  ::waitpid(owner, nullptr, 0);
  return !stands || code != kRefused;
}

// In a user namespace whose administrator allows no further ones. Gives Confine()'s outcome, or -1
// where that cannot be arranged.
int WithoutNamespaces(lazaret::process::ConfinePolicy policy) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string uid = std::to_string(::geteuid());
    if (::syscall(SYS_unshare, CLONE_NEWUSER) != 0) ::_exit(99);
    const auto put = [](const char* path, const std::string& text) {
      const int fd = ::open(path, O_WRONLY);
      const bool fine =
          fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
      if (fd >= 0) ::close(fd);
      return fine;
    };
    if (!put("/proc/self/uid_map", uid + " " + uid + " 1") ||
        !put("/proc/sys/user/max_user_namespaces", "0"))
      ::_exit(99);
    ConfineOptions options = Options();
    options.policy = policy;
    options.reduced_tmp_dir = g_target.folder;
    const auto box = Confine(options);
    ::_exit(box.ok() ? static_cast<int>(box->level) : kNoBox);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (!WIFEXITED(status)) return kGotOut;
  return WEXITSTATUS(status) == 99 ? -1 : WEXITSTATUS(status);
}

// As a machine that refuses user namespaces: the kernel's answer is EPERM.
bool RefuseUnshare() {
  scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ALLOW);
  const bool fine = filter != nullptr &&
                    ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 0) == 0 &&
                    ::seccomp_load(filter) == 0;
  ::seccomp_release(filter);
  return fine;
}

// The fallback of root there: own user and chroot. Its disk has no limit of inodes, so that attempt
// is left out; everything else must be refused as in the full box.
int RunChrootAttempts() {
  if (::geteuid() != 0) return 0;
  char box[] = "/tmp/lazaret-chroot-XXXXXX";
  if (::mkdtemp(box) == nullptr) return 1;
  ConfineOptions options = Options();
  options.chroot_dir = box;
  options.chroot_uid = 65534;
  const pid_t pid = ::fork();
  if (pid == 0) {
    int failures = RefuseUnshare() ? 0 : 1;
    for (const Attempt& attempt : kAttempts) {
      if (attempt.got_out == TryFillInodes) continue;
      const int code = InChild(options, attempt.got_out, attempt.name, true);
      if (code == kRefused) continue;
      std::printf("FAILED in a chroot: %s: code %d\n", attempt.name, code);
      ++failures;
    }
    if (InChild(options, WritesInTmp, "writing in /tmp", true) != kGotOut) ++failures;
    if (InChild(options, BecameNobody, "user", true) != kGotOut) ++failures;
    std::fflush(nullptr);
    ::_exit(failures == 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  std::filesystem::remove_all(box);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

int RunAttempts() {
  int failures = 0;
  for (const Attempt& attempt : kAttempts) {
    const int code = InChild(Options(), attempt.got_out, attempt.name, true);
    if (code == kRefused) continue;
    std::printf("FAILED %s: code %d\n", attempt.name, code);
    ++failures;
  }
  return failures;
}

// What must work, works; what is half given is no box.
int RunControls() {
  int failures = 0;
  const auto expect = [&failures](bool holds, const char* what) {
    if (holds) return;
    std::printf("FAILED %s\n", what);
    ++failures;
  };
  expect(InChild(Options(), WritesInTmp, "writing in /tmp", true) == kGotOut,
         "a worker writes in its own /tmp");
  ConfineOptions missing = Options();
  missing.read_only_binds = {"/nonexistent/lazaret"};
  expect(InChild(missing, WritesInTmp, "missing bind", false) == kNoBox,
         "a missing folder is no box");
  ConfineOptions bound = Options();
  bound.read_only_binds = {g_target.folder};
  expect(InChild(bound, TryOpenOutside, "bound folder", true) == kGotOut,
         "a bound folder can be read");
  expect(InChild(bound, TryChmod, "bound folder", true) == kRefused,
         "a bound folder cannot be changed");
  expect(!WorkersSeeEachOther(), "a worker does not see another's files");
  using lazaret::process::ConfinePolicy;
  const int full = WithoutNamespaces(ConfinePolicy::kFull);
  const int reduced = WithoutNamespaces(ConfinePolicy::kReducedAllowed);
  if (full < 0) std::printf("not tried here: a machine that refuses user namespaces\n");
  expect(full < 0 || full == kNoBox, "refused namespaces are no box");
  expect(reduced < 0 || reduced == static_cast<int>(lazaret::process::ConfineLevel::kReduced),
         "refused namespaces are a reduced box where that is allowed");
  return failures;
}

}  // namespace

int main() {
  char folder[] = "/tmp/lazaret-escape-XXXXXX";
  if (::mkdtemp(folder) == nullptr) return 1;
  g_target.folder = folder;
  g_target.file = g_target.folder + "/victim";
  g_target.open_before = ::open(folder, O_RDONLY | O_DIRECTORY);
  const int victim = ::open(g_target.file.c_str(), O_CREAT | O_WRONLY, 0644);
  if (victim < 0 || g_target.open_before < 0) return 1;
  ::close(victim);
  int failures = RunAttempts() + RunControls() + RunChrootAttempts();
  // The same as nobody, when this runs as root.
  if (::geteuid() == 0) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::chown(folder, 65534, 65534) != 0 || ::chown(g_target.file.c_str(), 65534, 65534) != 0)
        ::_exit(99);
      if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0)
        ::_exit(99);
      // As after an exec with the new user, which is how roles change theirs.
      ::prctl(PR_SET_DUMPABLE, 1);
      const int inner = RunAttempts() + RunControls();
      std::fflush(nullptr);
      ::_exit(inner == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      std::printf("FAILED as nobody\n");
      ++failures;
    }
  }
  ::unlink(g_target.file.c_str());
  ::rmdir(folder);
  std::printf("%zu attempts, %d failures\n", std::size(kAttempts), failures);
  return failures == 0 ? 0 : 1;
}
