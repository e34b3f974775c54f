#include "tests/rules/rules_support.h"

#include "tests/support/catch.h"

namespace lazaret::rules::testing {

base::Result<RuleSetPtr> TryCompile(const std::string& text, std::vector<ListDocument> lists) {
  Bundle bundle;
  bundle.rules.push_back({"test.yaml", text, true});
  bundle.lists = std::move(lists);
  bundle.masking_key = "test key";
  return RuleSet::Compile(bundle);
}

RuleSetPtr Compiled(const std::string& text, std::vector<ListDocument> lists) {
  auto result = TryCompile(text, std::move(lists));
  if (!result.ok()) FAIL(result.error().text);
  return *result;
}

std::string CompileError(const std::string& text) {
  auto result = TryCompile(text);
  return result.ok() ? std::string() : result.error().text;
}

Evaluation Evaluated(const RuleSet& rules, const std::vector<Unit>& units, Direction direction) {
  MessageFacts facts;
  facts.direction = direction;
  std::uint32_t artifact = 100;
  for (const Unit& unit : units) {
    TextUnit out;
    out.scope = unit.scope;
    out.header_name = unit.header_name;
    out.text = unit.text;
    out.artifact = artifact++;
    out.hidden = unit.hidden;
    facts.units.push_back(out);
  }
  auto result = rules.Evaluate(facts, base::Deadline());
  if (!result.ok()) FAIL(result.error().text);
  return *result;
}

std::string Matching(const RuleSet& rules, const std::vector<Unit>& units, Direction direction) {
  std::string out;
  for (const RuleMatch& match : Evaluated(rules, units, direction).matches) {
    out += (out.empty() ? "" : " ") + rules.summaries()[match.rule].id;
  }
  return out;
}

}  // namespace lazaret::rules::testing
