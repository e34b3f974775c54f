// One question to the running supervisor over its control socket.
#ifndef LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_
#define LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_

#include <string>

#include "app/config/config.h"
#include "base/result.h"

namespace lazaret::cli {

// The text of the answer, waited for at most 5 s. kUnavailable or kTimeout when no daemon answers,
// kPermission when it refuses; the error names the socket.
base::Result<std::string> AskSupervisor(const config::Config& config, const std::string& command);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_
