// `lazaret check`: the whole configuration, as the daemon would read it. Exit 0 fine, 2 with
// "file:line:column: why".
#ifndef LAZARET_APP_LAZARET_CHECK_COMMAND_H_
#define LAZARET_APP_LAZARET_CHECK_COMMAND_H_

#include <ostream>

#include "app/config/config.h"

namespace lazaret::cli {

int RunCheck(const config::Config& config, std::ostream& out, std::ostream& err);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_COMMAND_H_
