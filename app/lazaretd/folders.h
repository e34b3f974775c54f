// The folders that must be there before any role starts, made by the one process that may.
#ifndef LAZARET_APP_LAZARETD_FOLDERS_H_
#define LAZARET_APP_LAZARETD_FOLDERS_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "app/config/config.h"
#include "app/process/spawn.h"
#include "base/result.h"

namespace lazaret::supervisor {

// With all folders above it; sets mode and owner.
base::Status MakeFolder(const std::string& path, mode_t mode,
                        const std::optional<process::UserIds>& owner);

// The folder of a milter socket below paths.root. Anywhere else it is the administrator's: Postfix
// must be able to reach it. One that is there is left as it is.
base::Status MakeMilterFolder(const config::Config& config,
                              const std::optional<process::UserIds>& front);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_FOLDERS_H_
