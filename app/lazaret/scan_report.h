// What `lazaret scan` prints: one JSON object a line and message (fixed contract, "v":1), or text.
// Every string from mail is escaped.
#ifndef LAZARET_APP_LAZARET_SCAN_REPORT_H_
#define LAZARET_APP_LAZARET_SCAN_REPORT_H_

#include <cstdint>
#include <string>

#include "policy/decide.h"

namespace lazaret::cli {

struct ScanOutcome {
  std::string file;
  policy::Verdict verdict;
  std::string generation;
  std::uint64_t millis = 0;
};

std::string ScanJson(const ScanOutcome& outcome);
std::string ScanText(const ScanOutcome& outcome, bool color);

// Exit code of one message: 0 clean, 1 something found, 3 something could not be looked at.
int ScanExitCode(policy::Class cls);
// The code of a run, by precedence 2 > 3 > 1 > 0.
int WorseExitCode(int a, int b);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_SCAN_REPORT_H_
