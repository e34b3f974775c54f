#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "app/process/confine_steps.h"

namespace lazaret::process {
namespace {

// At most `value`; where less is allowed already, that.
base::Status SetLimit(__rlimit_resource resource, rlim_t value, const char* name) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0)
    return base::ErrnoError(std::string("confinement: limit of ") + name);
  limit.rlim_max = std::min(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(resource, &limit) != 0)
    return base::ErrnoError(std::string("confinement: limit of ") + name);
  return base::Ok();
}

}  // namespace

base::Status DropCapabilities() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    // Fails without CAP_SETPCAP, where nothing could be gained by exec anyway: no_new_privs
    // follows.
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (::syscall(SYS_capset, &header, none) != 0)
    return base::ErrnoError("confinement: dropping capabilities");
  return base::Ok();
}

base::Status SetLimits(const ConfineOptions& options) {
  // A file over its limit gives an error to the library instead of killing the worker.
  ::signal(SIGXFSZ, SIG_IGN);
  LAZARET_TRY(SetLimit(RLIMIT_FSIZE, options.file_size_bytes, "file size"));
  LAZARET_TRY(SetLimit(RLIMIT_NOFILE, options.max_files, "open files"));
  LAZARET_TRY(SetLimit(RLIMIT_NPROC, 0, "processes"));
  LAZARET_TRY(SetLimit(RLIMIT_CORE, 0, "core dumps"));
  if (options.address_space_bytes > 0) {
    LAZARET_TRY(SetLimit(RLIMIT_AS, options.address_space_bytes, "address space"));
  }
  return base::Ok();
}

}  // namespace lazaret::process
