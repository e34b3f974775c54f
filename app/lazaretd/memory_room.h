// Whether a second engine fits beside the one that serves mail.
#ifndef LAZARET_APP_LAZARETD_MEMORY_ROOM_H_
#define LAZARET_APP_LAZARETD_MEMORY_ROOM_H_

#include <cstdint>
#include <string>

namespace lazaret::supervisor {

// What can still be had: MemAvailable of the machine and, in a control group with a limit (version
// 2, or 1), that limit less what is used and cannot be given back; the least of them. UINT64_MAX
// when the system does not say. `root` stands before /proc and /sys; for tests.
std::uint64_t MemoryRoom(const std::string& root = "");

struct EngineSize {
  std::uint64_t measured = 0;   // of the engine in force, at its peak; 0 = not known
  std::uint64_t old_files = 0;  // bytes of its signature files; 0 = not known
  std::uint64_t new_files = 0;  // of those to be loaded
};
// An estimate of what loading takes: as much as the engine in force, and for each byte that its
// files have grown, or that all have without a measure, several, since .cvd files are compressed.
std::uint64_t EstimateEngine(const EngineSize& size);

// Empty when there is room; else why not, with the figures.
std::string WhyNoRoom(std::uint64_t needed, std::uint64_t reserve, std::uint64_t room);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_MEMORY_ROOM_H_
