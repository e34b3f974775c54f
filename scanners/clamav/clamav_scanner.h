// Carries out the scan plan over a whole message (docs/ARCHITECTURE.md, "The scan plan"): one
// libclamav call over the raw message behind a Received line of our own, every layer compared with
// the objects our reader holds, and further calls over canonical messages of what libclamav did not
// see, or did not see as what a reader would take it for.
//
// Clean means: return code 0, no error message, first layer is the whole message as mail, and every
// own object of 6 bytes or more was seen. Anything less is an error (could not look), a finding, or
// both: nothing that was found excuses what was not looked at.
#ifndef LAZARET_SCANNERS_CLAMAV_CLAMAV_SCANNER_H_
#define LAZARET_SCANNERS_CLAMAV_CLAMAV_SCANNER_H_

#include <string>

#include "scanners/clamav/engine.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

class ClamavScanner final : public Scanner {
 public:
  // `engine` must outlive the scanner.
  explicit ClamavScanner(ClamavEngine& engine) : engine_(engine) {}

  std::string_view Name() const override { return "clamav"; }
  void Begin(const policy::JobFacts& facts) override;
  // Everything happens in Finish, over the message as a whole.
  bool Wants(const mail::Artifact&) const override { return false; }
  base::Result<Findings> Scan(const mail::Artifact&, base::Deadline) override { return Findings{}; }
  // When something was found and something else not looked at, scan.error.clamav is among the
  // findings.
  base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) override;
  // Then the scanner stands under not_looked in place of that finding; the decision makes it again
  // with the weight the policy gives this scanner.
  void Report(policy::Analysis& analysis) const override;

 private:
  ClamavEngine& engine_;
  std::string could_not_look_;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_CLAMAV_SCANNER_H_
