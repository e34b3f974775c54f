#include "app/analyzer/scanner_set.h"

#include "scanners/confined_scanners.h"

namespace lazaret::analyzer {

std::unique_ptr<Pipeline> MakePipeline(const Generation& generation,
                                       std::shared_ptr<const rules::RuleSet> rules) {
  const config::Config& config = *generation.config;
  scanners::ConfinedDependencies dependencies;
  dependencies.engine = generation.engine;
  dependencies.rules = std::move(rules);
  dependencies.report_all_detectors = config.dlp_report_all;
  mail::ReadLimits limits;
  limits.max_archive_members = config.clamav.max_files;
  limits.max_member_bytes = config.clamav.max_file_bytes;
  limits.max_unpacked_bytes = config.clamav.max_scan_bytes;
  limits.max_archive_depth = static_cast<int>(config.clamav.max_recursion);
  return std::make_unique<Pipeline>(scanners::MakeConfinedScanners(std::move(dependencies)),
                                    limits);
}

}  // namespace lazaret::analyzer
