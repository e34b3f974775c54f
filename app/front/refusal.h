// What stands in the record of a message that its session refused at the end, unseen.
#ifndef LAZARET_APP_FRONT_REFUSAL_H_
#define LAZARET_APP_FRONT_REFUSAL_H_

#include "milter/handler.h"
#include "policy/decide.h"

namespace lazaret::front {

// One finding that names the limit or the failure, its class, and the action that the session's
// reply means. The policy is not asked: nothing was looked at that it could let pass.
policy::Verdict VerdictOfRefusal(const milter::Refusal& refusal);

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_REFUSAL_H_
