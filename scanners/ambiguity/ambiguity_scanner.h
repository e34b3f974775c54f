// Turns what the reader noticed into findings: two possible readings are class ambiguous, broken
// but unambiguous shapes are recorded without weight, and what could not be read is unscannable.
#ifndef LAZARET_SCANNERS_AMBIGUITY_AMBIGUITY_SCANNER_H_
#define LAZARET_SCANNERS_AMBIGUITY_AMBIGUITY_SCANNER_H_

#include "scanners/scanner.h"

namespace lazaret::scanners {

class AmbiguityScanner final : public Scanner {
 public:
  std::string_view Name() const override { return "ambiguity"; }
  bool Wants(const mail::Artifact&) const override { return false; }
  base::Result<Findings> Scan(const mail::Artifact&, base::Deadline) override { return Findings{}; }
  base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) override;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_AMBIGUITY_AMBIGUITY_SCANNER_H_
