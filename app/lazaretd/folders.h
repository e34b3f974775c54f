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

// While it lives, root acts as another user: without CAP_DAC_OVERRIDE root cannot write in folders
// that are not its own. Does nothing for who is not root, or without a user. The saved user stays
// root, so that it can come back; a failure to do so ends the process.
class ActAs {
 public:
  // `group`: what new files get; the user's own when -1.
  explicit ActAs(const std::optional<process::UserIds>& user, gid_t group = static_cast<gid_t>(-1));
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  bool acting_ = false;
};

// With all folders above it; sets mode and owner. One that has both already (others may also pass
// through it) is left as it is, which asks for no privilege.
base::Status MakeFolder(const std::string& path, mode_t mode,
                        const std::optional<process::UserIds>& owner);

// The folder of a milter socket below paths.root, the folders above it only where the address is
// the default one: a mistyped path must not become a tree of folders that Postfix does not know.
// Anywhere else it is the administrator's: Postfix must be able to reach it. One that is there is
// left as it is.
base::Status MakeMilterFolder(const config::Config& config,
                              const std::optional<process::UserIds>& front);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_FOLDERS_H_
