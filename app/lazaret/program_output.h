// Runs another program to its end and collects what it prints. From the main thread only.
#ifndef LAZARET_APP_LAZARET_PROGRAM_OUTPUT_H_
#define LAZARET_APP_LAZARET_PROGRAM_OUTPUT_H_

#include <string>
#include <vector>

#include "base/result.h"

namespace lazaret::cli {

struct ProgramOutput {
  int exit_code = 2;
  std::string text;  // standard output, cut at 16 MiB
};

// `program`: absolute path. `fds` become 3, 4, ... in it. An error when it cannot be started or
// does not end in order.
base::Result<ProgramOutput> OutputOf(const std::string& program,
                                     const std::vector<std::string>& arguments,
                                     const std::vector<int>& fds);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_PROGRAM_OUTPUT_H_
