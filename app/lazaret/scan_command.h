// `lazaret scan`: judges messages without an MTA, with the daemon's own analyzer, confinement,
// policy and Decide. Exit codes: 2 usage or configuration, 3 something could not be looked at, 1
// something found, 0 all clean.
#ifndef LAZARET_APP_LAZARET_SCAN_COMMAND_H_
#define LAZARET_APP_LAZARET_SCAN_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "app/config/config.h"

namespace lazaret::cli {

struct ScanArguments {
  std::vector<std::string> files;
  bool json = false;
  bool daemon = false;  // the running daemon's workers, not an analyzer of our own
  std::string sender;
  std::vector<std::string> recipients;
  std::string client_address;
  std::string auth_user;
  std::string direction = "inbound";
};

int RunScan(const config::Config& config, const ScanArguments& arguments, std::ostream& out,
            std::ostream& err);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_SCAN_COMMAND_H_
