// Each write, sync, truncation and opening that SQLite asks of the system fails once, or from then
// on, over a whole cycle of the log: what was not written is never said to be, and what was said to
// be written is there afterwards.
#include <sqlite3.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

struct Plan {
  int countdown = -1;  // calls that still succeed; below 0: all
  bool lasting = false;
  int result = SQLITE_IOERR_WRITE;
  int calls = 0;
  int failed = 0;
};
Plan g_plan;

bool Fails() {
  ++g_plan.calls;
  if (g_plan.countdown < 0) return false;
  if (g_plan.countdown > 0) {
    --g_plan.countdown;
    return false;
  }
  if (!g_plan.lasting && g_plan.failed > 0) return false;
  ++g_plan.failed;
  return true;
}

// A file of the system's VFS whose changing methods may fail. The real file follows it.
struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real;
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file)->real; }
sqlite3_vfs* g_system = nullptr;

int Close(sqlite3_file* f) { return Real(f)->pMethods->xClose(Real(f)); }
int Read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return Real(f)->pMethods->xRead(Real(f), to, n, at);
}
int Write(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  if (Fails()) {
    // A full disk takes some of it.
    Real(f)->pMethods->xWrite(Real(f), from, n / 2, at);
    return g_plan.result;
  }
  return Real(f)->pMethods->xWrite(Real(f), from, n, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  if (Fails()) return SQLITE_IOERR_TRUNCATE;
  return Real(f)->pMethods->xTruncate(Real(f), size);
}
// The machine does not fail here, so nothing need reach the disk.
int Sync(sqlite3_file*, int) { return Fails() ? SQLITE_IOERR_FSYNC : SQLITE_OK; }
int Size(sqlite3_file* f, sqlite3_int64* size) {
  return Real(f)->pMethods->xFileSize(Real(f), size);
}
int Lock(sqlite3_file* f, int level) { return Real(f)->pMethods->xLock(Real(f), level); }
int Unlock(sqlite3_file* f, int level) { return Real(f)->pMethods->xUnlock(Real(f), level); }
int Reserved(sqlite3_file* f, int* out) {
  return Real(f)->pMethods->xCheckReservedLock(Real(f), out);
}
int Control(sqlite3_file* f, int what, void* with) {
  return Real(f)->pMethods->xFileControl(Real(f), what, with);
}
int Sector(sqlite3_file* f) { return Real(f)->pMethods->xSectorSize(Real(f)); }
int Device(sqlite3_file* f) { return Real(f)->pMethods->xDeviceCharacteristics(Real(f)); }
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  if (extend != 0 && Fails()) return SQLITE_IOERR_SHMSIZE;
  return Real(f)->pMethods->xShmMap(Real(f), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int at, int n, int flags) {
  return Real(f)->pMethods->xShmLock(Real(f), at, n, flags);
}
void ShmBarrier(sqlite3_file* f) { Real(f)->pMethods->xShmBarrier(Real(f)); }
int ShmUnmap(sqlite3_file* f, int remove) { return Real(f)->pMethods->xShmUnmap(Real(f), remove); }

// Version 2: no memory mapping, which would go around the shim.
const sqlite3_io_methods kMethods = {
    2,       Close,  Read,   Write,  Truncate, Sync,       Size,     Lock,    Unlock, Reserved,
    Control, Sector, Device, ShmMap, ShmLock,  ShmBarrier, ShmUnmap, nullptr, nullptr};

int OpenFile(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* faulty = reinterpret_cast<FaultyFile*>(file);
  faulty->base.pMethods = nullptr;
  faulty->real = reinterpret_cast<sqlite3_file*>(faulty + 1);
  if (Fails()) return SQLITE_CANTOPEN;
  const int result = g_system->xOpen(g_system, name, faulty->real, flags, out);
  if (faulty->real->pMethods != nullptr) faulty->base.pMethods = &kMethods;
  return result;
}

// The shim is what SQLite opens files by as long as this lives.
class FaultyVfs {
 public:
  FaultyVfs() {
    g_system = sqlite3_vfs_find(nullptr);
    vfs_ = *g_system;
    vfs_.zName = "lazaret-faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(FaultyFile)) + g_system->szOsFile;
    vfs_.xOpen = OpenFile;
    sqlite3_vfs_register(&vfs_, 1);
    g_plan = {};
  }
  ~FaultyVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(g_system, 1);
  }
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

 private:
  sqlite3_vfs vfs_;
};

// What a cycle was told: ids said to be written, and those said not to be.
struct Told {
  std::vector<std::string> written;
};

base::Status AppendOne(VerdictStore& store, int number, Told& told) {
  LAZARET_ASSIGN(ChainPosition last, store.Last());
  DecisionEvent event = SampleDecision(number);
  std::vector<ChainedRecord> records = {PrepareRecord(event)};
  Seal(records.back(), last);
  LAZARET_TRY(store.AppendBatch(records));
  told.written.push_back(event.verdict_id);
  return base::Ok();
}

SqliteOptions OptionsOf(const std::string& path) {
  SqliteOptions options;
  options.path = path;
  options.busy_millis = 0;
  options.wal_limit_pages = 16;
  return options;
}

// Open, append, mark, query, tidy; goes on after a failure as the log does.
void Cycle(const std::string& path, Told& told) {
  auto opened = OpenSqliteStore(OptionsOf(path));
  if (!opened.ok()) return;
  VerdictStore& store = **opened;
  for (int i = 0; i < 4; ++i) {
    const std::size_t before = told.written.size();
    static_cast<void>(AppendOne(store, i, told));
    if (told.written.size() != before) {
      const Acknowledgement mark{told.written.back(), AckMark::kNextCommand};
      static_cast<void>(store.Mark(std::span(&mark, 1)));
    }
    const auto found = store.Find({});
    // A query that answers names everything that was said to be written.
    if (found.ok()) CHECK(found->size() >= told.written.size());
    store.Tidy();
  }
}

void CheckWhole(const std::string& path, const Told& told) {
  g_plan.countdown = -1;
  auto store = OpenSqliteStore(OptionsOf(path));
  if (!store.ok()) FAIL(store.error().text);
  for (const std::string& id : told.written) CHECK((*store)->Get(id).ok());
  const ChainReport report = VerifyChain(**store).value();
  CHECK(report.why == "");
  CHECK(report.whole);
  CHECK(report.events >= told.written.size());
  Told after;
  const auto more = AppendOne(**store, 100, after);
  if (!more.ok()) FAIL(more.error().text);
}

}  // namespace

TEST_CASE("faults: whichever write, sync, truncation or opening fails, nothing said is lost",
          "[db][sqlite][faults]") {
  FaultyVfs vfs;
  int whole_cycle = 0;
  {
    ScratchFolder folder;
    Told told;
    Cycle(folder.database(), told);
    REQUIRE(told.written.size() == 4);
    whole_cycle = g_plan.calls;
  }
  REQUIRE(whole_cycle > 50);
  for (const bool lasting : {false, true}) {
    for (int n = 0; n < whole_cycle; ++n) {
      INFO("call " << n << (lasting ? ", and all after it" : ""));
      ScratchFolder folder;
      g_plan = {n, lasting, n % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE, 0, 0};
      Told told;
      Cycle(folder.database(), told);
      CHECK(g_plan.failed > 0);
      CheckWhole(folder.database(), told);
    }
  }
}
