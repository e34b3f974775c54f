#include "scanners/dlp/dlp_scanner.h"

namespace lazaret::scanners {
namespace {

policy::Finding FindingOf(const rules::DetectorResult& result, const mail::ArtifactTree& tree) {
  policy::Finding finding;
  finding.code = "dlp." + result.detector;
  finding.cls = policy::Class::kSuspicious;
  finding.scanner = "dlp";
  finding.artifact = result.artifact < tree.artifacts.size() ? result.artifact : 0;
  finding.path = tree.artifacts[finding.artifact].path;
  finding.span = policy::Span{policy::SpanUnit::kBytes, result.span.begin, result.span.end};
  finding.evidence = result.evidence;
  finding.severity = policy::Severity::kLow;
  finding.confidence = static_cast<policy::Confidence>(result.confidence);
  finding.count = result.distinct;
  // Reported to be measured, not to act.
  finding.proposed = policy::Action::kAccept;
  return finding;
}

}  // namespace

base::Result<Findings> DlpScanner::Finish(const mail::ArtifactTree& tree, base::Deadline deadline) {
  static_cast<void>(deadline);
  if (!session_->evaluated) {
    return base::Error{base::ErrorCode::kUnavailable, "no evaluation: " + session_->failure};
  }
  Findings findings;
  if (!report_all_) return findings;
  for (const rules::DetectorResult& result : session_->evaluation.detectors) {
    if (session_->reported_codes.count("dlp." + result.detector) == 0)
      findings.push_back(FindingOf(result, tree));
  }
  return findings;
}

void DlpScanner::Report(policy::Analysis& analysis) const {
  for (const rules::DetectorResult& result : session_->evaluation.detectors) {
    analysis.detectors.push_back(
        {result.detector, result.distinct, static_cast<policy::Confidence>(result.confidence)});
  }
}

}  // namespace lazaret::scanners
