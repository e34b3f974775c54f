#include "policy/decide.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "policy/match.h"

namespace lazaret::policy {
namespace {

constexpr std::size_t kMaxReasonBytes = 200;

Finding ErrorFinding(const std::string& scanner, const std::string& reason) {
  Finding finding;
  finding.code = "scan.error." + scanner;
  finding.cls = Class::kError;
  finding.scanner = scanner;
  finding.path = "message";
  finding.evidence = reason;
  finding.severity = Severity::kHigh;
  finding.confidence = Confidence::kHigh;
  return finding;
}

// An advisory scanner that could not look is said, and has no weight.
Finding NotLookedNote(const NotLooked& item) {
  Finding finding = ErrorFinding(item.scanner, item.reason);
  finding.code = "scan.not-looked." + item.scanner;
  finding.cls = Class::kClean;
  finding.severity = Severity::kInfo;
  return finding;
}

bool IsMandatory(const Policy& policy, std::string_view scanner) {
  return std::find(policy.mandatory_scanners.begin(), policy.mandatory_scanners.end(), scanner) !=
         policy.mandatory_scanners.end();
}

constexpr std::string_view kAnalyzer = "analyzer";
constexpr std::string_view kPoisonCode = "scan.error.poison";
constexpr std::string_view kBusyCode = "scan.error.busy";

// Said by AnalysisForFailure alone: no scanner ran at all. Kept apart from the findings, so that no
// finding a worker reports can stand in for the scanners that are missing.
bool AnalyzerFailed(const Analysis& analysis) {
  return std::any_of(analysis.not_looked.begin(), analysis.not_looked.end(),
                     [](const NotLooked& item) { return item.scanner == kAnalyzer; });
}

// Whether the failure is among the findings already, at its full weight.
bool SaysAnalyzerFailed(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.code == "scan.error.analyzer" && finding.cls == Class::kError &&
           !finding.shadow && !finding.proposed;
  });
}

bool SaysWhy(const Analysis& analysis) {
  const auto says = [&](std::string_view code) {
    return std::any_of(
        analysis.findings.begin(), analysis.findings.end(), [&](const Finding& finding) {
          return finding.code == code && finding.cls == Class::kError && !finding.shadow;
        });
  };
  return (analysis.poison && says(kPoisonCode)) || (analysis.busy && says(kBusyCode));
}

std::vector<Finding> AllFindings(const Analysis& analysis, const Policy& policy) {
  std::vector<Finding> findings = analysis.findings;
  // One reason is enough when no scanner ran at all.
  if (AnalyzerFailed(analysis)) {
    if (!SaysAnalyzerFailed(findings) && !SaysWhy(analysis))
      findings.push_back(ErrorFinding(std::string(kAnalyzer), "did not report"));
    return findings;
  }
  for (const NotLooked& item : analysis.not_looked) {
    findings.push_back(IsMandatory(policy, item.scanner) ? ErrorFinding(item.scanner, item.reason)
                                                         : NotLookedNote(item));
  }
  for (const std::string& scanner : policy.mandatory_scanners) {
    const bool looked =
        std::find(analysis.looked.begin(), analysis.looked.end(), scanner) != analysis.looked.end();
    const bool said = std::any_of(analysis.not_looked.begin(), analysis.not_looked.end(),
                                  [&](const NotLooked& item) { return item.scanner == scanner; });
    if (!looked && !said) findings.push_back(ErrorFinding(scanner, "did not report"));
  }
  return findings;
}

struct Found {
  Action action = Action::kAccept;
  std::string key;
};

// The finding's code, then each shorter dotted prefix of it: the most specific entry wins.
std::optional<Found> ByCode(const Block& block, std::string_view code) {
  for (std::string_view key = code; !key.empty();) {
    const auto entry = block.codes.find(key);
    if (entry != block.codes.end()) return Found{entry->second, std::string(key)};
    const std::size_t dot = key.rfind('.');
    key = dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
  }
  return std::nullopt;
}

std::optional<Found> ByClass(const std::map<Class, Action>& actions, Class cls) {
  const auto entry = actions.find(cls);
  if (entry == actions.end()) return std::nullopt;
  return Found{entry->second, std::string(Name(cls))};
}

