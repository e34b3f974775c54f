// The steps of Confine(), one a function, in their order. Each names itself in its error.
#ifndef LAZARET_APP_PROCESS_CONFINE_STEPS_H_
#define LAZARET_APP_PROCESS_CONFINE_STEPS_H_

#include <string>
#include <vector>

#include "app/process/confine.h"
#include "base/result.h"

namespace lazaret::process {

inline constexpr const char* kInsideTmp = "/tmp";

// kPermission when the kernel or its administrator refuses user namespaces; nothing has changed
// then.
base::Status EnterNamespaces();
// An own tmpfs becomes the root: read-only binds, /tmp (0700), nothing else.
base::Status ChangeRoot(const ConfineOptions& options);
// Without user namespaces, as root: own uid and chroot.
base::Status EnterChroot(const ConfineOptions& options);

base::Status DropCapabilities();
base::Status SetLimits(const ConfineOptions& options);
// The ABI in force.
base::Result<int> RestrictFiles(const std::vector<std::string>& readable,
                                const std::string& writable);
base::Status RestrictSystemCalls(const ConfineOptions& options);

}  // namespace lazaret::process

#endif  // LAZARET_APP_PROCESS_CONFINE_STEPS_H_
