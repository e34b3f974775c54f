// Each call that SQLite makes on the disk fails once, or from then on, over a whole run of the log:
// what was not written is never said to be, what was said to be written is there afterwards, and
// the log works again when the disk does.
#include "base/log.h"
#include "db/verdict_log.h"
#include "tests/db/faults/cycle.h"
#include "tests/db/faults/shim_vfs.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

int CallsOfCycle(ShimVfs& vfs) {
  ScratchFolder folder;
  Told told;
  vfs.Heal();
  const auto store = Cycle(folder.database(), told);
  REQUIRE(told.written.size() == 6);
  REQUIRE(told.removed.size() == 3);
  return vfs.calls();
}

void FailAt(ShimVfs& vfs, int n, Fault fault, bool lasting) {
  INFO("call " << n << (lasting ? " and all after it" : "") << ", fault "
               << static_cast<int>(fault));
  ScratchFolder folder;
  Told told;
  vfs.FailAfter(n, fault, lasting);
  auto store = Cycle(folder.database(), told);
  vfs.Heal();
  if (store != nullptr) {
    // Without being opened anew.
    const auto more = AppendEvents(*store, {CleanDecision(50)}, told);
    if (!more.ok()) FAIL_CHECK("not usable again: " << more.error().text);
    CheckTold(*store, told);
    store.reset();
  }
  CheckReopened(folder.database(), told);
}

}  // namespace

TEST_CASE("F7 faults: whichever call fails once, nothing said is lost and the log works on",
          "[db][sqlite][faults]") {
  ShimVfs vfs;
  const int calls = CallsOfCycle(vfs);
  REQUIRE(calls > 200);
  for (int n = 0; n < calls; ++n) {
    FailAt(vfs, n, n % 2 == 0 ? Fault::kError : Fault::kShortWrite, false);
  }
}

TEST_CASE("F7 faults: whichever call begins a lasting failure, nothing said is lost",
          "[db][sqlite][faults]") {
  ShimVfs vfs;
  const int calls = CallsOfCycle(vfs);
  for (int n = 0; n < calls; n += 3) {
    FailAt(vfs, n, n % 2 == 0 ? Fault::kError : Fault::kShortWrite, true);
  }
}

TEST_CASE("F6 faults: wherever the disk becomes full, nothing said is lost and space mends it",
          "[db][sqlite][faults]") {
  ShimVfs vfs;
  const int calls = CallsOfCycle(vfs);
  for (int n = 0; n < calls; n += 2) FailAt(vfs, n, Fault::kFull, true);
}

TEST_CASE(
    "F6 faults: a log on a full disk refuses each event and takes the next when there is room",
    "[db][faults]") {
  ShimVfs vfs;
  ScratchFolder folder;
  auto log = VerdictLog::Open(OpenSqliteStore(CycleOptions(folder.database())).value()).value();
  std::vector<std::string> written;
  std::vector<std::string> refused;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 5; ++i) {
      DecisionEvent event = SampleDecision(i);
      const std::string id = event.verdict_id;
      const auto status = log->Append(std::move(event));
      CHECK(status.ok() == (round % 2 == 0));
      if (!status.ok()) CHECK(status.error().code == base::ErrorCode::kUnavailable);
      (status.ok() ? written : refused).push_back(id);
    }
    if (round % 2 == 0) {
      vfs.FailAfter(0, Fault::kFull, true);
    } else {
      vfs.Heal();
    }
  }
  vfs.Heal();
  CHECK(written.size() == 10);
  for (const std::string& id : written) CHECK(log->store().Get(id).ok());
  for (const std::string& id : refused) CHECK_FALSE(log->store().Get(id).ok());
  CHECK(VerifyChain(log->store()).value().whole);
}
