#include "scanners/content_rules/content_rules_scanner.h"

#include "scanners/content_rules/message_facts.h"

namespace lazaret::scanners {
namespace {

constexpr std::size_t kMaxSecrets =
    256;  // stops a message made of numbers from costing replacements
constexpr std::size_t kMinSecretBytes = 4;  // shorter ones would mask half of every path

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

void ReplaceAll(std::string& text, const std::string& value, const std::string& mask) {
  for (std::size_t at = text.find(value); at != std::string::npos;
       at = text.find(value, at + mask.size())) {
    text.replace(at, value.size(), mask);
  }
}

// Where no detector could look, nothing is known to be harmless.
void MaskDigits(std::string& text) {
  for (char& c : text) {
    if (c >= '0' && c <= '9') c = '#';
  }
}

bool ReachesRecord(rules::Scope scope) {
  return scope == rules::Scope::kSubject || scope == rules::Scope::kFilename ||
         scope == rules::Scope::kHeader;
}

}  // namespace

void ContentRulesScanner::Begin(const policy::JobFacts& facts) {
  facts_ = facts;
  session_->Reset();
  secrets_.clear();
  mask_digits_ = true;
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
  mask_digits_ = false;
  session_->evaluation = std::move(evaluation).value();
  Findings findings;
  for (const rules::RuleMatch& match : session_->evaluation.matches) {
    const rules::RuleSummary& rule = rules_->summaries()[match.rule];
    if (rule.state == rules::RuleState::kDraft) continue;
    findings.push_back(FindingOf(match, rule, tree));
    if (rule.state == rules::RuleState::kEnforce) session_->reported_codes.insert(rule.code);
  }
  if (session_->evaluation.truncated) findings.push_back(TruncatedFinding(tree));
  for (const rules::SensitiveSpan& span : session_->evaluation.sensitive) {
    const rules::TextUnit& unit = facts.units[span.unit];
    if (!ReachesRecord(unit.scope)) continue;
    if (secrets_.size() >= kMaxSecrets) {
      mask_digits_ = true;
      break;
    }
    std::string value(unit.text.substr(span.span.begin, span.span.end - span.span.begin));
    if (value.size() >= kMinSecretBytes)
      secrets_.push_back({std::move(value), "[" + span.detector + "]"});
  }
  return findings;
}

void ContentRulesScanner::Report(policy::Analysis& analysis) const {
  if (mask_digits_) {
    MaskDigits(analysis.subject);
    for (policy::ArtifactRecord& record : analysis.tree) MaskDigits(record.claimed_name);
  }
  for (const Secret& secret : secrets_) {
    ReplaceAll(analysis.subject, secret.value, secret.mask);
    for (policy::ArtifactRecord& record : analysis.tree) {
      ReplaceAll(record.path, secret.value, secret.mask);
      ReplaceAll(record.claimed_name, secret.value, secret.mask);
    }
    for (policy::Finding& finding : analysis.findings) {
      ReplaceAll(finding.path, secret.value, secret.mask);
      ReplaceAll(finding.evidence, secret.value, secret.mask);
    }
    for (policy::NotLooked& item : analysis.not_looked)
      ReplaceAll(item.reason, secret.value, secret.mask);
  }
}

}  // namespace lazaret::scanners
