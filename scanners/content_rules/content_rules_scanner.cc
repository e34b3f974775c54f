#include "scanners/content_rules/content_rules_scanner.h"

#include <algorithm>

#include "scanners/content_rules/message_facts.h"

namespace lazaret::scanners {
namespace {

// Names of parts of documents are no text unit: no detector looks at them. One with so many digits
// may hold a value.
constexpr std::size_t kDigitsOfValue = 10;

policy::Severity SeverityOf(rules::RuleSeverity severity) {
  return static_cast<policy::Severity>(severity);
}
policy::Confidence ConfidenceOf(rules::Level level) {
  return static_cast<policy::Confidence>(level);
}

policy::Class ClassOf(const rules::RuleSummary& rule, std::optional<policy::Action> action) {
  if (const auto asked = policy::ParseClass(rule.cls)) return *asked;
  return action && *action >= policy::Action::kStrip ? policy::Class::kPolicy
                                                     : policy::Class::kSuspicious;
}

policy::Finding FindingOf(const rules::RuleMatch& match, const rules::RuleSummary& rule,
                          const mail::ArtifactTree& tree) {
  policy::Finding finding;
  finding.code = rule.code;
  finding.rule = rule.id;
  finding.rule_version = rule.version;
  finding.scanner = "content_rules";
  finding.artifact = match.artifact < tree.artifacts.size() ? match.artifact : 0;
  finding.path = tree.artifacts[finding.artifact].path;
  if (match.scope == rules::Scope::kSubject) finding.path += " > subject";
  finding.span = policy::Span{policy::SpanUnit::kBytes, match.span.begin, match.span.end};
  finding.evidence = match.evidence;
  finding.severity = SeverityOf(match.severity);
  finding.confidence = ConfidenceOf(match.confidence);
  finding.count = match.distinct;
  if (!match.action.empty()) finding.proposed = policy::ParseAction(match.action);
  finding.cls = ClassOf(rule, finding.proposed);
  finding.shadow = rule.state == rules::RuleState::kShadow;
  return finding;
}

policy::Finding TruncatedFinding(const mail::ArtifactTree& tree) {
  policy::Finding finding;
  finding.code = "scan.unscannable.text-budget";
  finding.cls = policy::Class::kUnscannable;
  finding.scanner = "content_rules";
  finding.path = tree.root().path;
  finding.evidence = "more text than rules may look at";
  return finding;
}

std::size_t DigitsIn(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

bool ReachesRecord(rules::Scope scope) {
  return scope == rules::Scope::kSubject || scope == rules::Scope::kFilename ||
         scope == rules::Scope::kHeader;
}

}  // namespace

void ContentRulesScanner::Begin(const policy::JobFacts& facts) {
  facts_ = facts;
  session_->Reset();
  mask_.Clear();
  mask_.MaskAllDigits(true);
}

base::Result<Findings> ContentRulesScanner::Finish(const mail::ArtifactTree& tree,
                                                   base::Deadline deadline) {
  const rules::MessageFacts facts = MakeMessageFacts(facts_, tree);
  auto evaluation = rules_->Evaluate(facts, deadline);
  if (!evaluation.ok()) {
    session_->failure = evaluation.error().text;
    return std::move(evaluation).error();
  }
  session_->evaluated = true;
  session_->evaluation = std::move(evaluation).value();
  Findings findings;
  for (const rules::RuleMatch& match : session_->evaluation.matches) {
    const rules::RuleSummary& rule = rules_->summaries()[match.rule];
    if (rule.state == rules::RuleState::kDraft) continue;
    findings.push_back(FindingOf(match, rule, tree));
    if (rule.state == rules::RuleState::kEnforce) session_->reported_codes.insert(rule.code);
  }
  if (session_->evaluation.truncated) findings.push_back(TruncatedFinding(tree));
  LearnValues(facts, tree);
  return findings;
}

// Overlapping spans of one text are one value: what one of them leaves out of another would stand
// in the clear.
void ContentRulesScanner::LearnValues(const rules::MessageFacts& facts,
                                      const mail::ArtifactTree& tree) {
  mask_.MaskAllDigits(session_->evaluation.truncated);
  std::vector<rules::SensitiveSpan> spans;
  for (const rules::SensitiveSpan& span : session_->evaluation.sensitive) {
    if (ReachesRecord(facts.units[span.unit].scope)) spans.push_back(span);
  }
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) {
    return a.unit != b.unit ? a.unit < b.unit : a.span.begin < b.span.begin;
  });
  for (std::size_t i = 0; i < spans.size();) {
    rules::MaskedSpan whole = spans[i].span;
    std::size_t next = i + 1;
    for (; next < spans.size() && spans[next].unit == spans[i].unit &&
           spans[next].span.begin < whole.end;
         ++next) {
      whole.end = std::max(whole.end, spans[next].span.end);
    }
    mask_.Add(facts.units[spans[i].unit].text.substr(whole.begin, whole.end - whole.begin),
              "[" + spans[i].detector + "]");
    i = next;
  }
  for (const mail::Artifact& artifact : tree.artifacts) {
    if (artifact.kind != mail::ArtifactKind::kObject) continue;
    for (const std::string& name : artifact.claimed_names) {
      if (DigitsIn(name) >= kDigitsOfValue) mask_.Add(name, "[name]");
    }
  }
}

void ContentRulesScanner::Report(policy::Analysis& analysis) const {
  static_cast<void>(mask_.Apply(analysis));
}

}  // namespace lazaret::scanners
