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
// Pages on their way to the kernel's lists make a try fail that succeeds a moment later.
void CollapseOne(std::uintptr_t at) {
  for (int tries = 0; tries < kTries; ++tries) {
    if (::madvise(reinterpret_cast<void*>(at), kHugePage, kCollapse) == 0) return;
    if (errno != EAGAIN) return;
  }
}
#endif

}  // namespace

void CollapseHeapIntoHugePages() {
#ifndef LAZARET_SANITIZED  // the sanitizer's shadow memory is not the engine's
  for (const Range& range : Candidates()) {
    void* begin = reinterpret_cast<void*>(range.begin);
    if (::madvise(begin, range.end - range.begin, MADV_HUGEPAGE) != 0) continue;
    // One at a time: a call over many ends at the first that cannot be made.
    for (std::uintptr_t at = range.begin; at < range.end; at += kHugePage) CollapseOne(at);
  }
#else
  static_cast<void>(&Candidates);
#endif
}

}  // namespace lazaret::scanners
