// What became of the changes so far: for `lazaret status` and the metrics.
#ifndef LAZARET_APP_LAZARETD_RELOAD_RECORD_H_
#define LAZARET_APP_LAZARETD_RELOAD_RECORD_H_

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace lazaret::supervisor {

struct ReloadRecord {
  std::string last;  // for people; empty when there was none, "failed: " before a reason
  // Why what lies on disk is not in force; empty when it is.
  std::string signature_problem;
  std::string rules_problem;  // rules, lists, policy, or the configuration that names them
  std::uint64_t taken = 0;    // unchanged ones are among them
  std::uint64_t failed = 0;
  // When what was looked at came into force, or was found to be; at first the start.
  base::UnixTime last_taken = base::RealtimeNow();

  bool problem() const { return !signature_problem.empty() || !rules_problem.empty(); }
  void Taken(const std::string& text) {
    last = text;
    ++taken;
    last_taken = base::RealtimeNow();
  }
  void Failed(const std::string& text) {
    last = "failed: " + text;
    ++failed;
  }
};

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_RELOAD_RECORD_H_
