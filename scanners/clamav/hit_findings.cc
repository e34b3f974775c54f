#include "scanners/clamav/hit_findings.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace lazaret::scanners {
namespace {

constexpr std::string_view kLimits = "Heuristics.Limits.Exceeded";
constexpr std::string_view kEncrypted = "Heuristics.Encrypted";
constexpr std::string_view kPhishing = "Heuristics.Phishing";
// Heuristics that are a doubt. Every other one (worms, exploits, infected programs) is a detection.
constexpr std::array<std::string_view, 5> kDoubts = {kPhishing, "Heuristics.OLE2.ContainsMacros",
                                                     "Heuristics.Broken", "Heuristics.Structured",
                                                     "Heuristics.PartitionIntersection"};

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// "Heuristics.Limits.Exceeded.MaxFiles" -> "maxfiles"
std::string LimitName(std::string_view name) {
  if (name.size() <= kLimits.size() + 1) return "limit";
  return base::AsciiLower(name.substr(kLimits.size() + 1));
}

}  // namespace

HitKind KindOf(const Hit& hit) {
  // libclamav reports a message above its size limit as a virus without a name.
  if (hit.name.empty()) return HitKind::kUnscannable;
  if (hit.name == "Heuristics.Limits.Exceeded.MaxScanTime") return HitKind::kOutOfTime;
  if (StartsWith(hit.name, kLimits) || StartsWith(hit.name, kEncrypted))
    return HitKind::kUnscannable;
  const bool doubt = std::any_of(kDoubts.begin(), kDoubts.end(), [&](std::string_view prefix) {
    return StartsWith(hit.name, prefix);
  });
  return doubt ? HitKind::kSuspicious : HitKind::kSignature;
}

bool IsLimit(const Hit& hit) {
  return KindOf(hit) == HitKind::kUnscannable && !StartsWith(hit.name, kEncrypted);
}

policy::Finding FindingOf(const Hit& hit, const mail::ArtifactTree& tree) {
  policy::Finding finding;
  finding.scanner = "clamav";
  finding.rule = hit.name;
  finding.artifact = hit.artifact.value_or(0);
  finding.path = tree.artifacts[finding.artifact].path;
  finding.confidence = policy::Confidence::kHigh;
  switch (KindOf(hit)) {
    case HitKind::kSignature:
      finding.code = "clamav.signature";
      finding.cls = policy::Class::kMalicious;
      finding.severity = policy::Severity::kCritical;
      break;
    case HitKind::kUnscannable:
    case HitKind::kOutOfTime:
      finding.cls = policy::Class::kUnscannable;
      finding.severity = policy::Severity::kMedium;
      if (hit.name.empty()) {
        finding.code = "scan.unscannable.maxfilesize";
        finding.rule = "Heuristics.Limits.Exceeded";
      } else if (StartsWith(hit.name, kEncrypted)) {
        finding.code = "scan.unscannable.encrypted";
      } else {
        finding.code = "scan.unscannable." + LimitName(hit.name);
      }
      break;
    case HitKind::kSuspicious:
      finding.code = hit.name.find("ContainsMacros") != std::string::npos ? "clamav.macros"
                     : StartsWith(hit.name, kPhishing)                    ? "clamav.phishing"
                                                                          : "clamav.heuristic";
      finding.cls = policy::Class::kSuspicious;
      finding.severity = policy::Severity::kMedium;
      finding.confidence = policy::Confidence::kMedium;
      break;
  }
  return finding;
}

}  // namespace lazaret::scanners
