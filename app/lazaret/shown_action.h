// How lists show what became of a message.
#ifndef LAZARET_APP_LAZARET_SHOWN_ACTION_H_
#define LAZARET_APP_LAZARET_SHOWN_ACTION_H_

#include <string>

#include "base/format.h"
#include "policy/decide.h"

namespace lazaret::cli {

// The action, and beside it what observe mode kept from being done to the whole message.
inline std::string ShownAction(const policy::Verdict& verdict) {
  const std::string action(policy::Name(verdict.action));
  if (!verdict.observed || verdict.wanted == verdict.action) return action;
  return base::Format("{} (observed; would have been {})", action, policy::Name(verdict.wanted));
}

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_SHOWN_ACTION_H_