Step StepFor(std::uint32_t index, const Finding& finding, const Block* block,
             const Policy& policy) {
  Step step;
  step.finding = index;
  const auto take = [&step](const Found& found, StepSource source) {
    step.action = found.action;
    step.key = found.key;
    step.source = source;
  };
  std::optional<Found> found = block != nullptr ? ByCode(*block, finding.code) : std::nullopt;
  if (found) {
    take(*found, StepSource::kCode);
  } else if (finding.proposed) {
    take({*finding.proposed, finding.rule}, StepSource::kRule);
  } else if (block != nullptr && (found = ByClass(block->classes, finding.cls))) {
    take(*found, StepSource::kClass);
  } else if ((found = ByClass(policy.defaults, finding.cls))) {
    take(*found, StepSource::kDefault);
  } else {
    const std::map<Class, Action> shipped = DefaultClassActions();
    take({shipped.at(finding.cls), std::string(Name(finding.cls))}, StepSource::kDefault);
  }
  // A rule in state shadow says what it would have done, and does nothing.
  if (finding.shadow) step.source = StepSource::kShadow;
  return step;
}

const Block* BlockFor(const DecideInput& input, std::string_view recipient) {
  for (const Block& block : input.policy.blocks) {
    if (WhenMatches(block.when, input.envelope, recipient)) return &block;
  }
  return nullptr;
}

// Action of class clean for a message: what policy gives when there is nothing to say. It is the
// floor under every recipient, so that a finding can only add to it.
Action CleanAction(const Block* block, const Policy& policy) {
  if (block != nullptr) {
    const auto found = ByClass(block->classes, Class::kClean);
    if (found) return found->action;
  }
  const auto found = ByClass(policy.defaults, Class::kClean);
  return found ? found->action : Action::kAccept;
}

bool IsObserved(const DecideInput& input, std::string_view recipient) {
  const Policy& policy = input.policy;
  if (policy.mode == Mode::kObserve) return true;
  const auto has = [](const std::vector<std::string>& list, const std::string& value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  };
  return has(policy.observe.daemons, input.envelope.daemon_name) ||
         has(policy.observe.domains, DomainOf(recipient));
}

// What one block (or none) makes of all findings: the same for each of its recipients.
struct BlockVerdict {
  Action action = Action::kAccept;
  Action for_errors = Action::kAccept;  // the strongest that class error alone earns
  Steps steps;
};

BlockVerdict JudgeFor(const Block* block, const std::vector<Finding>& findings,
                      const Policy& policy) {
  BlockVerdict out;
  out.action = CleanAction(block, policy);
  std::vector<Step> steps;
  steps.reserve(findings.size());
  for (std::size_t i = 0; i < findings.size(); ++i) {
    Step step = StepFor(static_cast<std::uint32_t>(i), findings[i], block, policy);
    if (step.source != StepSource::kShadow) {
      out.action = std::max(out.action, step.action);
      if (findings[i].cls == Class::kError) out.for_errors = std::max(out.for_errors, step.action);
    }
    steps.push_back(std::move(step));
  }
  out.steps = Steps(std::move(steps));
  return out;
}

// What is carried out under observe: nothing, except that could-not-look is answered tempfail where
// the policy stops it at all, unless `observe_errors: accept` is written.
Action ObservedAction(const BlockVerdict& verdict, const Policy& policy) {
  if (policy.observe_errors == Action::kAccept) return Action::kAccept;
  return verdict.for_errors >= Action::kHold ? Action::kTempfail : verdict.for_errors;
}

struct Judged {
  RecipientVerdict verdict;
  Action carried_out = Action::kAccept;
};

class RecipientJudge {
 public:
  RecipientJudge(const DecideInput& input, const std::vector<Finding>& findings)
      : input_(input), findings_(findings) {}

  Judged Judge(const std::string& recipient) {
    Judged out;
    const Block* block = BlockFor(input_, recipient);
    const BlockVerdict& made = Of(block);
    out.verdict.recipient = recipient;
    if (block != nullptr) {
      out.verdict.block = block->name;
      out.verdict.block_origin = block->origin;
    }
    out.verdict.action = made.action;
    out.verdict.steps = made.steps;
    out.verdict.observed = IsObserved(input_, recipient);
    out.carried_out =
        out.verdict.observed ? ObservedAction(made, input_.policy) : out.verdict.action;
    if (!input_.analysis.busy) return out;
    out.verdict.observed = false;
    out.verdict.action = out.carried_out = Action::kTempfail;
    return out;
  }

