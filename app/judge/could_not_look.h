// Whether an answer says that its worker could not look: such a worker retires, because what kept
// it from looking once (a full disk, a blind library) may keep it from looking again.
#ifndef LAZARET_APP_JUDGE_COULD_NOT_LOOK_H_
#define LAZARET_APP_JUDGE_COULD_NOT_LOOK_H_

#include <algorithm>

#include "policy/analysis.h"

namespace lazaret::judge {

inline bool CouldNotLook(const policy::Analysis& analysis) {
  return !analysis.not_looked.empty() ||
         std::any_of(
             analysis.findings.begin(), analysis.findings.end(),
             [](const policy::Finding& finding) { return finding.cls == policy::Class::kError; });
}

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_COULD_NOT_LOOK_H_
