// `lazaret rules check|test|list [PATH...]`: hands the bundle to lazaret-analyzer, which compiles
// it, and shows what it says. Exit 0 fine, 2 wrong rules or failed tests.
#ifndef LAZARET_APP_LAZARET_RULES_COMMAND_H_
#define LAZARET_APP_LAZARET_RULES_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/lazaret/program_output.h"
#include "base/result.h"

namespace lazaret::cli {

struct RulesArguments {
  std::string command;             // check, test or list
  std::vector<std::string> paths;  // added to rules.paths
};

int RunRules(config::Config config, const RulesArguments& arguments, std::ostream& out,
             std::ostream& err);

// Runs `lazaret-analyzer rules WHAT` over the bundle and collects what it prints.
base::Result<ProgramOutput> AskAboutRules(const config::Config& config,
                                          const config::GenerationBundle& bundle,
                                          const std::string& what);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_RULES_COMMAND_H_
