// When a worker has served long enough. What a library leaks, fragments or keeps of one message
// ends with the worker; so does what a message may have left behind to wait for the next.
#ifndef LAZARET_APP_ANALYZER_WORKER_AGE_H_
#define LAZARET_APP_ANALYZER_WORKER_AGE_H_

#include <malloc.h>

#include <cstdint>

#include "app/config/config.h"
#include "base/clock.h"

namespace lazaret::analyzer {

struct WorkerAge {
  std::uint32_t messages = 0;
  std::uint64_t grown_bytes = 0;  // its heap, above what it had when it began to serve
  base::Nanoseconds lived = 0;
};

inline bool ShouldRetire(const WorkerAge& age, const config::Limits& limits) {
  return age.messages >= limits.worker_messages || age.grown_bytes > limits.worker_growth_bytes ||
         age.lived >= limits.worker_seconds * 1'000'000'000LL;
}

// What malloc has taken from the system, in use or not. No system call and no /proc: the box has
// neither to spare.
inline std::uint64_t HeapBytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.arena + info.hblkhd;
}

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_WORKER_AGE_H_
