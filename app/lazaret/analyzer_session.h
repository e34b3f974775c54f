// A private analyzer for one command: starts lazaret-analyzer as the calling user with the daemon's
// own code and confinement, and ends it when the session is destroyed.
#ifndef LAZARET_APP_LAZARET_ANALYZER_SESSION_H_
#define LAZARET_APP_LAZARET_ANALYZER_SESSION_H_

#include <memory>
#include <string>

#include "app/config/config.h"
#include "app/judge/worker_pool.h"
#include "app/process/spawn.h"
#include "base/result.h"

namespace lazaret::cli {

// Path of a program beside this executable.
std::string SiblingProgram(const std::string& name);

class AnalyzerSession {
 public:
  // Where the analyzer's own words go beside the error that is returned.
  enum class Words { kStandardError, kReturned };

  // Returns when a worker is ready. kInvalid: the configuration, the rules or the signature
  // database are wrong; other codes: no worker could be made ready.
  static base::Result<std::unique_ptr<AnalyzerSession>> Start(
      const config::Config& config, const config::GenerationBundle& bundle,
      Words words = Words::kStandardError);
  AnalyzerSession(const AnalyzerSession&) = delete;
  AnalyzerSession& operator=(const AnalyzerSession&) = delete;
  ~AnalyzerSession();

  judge::WorkerPool& pool() { return *pool_; }

 private:
  AnalyzerSession() = default;
  base::Status AwaitReady();
  // Reads what the analyzer says on its control socket; an error when it gave up.
  base::Status ReadControl();

  std::string folder_;  // private, holds the workers socket
  std::unique_ptr<judge::WorkerPool> pool_;
  base::UniqueFd control_;
  process::Child child_;
  std::string complaint_;
};

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_ANALYZER_SESSION_H_
