#include "app/lazaretd/memory_room.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.h"

namespace lazaret::supervisor {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kMib = 1U << 20;

struct Machine {
  std::string root;
  Machine() {
    char name[] = "/tmp/lazaret-room-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root = name;
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() { fs::remove_all(root); }
  void Says(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
};

TEST_CASE("memory: what is available of the machine counts without a control group") {
  const Machine machine;
  CHECK(MemoryRoom(machine.root) == UINT64_MAX);
  machine.Says("/proc/meminfo", "MemTotal:  900000 kB\nMemAvailable:   2048 kB\n");
  CHECK(MemoryRoom(machine.root) == 2 * kMib);
}

TEST_CASE("memory: the least that any control group above leaves counts") {
  const Machine machine;
  machine.Says("/proc/meminfo", "MemAvailable: 102400 kB\n");
  machine.Says("/proc/self/cgroup", "0::/system.slice/lazaretd.service\n");
  const std::string slice = "/sys/fs/cgroup/system.slice";
  machine.Says(slice + "/memory.max", "max\n");
  machine.Says(slice + "/memory.current", "1\n");
  CHECK(MemoryRoom(machine.root) == 100 * kMib);
  machine.Says(slice + "/lazaretd.service/memory.max", std::to_string(50 * kMib));
  machine.Says(slice + "/lazaretd.service/memory.current", std::to_string(20 * kMib));
  CHECK(MemoryRoom(machine.root) == 30 * kMib);
  // The file cache is given back when memory is wanted.
  machine.Says(slice + "/lazaretd.service/memory.stat",
               "anon 7\ninactive_file " + std::to_string(5 * kMib) + "\n");
  CHECK(MemoryRoom(machine.root) == 35 * kMib);
  machine.Says(slice + "/memory.max", std::to_string(8 * kMib));
  machine.Says(slice + "/memory.current", std::to_string(9 * kMib));
  CHECK(MemoryRoom(machine.root) == 0);
}

TEST_CASE("memory: the limit of a group of version 1 counts too") {
  const Machine machine;
  machine.Says("/proc/self/cgroup", "5:cpu:/x\n4:memory:/box\n");
  machine.Says("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", std::to_string(10 * kMib));
  machine.Says("/sys/fs/cgroup/memory/box/memory.usage_in_bytes", std::to_string(4 * kMib));
  CHECK(MemoryRoom(machine.root) == 6 * kMib);
}

TEST_CASE("memory: an engine is estimated by the one in force, and grows with its files") {
  CHECK(EstimateEngine({0, 0, 100}) == 500);
  CHECK(EstimateEngine({1000, 0, 100}) == 1000);
  CHECK(EstimateEngine({1000, 100, 50}) == 1000);
  CHECK(EstimateEngine({1000, 100, 200}) == 1500);
}

TEST_CASE("memory: there is room down to the reserve and not below, and the figures are said") {
  CHECK(WhyNoRoom(100 * kMib, 20 * kMib, 120 * kMib).empty());
  CHECK(WhyNoRoom(100 * kMib, 20 * kMib, UINT64_MAX).empty());
  const std::string why = WhyNoRoom(100 * kMib, 20 * kMib, 120 * kMib - 1);
  CHECK(why.find("about 100 MiB, 20 MiB must stay free") != std::string::npos);
  CHECK(why.find("119 MiB can be had") != std::string::npos);
  CHECK_FALSE(WhyNoRoom(100 * kMib, 20 * kMib, 1).empty());
  CHECK_FALSE(WhyNoRoom(1, UINT64_MAX, UINT64_MAX).empty());
}

}  // namespace
}  // namespace lazaret::supervisor
