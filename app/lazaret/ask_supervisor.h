// One question to the running supervisor over its control socket. docs/formats.md, "Frames".
#ifndef LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_
#define LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_

#include <cstdint>
#include <string>

#include "app/config/config.h"
#include "base/result.h"

namespace lazaret::cli {

struct SupervisorAnswer {
  bool ok = false;  // else `text` says why not
  std::string text;
};

// What to say of an error of AskSupervisor: that no daemon answers, or who may ask when the kernel
// refuses this user. In one line, escaped. `command`: status, reload, ...
std::string WhyNoAnswer(const std::string& command, const base::Error& error);

// An error when no supervisor answers within `millis`.
base::Result<SupervisorAnswer> AskSupervisorWithin(const config::Config& config,
                                                   const std::string& command, std::int64_t millis);

// The text of the answer, waited for at most 5 s. kUnavailable or kTimeout when no daemon answers,
// kPermission when it refuses; the error names the socket.
base::Result<std::string> AskSupervisor(const config::Config& config, const std::string& command);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_
