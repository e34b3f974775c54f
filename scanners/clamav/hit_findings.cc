#include "scanners/clamav/hit_findings.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"

namespace lazaret::scanners {
namespace {

constexpr std::string_view kLimits = "Heuristics.Limits.Exceeded";
constexpr std::string_view kEncrypted = "Heuristics.Encrypted";
constexpr std::string_view kPhishing = "Heuristics.Phishing";
// Heuristics that are a doubt. Every other one (worms, exploits, infected programs) is a detection.
constexpr std::array<std::string_view, 10> kDoubts = {kPhishing,
                                                      "Heuristics.OLE2.ContainsMacros",
                                                      "Heuristics.Broken",
                                                      "Heuristics.Structured",
                                                      "Heuristics.Safebrowsing",
                                                      "Heuristics.BoundsCheck",
                                                      "Heuristics.PDF.ObfuscatedNameObject",
                                                      "Heuristics.APMPartition",
                                                      "Heuristics.GPTPartition",
                                                      "Heuristics.MBRPartition"};
// A stream that needs more memory than libclamav gives it stays closed.
constexpr std::string_view kXzDictionary = "Heuristics.XZ.DicSizeLimit";

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// "Heuristics.Limits.Exceeded.MaxFiles" -> "maxfiles"
std::string LimitName(std::string_view name) {
  if (name == kXzDictionary) return "xz-dictionary";
  if (name.size() <= kLimits.size() + 1) return "limit";
  return base::AsciiLower(name.substr(kLimits.size() + 1));
}

}  // namespace

HitKind KindOf(const Hit& hit) {
  // libclamav reports a message above its size limit as a virus without a name.
  if (hit.name.empty()) return HitKind::kUnscannable;
  if (hit.name == "Heuristics.Limits.Exceeded.MaxScanTime") return HitKind::kOutOfTime;
  if (StartsWith(hit.name, kLimits) || StartsWith(hit.name, kEncrypted) ||
      hit.name == kXzDictionary)
    return HitKind::kUnscannable;
  const bool doubt = std::any_of(kDoubts.begin(), kDoubts.end(), [&](std::string_view prefix) {
    return StartsWith(hit.name, prefix);
  });
  return doubt ? HitKind::kSuspicious : HitKind::kSignature;
}

bool IsLimit(const Hit& hit) {
  return KindOf(hit) == HitKind::kUnscannable && !StartsWith(hit.name, kEncrypted);
}

bool EndsTheScan(const Hit& hit) {
  return hit.name == "Heuristics.Limits.Exceeded.MaxScanSize" ||
         hit.name == "Heuristics.Limits.Exceeded.MaxFiles";
}

bool IsFileTooLarge(const Hit& hit) {
  return hit.name.empty() || hit.name == "Heuristics.Limits.Exceeded.MaxFileSize";
}

namespace {

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

// "Somewhere in the message" adds nothing when the same signature is known in one of our objects.
bool NamedElsewhere(const Hit& hit, const std::vector<Hit>& hits) {
  return !hit.artifact && std::any_of(hits.begin(), hits.end(), [&](const Hit& other) {
    return other.name == hit.name && other.artifact.has_value();
  });
}

policy::Finding AboutMessage(const mail::ArtifactTree& tree, std::string_view code,
                             policy::Class cls, const std::string& evidence) {
  policy::Finding finding;
  finding.code = code;
  finding.cls = cls;
  finding.scanner = "clamav";
  finding.path = tree.root().path;
  finding.evidence = evidence;
  return finding;
}

}  // namespace

Findings FindingsOf(const std::vector<Hit>& hits, const mail::ArtifactTree& tree) {
  Findings findings;
  for (const Hit& hit : hits) {
    if (KindOf(hit) == HitKind::kOutOfTime) continue;
    if (IsLimit(hit)) {
      const policy::Finding limit = FindingOf(hit, tree);
      const auto known =
          std::find_if(findings.begin(), findings.end(), [&](const policy::Finding& other) {
            return other.code == limit.code && other.rule == limit.rule;
          });
      if (known == findings.end()) {
        findings.push_back(limit);
        findings.back().count = hit.count;
      } else {
        known->count += hit.count;
      }
    } else if (!NamedElsewhere(hit, hits)) {
      findings.push_back(FindingOf(hit, tree));
    }
  }
  return findings;
}

policy::Finding NotSeenFinding(const mail::ArtifactTree& tree, const std::string& why) {
  policy::Finding finding = AboutMessage(tree, kNotSeenCode, policy::Class::kError, why);
  finding.severity = policy::Severity::kHigh;
  finding.confidence = policy::Confidence::kHigh;
  return finding;
}

policy::Finding DamagedFinding(const mail::ArtifactTree& tree, const std::string& error) {
  return AboutMessage(tree, "scan.unscannable.damaged", policy::Class::kUnscannable, error);
}

policy::Finding UnlistedFinding(const mail::ArtifactTree& tree, std::uint32_t count) {
  policy::Finding finding =
      AboutMessage(tree, "scan.unscannable.findings", policy::Class::kUnscannable,
                   base::Format("{} more hits of the signatures listed", count));
  finding.count = count;
  return finding;
}

policy::Finding WrongRootFinding(const mail::ArtifactTree& tree, const std::string& type) {
  policy::Finding finding =
      AboutMessage(tree, "mime.root-not-mail", policy::Class::kAmbiguous, "taken for " + type);
  finding.severity = policy::Severity::kHigh;
  finding.confidence = policy::Confidence::kHigh;
  return finding;
}

void AddNotAfforded(Findings& findings, const mail::ArtifactTree& tree, std::uint32_t count) {
  constexpr std::string_view kCode = "scan.unscannable.maxscansize";
  const auto known =
      std::find_if(findings.begin(), findings.end(),
                   [&](const policy::Finding& finding) { return finding.code == kCode; });
  if (known != findings.end()) {
    known->evidence = base::Format("{} objects were not looked at", count);
    return;
  }
  findings.push_back(AboutMessage(tree, kCode, policy::Class::kUnscannable,
                                  base::Format("{} objects were not looked at", count)));
  findings.back().count = count;
}

}  // namespace lazaret::scanners
