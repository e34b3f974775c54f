#include "scanners/filetype/filetype_scanner.h"

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

}  // namespace lazaret::scanners
