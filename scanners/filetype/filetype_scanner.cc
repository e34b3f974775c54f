#include "scanners/filetype/filetype_scanner.h"

#include <algorithm>
#include <iterator>

#include "mail/filetype/judge.h"

namespace lazaret::scanners {
namespace {

struct Entry {
  std::string_view code;
  policy::Class cls;
};

// docs/findings.md holds the same table for people.
constexpr Entry kClasses[] = {
    {"file.executable-disguised", policy::Class::kPolicy},
    {"file.executable-content", policy::Class::kPolicy},
    {"file.dangerous-extension", policy::Class::kPolicy},
    {"file.double-extension", policy::Class::kPolicy},
    {"file.bidi-name", policy::Class::kPolicy},
    {"file.disguised-extension", policy::Class::kPolicy},
    {"file.type-mismatch", policy::Class::kSuspicious},
    {"file.macro-document", policy::Class::kSuspicious},
    {"file.active-html", policy::Class::kSuspicious},
    {"file.active-svg", policy::Class::kSuspicious},
    {"file.script-as-text", policy::Class::kSuspicious},
};

// A doubtful case (a macro document by name, an invisible character in a name) is worth a tag, not
// a refusal: only high and critical ones break policy.
policy::Class ClassOf(const mail::TypeProblem& problem) {
  if (problem.severity < mail::ProblemSeverity::kHigh) return policy::Class::kSuspicious;
  for (const Entry& entry : kClasses) {
    if (entry.code == problem.code) return entry.cls;
  }
  return policy::Class::kSuspicious;
}

policy::Severity SeverityOf(mail::ProblemSeverity severity) {
  switch (severity) {
    case mail::ProblemSeverity::kLow:
      return policy::Severity::kLow;
    case mail::ProblemSeverity::kMedium:
      return policy::Severity::kMedium;
    case mail::ProblemSeverity::kHigh:
      return policy::Severity::kHigh;
    case mail::ProblemSeverity::kCritical:
      return policy::Severity::kCritical;
  }
  return policy::Severity::kMedium;
}

// Formats that people read and that mail/text does not. Encrypted ones have a finding already.
bool HoldsUnreadText(const mail::Artifact& artifact) {
  constexpr std::string_view kTypes[] = {
      "application/pdf",           "application/rtf",
      "application/msword",        "application/vnd.ms-excel",
      "application/vnd.visio",     "application/vnd.ms-powerpoint",
      "application/onenote",       "application/vnd.ms-office.macro",
      "application/x-ole-storage", "application/vnd.ms-outlook",
      "application/postscript",    "application/vnd.ms-tnef"};
  if (artifact.multipart || artifact.encrypted || artifact.content.empty()) return false;
  return std::find(std::begin(kTypes), std::end(kTypes), artifact.detected_type) !=
         std::end(kTypes);
}

}  // namespace

base::Result<Findings> FiletypeScanner::Scan(const mail::Artifact& artifact,
                                             base::Deadline deadline) {
  static_cast<void>(deadline);
  Findings findings;
  for (const mail::TypeProblem& problem : mail::JudgeType(artifact)) {
    policy::Finding finding;
    finding.code = problem.code;
    finding.cls = ClassOf(problem);
    finding.scanner = std::string(Name());
    finding.path = artifact.path;
    finding.artifact = artifact.id;
    finding.evidence = problem.detail;
    finding.severity = SeverityOf(problem.severity);
    finding.confidence = policy::Confidence::kHigh;
    findings.push_back(std::move(finding));
  }
  return findings;
}

base::Result<Findings> FiletypeScanner::Finish(const mail::ArtifactTree& tree,
                                               base::Deadline deadline) {
  static_cast<void>(deadline);
  Findings findings;
  for (const mail::Artifact& artifact : tree.artifacts) {
    if (!HoldsUnreadText(artifact)) continue;
    if (!findings.empty()) {
      ++findings.front().count;
      continue;
    }
    policy::Finding note;
    note.code = "scan.not-looked.text";
    note.cls = policy::Class::kClean;
    note.scanner = std::string(Name());
    note.path = artifact.path;
    note.artifact = artifact.id;
    note.evidence = "rules have not seen the text of " + artifact.detected_type;
    note.severity = policy::Severity::kInfo;
    note.confidence = policy::Confidence::kHigh;
    findings.push_back(std::move(note));
  }
  return findings;
}

}  // namespace lazaret::scanners
