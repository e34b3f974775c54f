// The machine loses power: of what was not synced the disk keeps some sectors and not others.
#include "tests/db/faults/cycle.h"
#include "tests/db/faults/shim_vfs.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

constexpr std::uint32_t kSeeds = 3;
constexpr int kWholeCycle = 100'000;

int ChangesOfCycle(ShimVfs& vfs) {
  ScratchFolder folder;
  Told told;
  vfs.CutPowerAfter(kWholeCycle);
  Cycle(folder.database(), told);
  REQUIRE(told.written.size() == 6);
  return vfs.calls();
}

void CutAfter(ShimVfs& vfs, int changes, std::uint32_t seed, const std::string& path, Told& told) {
  vfs.CutPowerAfter(changes);
  Cycle(path, told);
  vfs.RestoreAfterPowerCut(seed);
}

// Whether a log that was cut off holds all it said it does.
bool AllThere(const std::string& path, const Told& told) {
  auto store = OpenSqliteStore(CycleOptions(path));
  if (!store.ok()) return false;
  for (const std::string& id : told.written) {
    if (told.removed.count(id) == 0 && !(*store)->Get(id).ok()) return false;
  }
  const auto report = VerifyChain(**store);
  return report.ok() && report->whole;
}

}  // namespace

TEST_CASE("F9 power: wherever it is cut, all that was said to be written is there",
          "[db][sqlite][power]") {
  ShimVfs vfs;
  const int changes = ChangesOfCycle(vfs);
  REQUIRE(changes > 60);
  for (int n = 0; n <= changes; ++n) {
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
      INFO("cut at change " << n << ", seed " << seed);
      ScratchFolder folder;
      Told told;
      CutAfter(vfs, n, seed, folder.database(), told);
      CheckReopened(folder.database(), told);
    }
  }
}

TEST_CASE("F9 power: cut again and again, the log goes on from what it said",
          "[db][sqlite][power]") {
  ShimVfs vfs;
  ScratchFolder folder;
  Told told;
  for (std::uint32_t n = 0; n < 40; ++n) {
    INFO("cut " << n);
    CutAfter(vfs, static_cast<int>(5 + n * 7 % 90), n, folder.database(), told);
    CheckReopened(folder.database(), told);
  }
}

TEST_CASE("F9 power: with syncs that do nothing, rows are lost: the tests above can fail",
          "[db][sqlite][power]") {
  ShimVfs vfs;
  vfs.LieAboutSyncs(true);
  int lost = 0;
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    ScratchFolder folder;
    Told told;
    CutAfter(vfs, kWholeCycle, seed, folder.database(), told);
    if (!AllThere(folder.database(), told)) ++lost;
  }
  CHECK(lost > 0);
}
