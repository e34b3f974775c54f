// `lazaret-analyzer rules check|test|list`: compiles the rules of the bundle on descriptor 4 and
// prints what rules/report says. Exit 0 fine, 2 wrong rules or failed tests.
#ifndef LAZARET_APP_ANALYZER_RULES_MODE_H_
#define LAZARET_APP_ANALYZER_RULES_MODE_H_

#include <string>

namespace lazaret::analyzer {

int RunRulesMode(const std::string& what);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_RULES_MODE_H_
