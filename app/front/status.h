// What the front tells the supervisor about itself: one JSON object.
#ifndef LAZARET_APP_FRONT_STATUS_H_
#define LAZARET_APP_FRONT_STATUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "app/judge/worker_pool.h"
#include "base/counters.h"
#include "milter/filter.h"
#include "policy/policy.h"

namespace lazaret::front {

// A limit beside what is used of it now.
struct LimitUse {
  const char* name;  // the configuration's key
  std::uint64_t used;
  std::uint64_t limit;
};

struct FrontState {
  judge::PoolStatus pool;
  milter::FilterLoad load;
  std::string listen;
  std::string mode;  // as ModeText gives it
  bool draining = false;
  std::uint64_t oldest_millis = 0;  // the message that has waited longest for its answer
  std::vector<LimitUse> limits;
};

// "enforce", "observe", or "enforce, but observe for daemon a, domain b".
std::string ModeText(const policy::Policy& policy);

std::string StatusJson(const FrontState& state, const base::Counters& counters);

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_STATUS_H_
