#include "app/analyzer/gentle.h"

#include <malloc.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace lazaret::analyzer {
namespace {

// Against a busy worker such a thread gets a tenth of a core: loading ends in minutes, not hours.
constexpr int kNice = 10;
// <linux/ioprio.h>: the idle class, for one thread.
constexpr int kOneThread = 1;
constexpr int kIdleClass = 3 << 13;

// Both on Linux for the calling thread alone. Without them loading is only less gentle.
void LowerPriority() {
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNice));
  static_cast<void>(::syscall(SYS_ioprio_set, kOneThread, 0, kIdleClass));
}

}  // namespace

base::Status RunGently(const std::function<base::Status()>& work) {
  ::mallopt(M_ARENA_MAX, 1);
  base::Status result = base::Ok();
  std::thread thread([&] {
    LowerPriority();
    result = work();
  });
  thread.join();
  return result;
}

std::uint64_t PeakMemoryBytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) << 10;
}

}  // namespace lazaret::analyzer