 private:
  const BlockVerdict& Of(const Block* block) {
    const auto known = made_.find(block);
    if (known != made_.end()) return known->second;
    return made_.emplace(block, JudgeFor(block, findings_, input_.policy)).first->second;
  }

  const DecideInput& input_;
  const std::vector<Finding>& findings_;
  std::map<const Block*, BlockVerdict> made_;
};

std::string ReasonOf(const std::vector<Finding>& findings, Class cls) {
  const Finding* worst = nullptr;
  std::size_t acting = 0;
  for (const Finding& finding : findings) {
    if (finding.shadow || finding.cls == Class::kClean) continue;
    ++acting;
    if (worst == nullptr || finding.cls > worst->cls ||
        (finding.cls == worst->cls && finding.severity > worst->severity)) {
      worst = &finding;
    }
  }
  if (worst == nullptr) return std::string(Name(cls));
  std::string reason = worst->code;
  if (!worst->rule.empty()) reason += ": " + worst->rule;
  reason = base::EscapeLine(reason, kMaxReasonBytes);
  if (acting > 1) reason += " (+" + std::to_string(acting - 1) + " more)";
  return reason;
}

}  // namespace

std::vector<Step>& Steps::Own() {
  if (!list_) {
    list_ = std::make_shared<std::vector<Step>>();
  } else if (list_.use_count() > 1) {
    list_ = std::make_shared<std::vector<Step>>(*list_);
  }
  return *list_;
}

std::map<Class, Action> DefaultClassActions() {
  return {{Class::kClean, Action::kAccept},     {Class::kSuspicious, Action::kTag},
          {Class::kAmbiguous, Action::kHold},   {Class::kPolicy, Action::kReject},
          {Class::kUnscannable, Action::kHold}, {Class::kError, Action::kTempfail},
          {Class::kMalicious, Action::kReject}};
}

Verdict Decide(const DecideInput& input) {
  Verdict verdict;
  verdict.findings = AllFindings(input.analysis, input.policy);
  for (const Finding& finding : verdict.findings) {
    if (!finding.shadow) verdict.cls = std::max(verdict.cls, finding.cls);
  }
  std::vector<std::string> recipients = input.envelope.recipients;
  if (recipients.empty()) recipients.emplace_back();
  RecipientJudge judge(input, verdict.findings);
  for (const std::string& recipient : recipients) {
    Judged judged = judge.Judge(recipient);
    verdict.action = std::max(verdict.action, judged.carried_out);
    verdict.wanted = std::max(verdict.wanted, judged.verdict.action);
    verdict.observed = verdict.observed || judged.carried_out != judged.verdict.action;
    verdict.recipients.push_back(std::move(judged.verdict));
  }
  verdict.reason = ReasonOf(verdict.findings, verdict.cls);
  return verdict;
}

Analysis AnalysisForFailure(std::string_view reason) {
  Analysis analysis;
  ArtifactRecord root;
  root.kind = ArtifactKind::kMessage;
  root.path = "message";
  analysis.tree.push_back(std::move(root));
  Finding finding = ErrorFinding(std::string(kAnalyzer), base::EscapeLine(reason, kMaxReasonBytes));
  analysis.findings.push_back(std::move(finding));
  analysis.not_looked.push_back(
      {std::string(kAnalyzer), base::EscapeLine(reason, kMaxReasonBytes)});
  return analysis;
}

namespace {

Analysis FailureWith(std::string_view reason, std::string_view code, Action proposed) {
  Analysis analysis = AnalysisForFailure(reason);
  analysis.findings.front().code = code;
  analysis.findings.front().proposed = proposed;
  return analysis;
}

}  // namespace

Analysis AnalysisForPoison(std::string_view reason) {
  Analysis analysis = FailureWith(reason, kPoisonCode, Action::kHold);
  analysis.poison = true;
  return analysis;
}

Analysis AnalysisForBusy(std::string_view reason) {
  Analysis analysis = FailureWith(reason, kBusyCode, Action::kTempfail);
  analysis.busy = true;
  return analysis;
}

}  // namespace lazaret::policy
