#include "scanners/clamav/huge_pages.h"

#include <sys/mman.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <vector>

namespace lazaret::scanners {
namespace {

constexpr std::uintptr_t kHugePage = 2U << 20;
[[maybe_unused]] constexpr int kTries = 3;
// Gathering memory that lies scattered takes long: so often it may fail before all is left as is.
[[maybe_unused]] constexpr int kMaxRefused = 16;
#ifndef MADV_COLLAPSE
[[maybe_unused]] constexpr int kCollapse = 25;  // <linux/mman.h> of kernel 6.1
#else
[[maybe_unused]] constexpr int kCollapse = MADV_COLLAPSE;
#endif

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

// Anonymous private writable mappings of at least one huge page.
std::vector<Range> Candidates() {
  std::vector<Range> ranges;
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return ranges;
  char line[512];
  while (std::fgets(line, sizeof line, maps) != nullptr) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char rights[8] = {};
    unsigned long inode = 1;
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s %*s %*s %lu", &begin, &end, rights,
                    &inode) != 4)
      continue;
    if (std::strcmp(rights, "rw-p") != 0 || inode != 0 || std::strstr(line, "[stack]") != nullptr)
      continue;
    begin = (begin + kHugePage - 1) & ~(kHugePage - 1);
    end &= ~(kHugePage - 1);
    if (end > begin) ranges.push_back({begin, end});
  }
  std::fclose(maps);
  return ranges;
}

#ifndef LAZARET_SANITIZED
// 0 or errno. Pages on their way to the kernel's lists make a try fail that succeeds a moment
// later.
int CollapseOne(std::uintptr_t at) {
  for (int tries = 1;; ++tries) {
    if (::madvise(reinterpret_cast<void*>(at), kHugePage, kCollapse) == 0) return 0;
    if (errno != EAGAIN || tries == kTries) return errno;
  }
}

// One at a time: a call over many ends at the first that cannot be made, an empty one for instance.
// `refused` counts those for which no memory could be gathered.
void CollapseRange(const Range& range, int& refused) {
  void* begin = reinterpret_cast<void*>(range.begin);
  if (::madvise(begin, range.end - range.begin, MADV_HUGEPAGE) != 0) return;
  for (std::uintptr_t at = range.begin; at < range.end && refused < kMaxRefused; at += kHugePage) {
    const int why = CollapseOne(at);
    if (why == ENOMEM || why == EBUSY) ++refused;  // EBUSY: the control group's limit
  }
}
#endif

}  // namespace

void CollapseHeapIntoHugePages() {
#ifndef LAZARET_SANITIZED  // the sanitizer's shadow memory is not the engine's
  int refused = 0;
  for (const Range& range : Candidates()) CollapseRange(range, refused);
#else
  static_cast<void>(&Candidates);
#endif
}

}  // namespace lazaret::scanners
