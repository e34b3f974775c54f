#include "app/analyzer/rule_bundle.h"

namespace lazaret::analyzer {
namespace {

constexpr std::size_t kShownFailures = 5;

}  // namespace

rules::Bundle RulesOf(const config::GenerationBundle& bundle, const std::string& lists_folder) {
  rules::Bundle out;
  out.lists_folder = lists_folder;
  out.masking_key = bundle.masking_key;
  for (const config::BundleDocument& document : bundle.documents) {
    switch (document.kind) {
      case config::DocumentKind::kShippedRules:
        out.rules.push_back({document.origin, document.text, false});
        break;
      case config::DocumentKind::kSiteRules:
        out.rules.push_back({document.origin, document.text, true});
        break;
      case config::DocumentKind::kList:
        out.lists.push_back({document.name, document.origin, document.text});
        break;
      case config::DocumentKind::kPolicy:
        break;
    }
  }
  return out;
}

base::Result<std::shared_ptr<const rules::RuleSet>> CompileBundle(
    const config::GenerationBundle& bundle, const std::string& lists_folder) {
  LAZARET_ASSIGN(std::shared_ptr<const rules::RuleSet> set,
                 rules::RuleSet::Compile(RulesOf(bundle, lists_folder)));
  const std::vector<rules::RuleTestFailure> failures = set->RunTests();
  if (failures.empty()) return set;
  std::string text;
  for (std::size_t i = 0; i < failures.size() && i < kShownFailures; ++i) {
    if (i > 0) text += "; ";
    text += failures[i].origin + ": rule " + failures[i].rule + ": " + failures[i].text;
  }
  if (failures.size() > kShownFailures) {
    text += "; and " + std::to_string(failures.size() - kShownFailures) + " more";
  }
  return base::Error{base::ErrorCode::kInvalid, text};
}

}  // namespace lazaret::analyzer
