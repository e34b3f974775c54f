#include "scanners/confined_scanners.h"

#include "scanners/ambiguity/ambiguity_scanner.h"
#include "scanners/clamav/clamav_scanner.h"
#include "scanners/content_rules/content_rules_scanner.h"
#include "scanners/dlp/dlp_scanner.h"
#include "scanners/filetype/filetype_scanner.h"

namespace lazaret::scanners {
namespace {

using Made = std::unique_ptr<Scanner>;

struct Entry {
  std::string_view name;
  Made (*make)(const ConfinedDependencies&);
};

// Order matters where a line says so.
constexpr Entry kScanners[] = {
    {"ambiguity",
     [](const ConfinedDependencies&) -> Made { return std::make_unique<AmbiguityScanner>(); }},
    {"filetype",
     [](const ConfinedDependencies&) -> Made { return std::make_unique<FiletypeScanner>(); }},
    {"clamav",
     [](const ConfinedDependencies& d) -> Made {
       return std::make_unique<ClamavScanner>(*d.engine);
     }},
    {"content_rules",
     [](const ConfinedDependencies& d) -> Made {
       return std::make_unique<ContentRulesScanner>(d.rules, d.content);
     }},
    // after content_rules, whose evaluation it reads
    {"dlp",
     [](const ConfinedDependencies& d) -> Made {
       return std::make_unique<DlpScanner>(d.content, d.report_all_detectors);
     }},
};

}  // namespace

std::vector<Made> MakeConfinedScanners(ConfinedDependencies dependencies) {
  dependencies.content = std::make_shared<ContentSession>();
  std::vector<Made> scanners;
  for (const Entry& entry : kScanners) {
    scanners.push_back(entry.make(dependencies));
    LAZARET_CHECK(scanners.back()->Name() == entry.name);
  }
  return scanners;
}

std::vector<std::string_view> ConfinedScannerNames() {
  std::vector<std::string_view> names;
  for (const Entry& entry : kScanners) names.push_back(entry.name);
  return names;
}

}  // namespace lazaret::scanners
