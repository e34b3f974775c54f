// `lazaret reload` and `lazaret rollback`: ask the running supervisor for rules, lists, policy and
// signatures as they are on disk now, or for those before the last change, and wait until they are
// in force: other signatures take as long as loading them does. Exit 0 in force, 1 refused (the
// reason on `err`), 2 no daemon answers.
#ifndef LAZARET_APP_LAZARET_RELOAD_COMMAND_H_
#define LAZARET_APP_LAZARET_RELOAD_COMMAND_H_

#include <ostream>
#include <string>

#include "app/config/config.h"

namespace lazaret::cli {

// `command` is "reload" or "rollback".
int RunReload(const config::Config& config, const std::string& command, std::ostream& out,
              std::ostream& err);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_RELOAD_COMMAND_H_
