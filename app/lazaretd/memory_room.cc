#include "app/lazaretd/memory_room.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

#include "base/format.h"

namespace lazaret::supervisor {
namespace {

// 230 MB of official .cvd files take 1.15 GB.
constexpr std::uint64_t kMemoryPerFileByte = 5;
constexpr std::uint64_t kMib = 1U << 20;

std::vector<std::string> LinesOf(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::optional<std::uint64_t> NumberIn(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> FieldIn(const std::string& path, std::string_view name) {
  for (const std::string& line : LinesOf(path)) {
    if (line.rfind(name, 0) == 0) return NumberIn(std::string_view(line).substr(name.size()));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> NumberOf(const std::string& path) { return FieldIn(path, ""); }

// What one control group leaves; UINT64_MAX without a limit ("max" is no number).
std::uint64_t Left(std::optional<std::uint64_t> limit, std::optional<std::uint64_t> used,
                   std::optional<std::uint64_t> reclaimable) {
  if (!limit || !used) return UINT64_MAX;
  const std::uint64_t held = *used - std::min(*used, reclaimable.value_or(0));
  return *limit - std::min(*limit, held);
}

std::uint64_t LeftIn2(const std::string& folder) {
  return Left(NumberOf(folder + "/memory.max"), NumberOf(folder + "/memory.current"),
              FieldIn(folder + "/memory.stat", "inactive_file "));
}

std::uint64_t LeftIn1(const std::string& folder) {
  return Left(NumberOf(folder + "/memory.limit_in_bytes"),
              NumberOf(folder + "/memory.usage_in_bytes"),
              FieldIn(folder + "/memory.stat", "total_inactive_file "));
}

// A limit may stand on any group above ours too.
template <typename LeftIn>
std::uint64_t LeastUp(const std::string& top, std::string group, LeftIn left_in) {
  std::uint64_t least = left_in(top);
  while (group.size() > 1) {
    least = std::min(least, left_in(top + group));
    group.resize(group.rfind('/'));
  }
  return least;
}

}  // namespace

std::uint64_t MemoryRoom(const std::string& root) {
  std::uint64_t room = UINT64_MAX;
  if (const auto kib = FieldIn(root + "/proc/meminfo", "MemAvailable:"))
    room = std::min(room, *kib << 10);
  // "0::/system.slice/x" or "4:memory:/system.slice/x"
  for (const std::string& line : LinesOf(root + "/proc/self/cgroup")) {
    const std::size_t second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos) continue;
    const std::string group = line.substr(second + 1);
    if (line.rfind("0::", 0) == 0)
      room = std::min(room, LeastUp(root + "/sys/fs/cgroup", group, LeftIn2));
    if (line.substr(0, second).find(":memory") != std::string::npos)
      room = std::min(room, LeastUp(root + "/sys/fs/cgroup/memory", group, LeftIn1));
  }
  return room;
}

std::uint64_t EstimateEngine(const EngineSize& size) {
  const bool known = size.measured != 0 && size.old_files != 0;
  const std::uint64_t old_files = known ? std::min(size.old_files, size.new_files) : 0;
  if (size.measured != 0 && !known) return size.measured;
  return size.measured + (size.new_files - old_files) * kMemoryPerFileByte;
}

std::string WhyNoRoom(std::uint64_t needed, std::uint64_t reserve, std::uint64_t room) {
  if (room >= needed && room - needed >= reserve) return {};
  return base::Format(
      "no memory for a second engine: it takes about {} MiB, {} MiB must stay free "
      "(clamav.reload_reserve_bytes), and {} MiB can be had",
      needed / kMib, reserve / kMib, room / kMib);
}

}  // namespace lazaret::supervisor
