#include "rules/actions.h"

#include <algorithm>
#include <iterator>

namespace lazaret::rules {

ActionKnown CheckAction(std::string_view name) {
  static constexpr std::string_view kBuilt[] = {"accept", "tag", "hold", "tempfail", "reject"};
  static constexpr std::string_view kNotBuilt[] = {"strip", "redirect", "quarantine", "copy",
                                                   "notify"};
  if (std::find(std::begin(kBuilt), std::end(kBuilt), name) != std::end(kBuilt))
    return ActionKnown::kBuilt;
  if (std::find(std::begin(kNotBuilt), std::end(kNotBuilt), name) != std::end(kNotBuilt))
    return ActionKnown::kNotBuilt;
  return ActionKnown::kUnknown;
}

std::string_view BuiltActions() { return "accept, tag, hold, tempfail, reject"; }

}  // namespace lazaret::rules
