#include "scanners/ambiguity/ambiguity_scanner.h"

#include "base/text.h"

namespace lazaret::scanners {
namespace {

constexpr std::size_t kMaxDetailBytes = 300;

policy::Finding FindingAt(const mail::ArtifactTree& tree, std::uint32_t artifact,
                          const std::string& code, const std::string& detail) {
  policy::Finding finding;
  finding.code = code;
  finding.scanner = "ambiguity";
  finding.artifact = artifact < tree.artifacts.size() ? artifact : 0;
  finding.path = tree.artifacts[finding.artifact].path;
  finding.evidence = base::EscapeLine(detail, kMaxDetailBytes);
  finding.confidence = policy::Confidence::kHigh;
  return finding;
}

policy::Finding FindingOf(const mail::ArtifactTree& tree, const mail::Difference& difference) {
  policy::Finding finding =
      FindingAt(tree, difference.artifact, difference.code, difference.detail);
  const bool ambiguous = difference.level == mail::DifferenceLevel::kAmbiguous;
  finding.cls = ambiguous ? policy::Class::kAmbiguous : policy::Class::kClean;
  finding.severity = ambiguous ? policy::Severity::kHigh : policy::Severity::kInfo;
  finding.span = policy::Span{policy::SpanUnit::kBytes, difference.offset, difference.offset};
  return finding;
}

policy::Finding FindingOf(const mail::ArtifactTree& tree, const mail::Unreadable& unreadable) {
  policy::Finding finding =
      FindingAt(tree, unreadable.artifact, unreadable.code, unreadable.reason);
  finding.cls = policy::Class::kUnscannable;
  finding.count = unreadable.count;
  finding.severity = policy::Severity::kMedium;
  return finding;
}

}  // namespace

base::Result<Findings> AmbiguityScanner::Finish(const mail::ArtifactTree& tree,
                                                base::Deadline deadline) {
  static_cast<void>(deadline);
  Findings findings;
  for (const mail::Difference& difference : tree.differences)
    findings.push_back(FindingOf(tree, difference));
  for (const mail::Unreadable& unreadable : tree.unreadable)
    findings.push_back(FindingOf(tree, unreadable));
  return findings;
}

}  // namespace lazaret::scanners
