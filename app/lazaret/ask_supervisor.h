// One question to the running supervisor. docs/formats.md, "Frames".
#ifndef LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_
#define LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_

#include <cstdint>
#include <string>

#include "base/result.h"

namespace lazaret::cli {

struct SupervisorAnswer {
  bool ok = false;  // else `text` says why not
  std::string text;
};

// An error when no supervisor answers in time.
base::Result<SupervisorAnswer> AskSupervisor(const std::string& socket_path,
                                             const std::string& command, std::int64_t millis);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_ASK_SUPERVISOR_H_
