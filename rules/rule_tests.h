// The tests that stand in the rules themselves. Each is run against its own rule alone.
#ifndef LAZARET_RULES_RULE_TESTS_H_
#define LAZARET_RULES_RULE_TESTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "rules/program.h"

namespace lazaret::rules {

std::vector<RuleTestFailure> RunRuleTests(const Program& program);

// Text of HTML as far as rule tests need it: tags removed (block tags end a line), the five named
// entities decoded; targets of href and src go to `links`. Mail itself is read by mail/text.
std::string PlainTextOfHtml(std::string_view html, std::vector<std::string>& links);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_RULE_TESTS_H_
