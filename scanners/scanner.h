// A Scanner looks at one message at a time and reports facts; it never decides what happens to the
// mail. One instance lives in one worker and is called by one thread: Begin, then Scan for each
// artifact it wants, then Finish. The tree is complete before the first Scan.
#ifndef LAZARET_SCANNERS_SCANNER_H_
#define LAZARET_SCANNERS_SCANNER_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mail/model/artifact.h"
#include "policy/analysis.h"
#include "policy/finding.h"

namespace lazaret::scanners {

using Findings = std::vector<policy::Finding>;

class Scanner {
 public:
  virtual ~Scanner() = default;

  // Stable: stored in the verdict log. Renaming it is a data migration.
  virtual std::string_view Name() const = 0;

  // Envelope, trusted authentication results, history. Resets what the last message left.
  virtual void Begin(const policy::JobFacts& facts) { static_cast<void>(facts); }

  // Cheap: type, size, place; never content.
  virtual bool Wants(const mail::Artifact& artifact) const = 0;

  // Empty = looked, found nothing. Error = could not look: never read as clean.
  virtual base::Result<Findings> Scan(const mail::Artifact& artifact, base::Deadline deadline) = 0;

  // The whole message, after the last Scan.
  virtual base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) {
    static_cast<void>(tree);
    static_cast<void>(deadline);
    return Findings{};
  }

  // What only this scanner knows and the record wants; asked after Finish. Default: nothing.
  virtual void Report(policy::Analysis& analysis) const { static_cast<void>(analysis); }
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_SCANNER_H_
