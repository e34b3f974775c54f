// Inside policy/ only: which findings a record keeps when it cannot hold them all.
#ifndef LAZARET_POLICY_FIT_FINDINGS_H_
#define LAZARET_POLICY_FIT_FINDINGS_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "policy/finding.h"

namespace lazaret::policy {

struct FindingRoom {
  std::size_t count = 0;  // at least 1
  std::size_t bytes = 0;  // of all kept findings, as `size_of` counts them
  std::function<std::size_t(const Finding&)> size_of;
};

// All findings, in their order, when there is room. Else, in this order: one of each kind that a
// policy can tell apart (code, class, proposed action; shadow findings do not act), with its other
// texts cut when the whole has no room; one of each rule; the rest, worst first. So whatever a
// policy makes of them, the kept ones weaken neither class nor action. The last one then says how
// many are not listed: `scan.unscannable.findings`, or `scan.error.findings` (class error) when not
// even one of each kind has room.
std::vector<Finding> FitFindings(const std::vector<Finding>& findings, const FindingRoom& room);

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_FIT_FINDINGS_H_
