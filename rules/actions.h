// Names of actions that a rule may ask for. The vocabulary is the policy's; rules know names only,
// and which of them this version carries out: a rule that asks for another is refused when it is
// loaded.
#ifndef LAZARET_RULES_ACTIONS_H_
#define LAZARET_RULES_ACTIONS_H_

#include <string_view>

namespace lazaret::rules {

enum class ActionKnown { kBuilt, kNotBuilt, kUnknown };
ActionKnown CheckAction(std::string_view name);
// "accept, tag, hold, tempfail, reject"
std::string_view BuiltActions();

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_ACTIONS_H_
