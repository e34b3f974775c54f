#include "scanners/clamav/clamav_scanner.h"

#include <algorithm>

#include "base/text.h"
#include "scanners/clamav/hit_findings.h"
#include "scanners/clamav/message_scan.h"

namespace lazaret::scanners {

using base::Error;
using base::ErrorCode;

void ClamavScanner::Begin(const policy::JobFacts& facts) {
  static_cast<void>(facts);
  could_not_look_.clear();
}

base::Result<Findings> ClamavScanner::Finish(const mail::ArtifactTree& tree,
                                             base::Deadline deadline) {
  if (deadline.Expired()) return Error{ErrorCode::kTimeout, "no time left"};
  ScanOutcome outcome = MessageScan(engine_, tree, deadline).Run();
  if (outcome.could_not_look.empty()) return std::move(outcome.findings);
  if (outcome.findings.empty()) return Error{ErrorCode::kUnavailable, outcome.could_not_look};
  could_not_look_ = outcome.could_not_look;
  outcome.findings.push_back(NotSeenFinding(tree, could_not_look_));
  return std::move(outcome.findings);
}

void ClamavScanner::Report(policy::Analysis& analysis) const {
  if (could_not_look_.empty()) return;
  const auto is_own = [](const policy::Finding& finding) { return finding.code == kNotSeenCode; };
  analysis.findings.erase(
      std::remove_if(analysis.findings.begin(), analysis.findings.end(), is_own),
      analysis.findings.end());
  analysis.looked.erase(std::remove(analysis.looked.begin(), analysis.looked.end(), Name()),
                        analysis.looked.end());
  analysis.not_looked.push_back({std::string(Name()), base::EscapeLine(could_not_look_, 500)});
}

}  // namespace lazaret::scanners
