#include <algorithm>

#include "app/lazaret/log_parts.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

using policy::Action;

constexpr std::size_t kMaxShownBytes = 200;
constexpr std::string_view kPoisonCode = "scan.error.poison";

std::string Short(std::string_view text) { return base::EscapeLine(text, kMaxShownBytes); }

// What became of the mail, to follow "it was".
std::string_view Done(Action action) {
  switch (action) {
    case Action::kAccept:
      return "accepted";
    case Action::kTag:
      return "delivered with a mark";
    case Action::kStrip:
      return "delivered without an attachment";
    case Action::kRedirect:
      return "redirected";
    case Action::kHold:
      return "held";
    case Action::kQuarantine:
      return "quarantined";
    case Action::kTempfail:
      return "put off (4xx, the sender tries again)";
    case Action::kReject:
      return "rejected";
  }
  return "treated in an unknown way";
}

std::string Capital(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

struct Deciding {
  const policy::RecipientVerdict* recipient = nullptr;
  const policy::Step* step = nullptr;
  const policy::Finding* finding = nullptr;
};

// The step that gave `action`: of those that did, the one with the worst finding.
Deciding FindDeciding(const policy::Verdict& verdict, Action action) {
  Deciding best;
  for (const policy::RecipientVerdict& recipient : verdict.recipients) {
    for (const policy::Step& step : recipient.steps) {
      if (step.action != action || step.source == policy::StepSource::kShadow ||
          step.finding >= verdict.findings.size())
        continue;
      const policy::Finding& finding = verdict.findings[step.finding];
      if (best.finding == nullptr || finding.cls > best.finding->cls)
        best = {&recipient, &step, &finding};
    }
  }
  return best;
}

std::string WhatWasFound(const policy::Finding& finding) {
  if (finding.code == kPoisonCode)
    return "this message cost workers in two deliveries" +
           (finding.evidence.empty() ? std::string()
                                     : " (the last time: " + Short(finding.evidence) + ")");
  const std::string evidence =
      finding.evidence.empty() ? std::string() : " (" + Short(finding.evidence) + ")";
  if (finding.cls == policy::Class::kError)
    return base::Format("{} could not look{}", Short(finding.scanner), evidence);
  const std::string rule = finding.rule.empty() ? std::string() : " (" + Short(finding.rule) + ")";
  return base::Format("{}{} was found in {}", Short(finding.code), rule, Short(finding.path));
}

std::string WhoSaysSo(const Deciding& deciding) {
  const std::string_view action = policy::Name(deciding.step->action);
  const std::string key = Short(deciding.step->key);
  const std::string block = base::Format("block {} ({})", Short(deciding.recipient->block),
                                         Shown(deciding.recipient->block_origin));
  switch (deciding.step->source) {
    case policy::StepSource::kCode:
      return base::Format("{} says {} for code {}", block, action, key);
    case policy::StepSource::kRule:
      // What Lazaret proposes for a state of its own names no rule.
      if (key.empty()) return base::Format("Lazaret itself asks for {}, no rule does", action);
      return base::Format("the rule itself asks for {}", action);
    case policy::StepSource::kClass:
      return base::Format("{} says {} for class {}", block, action, key);
    case policy::StepSource::kDefault:
    case policy::StepSource::kShadow:
      break;
  }
  return base::Format("the policy's defaults say {} for class {}", action, key);
}

std::string WhoDecided(const policy::Verdict& verdict, const Deciding& deciding) {
  const bool alike = std::all_of(
      verdict.recipients.begin(), verdict.recipients.end(),
      [&](const policy::RecipientVerdict& one) { return one.action == deciding.step->action; });
  return alike ? std::string() : "; " + Shown(deciding.recipient->recipient) + " decided";
}

std::string Cause(const policy::Verdict& verdict, Action action) {
  const bool acts = std::any_of(verdict.findings.begin(), verdict.findings.end(),
                                [](const policy::Finding& finding) {
                                  return !finding.shadow && finding.cls != policy::Class::kClean;
                                });
  if (action == Action::kAccept)
    return acts ? "the policy accepts what was found" : "nothing was found";
  const Deciding deciding = FindDeciding(verdict, action);
  if (deciding.step == nullptr)
    return base::Format("the policy says {} whatever is found", policy::Name(action));
  return base::Format("{}, and {}{}", WhatWasFound(*deciding.finding), WhoSaysSo(deciding),
                      WhoDecided(verdict, deciding));
}

}  // namespace

std::string WhySentence(const policy::Verdict& verdict) {
  const std::string begin = Capital(Done(verdict.action)) + ", because ";
  if (!verdict.observed || verdict.wanted == verdict.action)
    return begin + Cause(verdict, verdict.action) + ".";
  if (verdict.action == Action::kAccept) {
    return base::Format("{}observe mode is on; else it would have been {}, because {}.", begin,
                        Done(verdict.wanted), Cause(verdict, verdict.wanted));
  }
  return base::Format("{}{}; without observe mode it would have been {}.", begin,
                      Cause(verdict, verdict.action), Done(verdict.wanted));
}

}  // namespace lazaret::cli
