// Short ways to compile rules and evaluate one text in tests of the rules folder.
#ifndef LAZARET_TESTS_RULES_RULES_SUPPORT_H_
#define LAZARET_TESTS_RULES_RULES_SUPPORT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/rule_set.h"

namespace lazaret::rules::testing {

using RuleSetPtr = std::shared_ptr<const RuleSet>;

// One site file "test.yaml".
base::Result<RuleSetPtr> TryCompile(const std::string& text, std::vector<ListDocument> lists = {});
// The same; fails the test case on an error.
RuleSetPtr Compiled(const std::string& text, std::vector<ListDocument> lists = {});
// The error's text; empty when the text compiles.
std::string CompileError(const std::string& text);

struct Unit {
  Scope scope = Scope::kBody;
  std::string text;
  std::string header_name;
  bool hidden = false;
};
Evaluation Evaluated(const RuleSet& rules, const std::vector<Unit>& units,
                     Direction direction = Direction::kInbound);
// Ids of the rules that match, joined by spaces.
std::string Matching(const RuleSet& rules, const std::vector<Unit>& units,
                     Direction direction = Direction::kInbound);

// All files of rules/packs.
Bundle Shipped();
// All that a match says but the rule.
std::string Text(const RuleMatch& match);

}  // namespace lazaret::rules::testing

#endif  // LAZARET_TESTS_RULES_RULES_SUPPORT_H_
