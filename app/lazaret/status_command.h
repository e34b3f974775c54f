// `lazaret status`: asks the running supervisor and shows roles, generation, confinement, signature
// age and queue. Exit 0 all roles ready, 1 not all, 2 no daemon answers.
#ifndef LAZARET_APP_LAZARET_STATUS_COMMAND_H_
#define LAZARET_APP_LAZARET_STATUS_COMMAND_H_

#include <ostream>

#include "app/config/config.h"

namespace lazaret::cli {

int RunStatus(const config::Config& config, bool json, std::ostream& out, std::ostream& err);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_STATUS_COMMAND_H_
