// Loading an engine beside one that serves mail.
#ifndef LAZARET_APP_ANALYZER_GENTLE_H_
#define LAZARET_APP_ANALYZER_GENTLE_H_

#include <cstdint>
#include <functional>

#include "base/result.h"

namespace lazaret::analyzer {

// Runs `work` in a thread of low priority for processor and disk and waits for its end. The
// caller's own priority stays, and with it that of the workers it forks later: it could not be
// raised again. Memory comes from the heap that the caller has, so that the workers share it as
// they always do.
base::Status RunGently(const std::function<base::Status()>& work);

// The most memory this process has had so far.
std::uint64_t PeakMemoryBytes();

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_GENTLE_H_
