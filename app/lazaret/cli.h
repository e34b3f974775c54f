// The command line of `lazaret`: options into argument structs, argument structs into commands.
#ifndef LAZARET_APP_LAZARET_CLI_H_
#define LAZARET_APP_LAZARET_CLI_H_

namespace lazaret::cli {

// Returns the exit code. 2 for usage and configuration errors, whatever the command.
int RunCli(int argc, char** argv);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CLI_H_
