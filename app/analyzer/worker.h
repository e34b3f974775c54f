// The confined worker: one process, one thread, one message at a time. It confines itself, proves
// that it can see (canaries), then answers jobs until it retires or is killed. It never returns.
#ifndef LAZARET_APP_ANALYZER_WORKER_H_
#define LAZARET_APP_ANALYZER_WORKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/config/config.h"
#include "app/process/confine.h"
#include "app/process/frames.h"
#include "base/fd.h"
#include "rules/rule_set.h"
#include "scanners/clamav/engine.h"

namespace lazaret::analyzer {

// What a generation zygote shares with its workers by fork.
struct Generation {
  const config::Config* config = nullptr;
  scanners::ClamavEngine* engine = nullptr;
  std::shared_ptr<const rules::RuleSet> rules;
  std::shared_ptr<const rules::RuleSet> canary_rules;
  process::GenerationTag tag{};
};

struct WorkerSockets {
  base::UniqueFd jobs;    // to the front
  base::UniqueFd zygote;  // kWorkerUp, then perhaps kWorkerFailed as its last words
};

// The path of a private folder for a worker where user namespaces are refused; empty elsewhere.
using BoxFolder = std::string;

[[noreturn]] void RunWorker(const Generation& generation, WorkerSockets sockets,
                            const BoxFolder& box);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_WORKER_H_
