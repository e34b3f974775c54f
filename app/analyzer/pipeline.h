// One message through reader and scanners. Lives in one worker (or in the zygote for warming), one
// thread. Whatever could not look is named in not_looked; nothing here decides.
#ifndef LAZARET_APP_ANALYZER_PIPELINE_H_
#define LAZARET_APP_ANALYZER_PIPELINE_H_

#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/reader.h"
#include "policy/analysis.h"
#include "scanners/scanner.h"

namespace lazaret::analyzer {

class Pipeline {
 public:
  Pipeline(std::vector<std::unique_ptr<scanners::Scanner>> scanners, mail::ReadLimits limits)
      : scanners_(std::move(scanners)), limits_(limits) {}

  // `facts.assume_envelope` fills sender and recipients from From, To and Cc before Begin.
  policy::Analysis Analyze(std::string_view message, const policy::JobFacts& facts,
                           base::Deadline deadline);

 private:
  void RunScanner(scanners::Scanner& scanner, const mail::ArtifactTree& tree,
                  base::Deadline deadline, policy::Analysis& analysis);

  std::vector<std::unique_ptr<scanners::Scanner>> scanners_;
  mail::ReadLimits limits_;
};

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_PIPELINE_H_
