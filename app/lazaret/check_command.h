// `lazaret check`: the whole configuration, as the daemon would read it, and what it asks of this
// machine and of Postfix. Faults and warnings go to `err`, one a line, "file:line:column: why"
// where a file says it; all of them are said. Exit 0 without faults, else 2.
#ifndef LAZARET_APP_LAZARET_CHECK_COMMAND_H_
#define LAZARET_APP_LAZARET_CHECK_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "app/config/config.h"

namespace lazaret::cli {

struct CheckArguments {
  // Postfix's configuration folders; empty: the system's, where there is one, with its instances.
  std::vector<std::string> postfix;
  bool signatures = true;  // load them
};

int RunCheck(const config::Config& config, const CheckArguments& arguments, std::ostream& out,
             std::ostream& err);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_COMMAND_H_
