// The scanners of the confined zone, in one table. Adding one: a folder, a line here, a test
// (docs/adding-a-scanner.md).
#ifndef LAZARET_SCANNERS_CONFINED_SCANNERS_H_
#define LAZARET_SCANNERS_CONFINED_SCANNERS_H_

#include <memory>
#include <string_view>
#include <vector>

#include "rules/rule_set.h"
#include "scanners/clamav/engine.h"
#include "scanners/content_rules/content_session.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

struct ConfinedDependencies {
  ClamavEngine* engine = nullptr;  // outlives the scanners
  std::shared_ptr<const rules::RuleSet> rules;
  bool report_all_detectors = false;
  std::shared_ptr<ContentSession> content;  // filled by MakeConfinedScanners
};

// One instance of each, in the order in which they run.
std::vector<std::unique_ptr<Scanner>> MakeConfinedScanners(ConfinedDependencies dependencies);

std::vector<std::string_view> ConfinedScannerNames();

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CONFINED_SCANNERS_H_
