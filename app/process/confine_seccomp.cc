#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <memory>

#include "app/process/confine_steps.h"

namespace lazaret::process {
namespace {

// What libclamav, the readers and the worker loop use (docs/ARCHITECTURE.md, "Confinement").
// Everything else kills the process.
constexpr int kAllowed[] = {
    // files in the own tmpfs
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(getdents64),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmod),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),
    SCMP_SYS(dup),
    SCMP_SYS(umask),
    SCMP_SYS(getcwd),
    SCMP_SYS(fadvise64),
    // memory
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    // who and when
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(times),
    SCMP_SYS(getrusage),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(uname),
    SCMP_SYS(sysinfo),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    // signals of its own, and its end
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    // jobs in, results out; the sockets were there before
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(memfd_create),
};

// What AddressSanitizer's runtime asks for beyond that.
constexpr int kAllowedSanitized[] = {
    SCMP_SYS(mmap),       SCMP_SYS(mprotect),      SCMP_SYS(prctl),
    SCMP_SYS(readlinkat), SCMP_SYS(personality),   SCMP_SYS(prlimit64),
    SCMP_SYS(getrlimit),  SCMP_SYS(rt_sigpending), SCMP_SYS(socketpair),
};

constexpr unsigned kFcntlCommands[] = {F_GETFD,         F_SETFD,     F_GETFL,    F_SETFL,
                                       F_DUPFD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS};
constexpr unsigned kIoctlCommands[] = {TCGETS, FIONREAD};

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_KILL_PROCESS), &::seccomp_release) {}

  void Allow(int number) {
    if (context_) Note(::seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, number, 0));
  }
  void AllowWhen(int number, scmp_arg_cmp condition) {
    if (context_) Note(::seccomp_rule_add(context_.get(), SCMP_ACT_ALLOW, number, 1, condition));
  }
  base::Status Load() {
    if (!context_) return base::Error{base::ErrorCode::kInternal, "confinement: no seccomp filter"};
    Note(::seccomp_load(context_.get()));
    if (failure_ != 0) return base::ErrnoError("confinement: seccomp", -failure_);
    return base::Ok();
  }

 private:
  void Note(int code) {
    if (code < 0 && failure_ == 0) failure_ = code;
  }
  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
  int failure_ = 0;
};

scmp_arg_cmp Equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}

scmp_arg_cmp WithoutExec(unsigned argument) {
  return {argument, SCMP_CMP_MASKED_EQ, static_cast<std::uint64_t>(PROT_EXEC), 0};
}

}  // namespace

base::Status RestrictSystemCalls(const ConfineOptions& options) {
  Filter filter;
  for (const int number : kAllowed) filter.Allow(number);
  for (const unsigned command : kFcntlCommands)
    filter.AllowWhen(SCMP_SYS(fcntl), Equals(1, command));
  for (const unsigned command : kIoctlCommands)
    filter.AllowWhen(SCMP_SYS(ioctl), Equals(1, command));
  // Raising a signal in itself (abort) is fine, in another process it is not.
  filter.AllowWhen(SCMP_SYS(tgkill), Equals(0, static_cast<std::uint64_t>(::getpid())));
  if (options.sanitized) {
    for (const int number : kAllowedSanitized) filter.Allow(number);
  } else {
    // No new code, ever.
    filter.AllowWhen(SCMP_SYS(mmap), WithoutExec(2));
    filter.AllowWhen(SCMP_SYS(mprotect), WithoutExec(2));
    // Asking for a limit is fine, setting one is not.
    filter.AllowWhen(SCMP_SYS(prlimit64), Equals(2, 0));
  }
  return filter.Load();
}

}  // namespace lazaret::process
