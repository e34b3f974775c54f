// Turns what mail/filetype says about names, declared type and content into findings, and notes the
// documents whose text no rule has seen (scan.not-looked.text: recorded only).
#ifndef LAZARET_SCANNERS_FILETYPE_FILETYPE_SCANNER_H_
#define LAZARET_SCANNERS_FILETYPE_FILETYPE_SCANNER_H_

#include "scanners/scanner.h"

namespace lazaret::scanners {

class FiletypeScanner final : public Scanner {
 public:
  std::string_view Name() const override { return "filetype"; }
  bool Wants(const mail::Artifact& artifact) const override { return artifact.id != 0; }
  base::Result<Findings> Scan(const mail::Artifact& artifact, base::Deadline deadline) override;
  base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) override;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_FILETYPE_FILETYPE_SCANNER_H_
