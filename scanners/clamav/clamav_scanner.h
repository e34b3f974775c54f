// Carries out the scan plan over a whole message (docs/ARCHITECTURE.md, "The scan plan"): one
// libclamav call over the raw message behind a Received line of our own, every layer compared with
// the objects our reader holds, and a second call over a canonical message of what libclamav did
// not see.
//
// Clean means: return code 0, no error message, first layer is the whole message as mail, and every
// own object of 6 bytes or more was seen. Anything less is an error (could not look), a finding, or
// both.
#ifndef LAZARET_SCANNERS_CLAMAV_CLAMAV_SCANNER_H_
#define LAZARET_SCANNERS_CLAMAV_CLAMAV_SCANNER_H_

#include "scanners/clamav/engine.h"
#include "scanners/clamav/scan_call.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

class ClamavScanner final : public Scanner {
 public:
  // `engine` must outlive the scanner.
  explicit ClamavScanner(ClamavEngine& engine) : engine_(engine) {}

  std::string_view Name() const override { return "clamav"; }
  // Everything happens in Finish, over the message as a whole.
  bool Wants(const mail::Artifact&) const override { return false; }
  base::Result<Findings> Scan(const mail::Artifact&, base::Deadline) override { return Findings{}; }
  base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) override;

 private:
  ClamavEngine& engine_;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_CLAMAV_SCANNER_H_
