// Turns a worker's answer into an Analysis, or refuses it. A worker is a possible attacker: the
// frame must repeat the job's uid and nonce, the result must be one sealed memory file of the
// announced size, and policy::DecodeAnalysis must take every byte of it.
#ifndef LAZARET_APP_JUDGE_RESULT_CHECK_H_
#define LAZARET_APP_JUDGE_RESULT_CHECK_H_

#include <cstdint>

#include "app/process/frames.h"
#include "base/result.h"
#include "policy/analysis.h"

namespace lazaret::judge {

struct CheckedResult {
  policy::Analysis analysis;
  std::uint64_t cpu_micros = 0;
  bool retiring = false;  // the worker takes no further message
};

base::Result<CheckedResult> CheckResult(const process::Frame& frame, const process::Uid& uid,
                                        std::uint64_t nonce);

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_RESULT_CHECK_H_
