// Turns what the detectors found into counts for the record, whether or not a rule asks, and with
// dlp.report_all into findings `dlp.<detector>` that label but do not act.
#ifndef LAZARET_SCANNERS_DLP_DLP_SCANNER_H_
#define LAZARET_SCANNERS_DLP_DLP_SCANNER_H_

#include <memory>

#include "scanners/content_rules/content_session.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

class DlpScanner final : public Scanner {
 public:
  // Runs after content_rules, whose evaluation it reads.
  DlpScanner(std::shared_ptr<ContentSession> session, bool report_all)
      : session_(std::move(session)), report_all_(report_all) {}

  std::string_view Name() const override { return "dlp"; }
  bool Wants(const mail::Artifact&) const override { return false; }
  base::Result<Findings> Scan(const mail::Artifact&, base::Deadline) override { return Findings{}; }
  base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) override;
  void Report(policy::Analysis& analysis) const override;

 private:
  std::shared_ptr<ContentSession> session_;
  bool report_all_;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_DLP_DLP_SCANNER_H_
