// The write-ahead log stays small whoever reads, and goes back when a reader that held it leaves.
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

constexpr std::uint32_t kLimitPages = 512;
constexpr std::int64_t kPageBytes = 4096 + 24;

std::unique_ptr<VerdictStore> Open(const std::string& path) {
  SqliteOptions options;
  options.path = path;
  options.wal_limit_pages = kLimitPages;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) FAIL(store.error().text);
  return std::move(store).value();
}

void AppendAndTidy(VerdictStore& store, int events) {
  ChainPosition last = store.Last().value();
  std::vector<ChainedRecord> records;
  for (int i = 0; i < events; ++i) {
    records.push_back(PrepareRecord(SampleDecision(i)));
    Seal(records.back(), last);
  }
  const auto status = store.AppendBatch(records);
  if (!status.ok()) FAIL(status.error().text);
  store.Tidy();
}

std::int64_t WalBytes(const std::string& path) {
  struct stat info {};
  return ::stat((path + "-wal").c_str(), &info) == 0 ? info.st_size : -1;
}

Connection Reader(const std::string& path) {
  auto connection = Connection::Open({path, true, 1000});
  if (!connection.ok()) FAIL(connection.error().text);
  return std::move(connection).value();
}

// Reads until told to stop, and never ends before another has begun.
void ReadInRelay(const std::string& path, std::atomic<int>& begun, const std::atomic<bool>& stop,
                 std::atomic<int>& failures) {
  auto connection = Connection::Open({path, true, 1000});
  if (!connection.ok()) {
    ++failures;
    return;
  }
  while (!stop) {
    if (!connection->Run("BEGIN").ok() || !connection->Number("SELECT max(seq) FROM event").ok()) {
      ++failures;
    }
    const int mine = ++begun;
    while (begun == mine && !stop) std::this_thread::yield();
    static_cast<void>(connection->Run("COMMIT"));
  }
}

}  // namespace

TEST_CASE("checkpoint: readers that always overlap do not let the write-ahead log grow",
          "[db][sqlite][checkpoint]") {
  ScratchFolder folder;
  auto store = Open(folder.database());
  AppendAndTidy(*store, 1);
  std::atomic<int> begun = 0;
  std::atomic<int> failures = 0;
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] { ReadInRelay(folder.database(), begun, stop, failures); });
  }
  std::int64_t largest = 0;
  for (int i = 0; i < 60; ++i) {
    AppendAndTidy(*store, 64);
    largest = std::max(largest, WalBytes(folder.database()));
  }
  stop = true;
  for (std::thread& one : readers) one.join();
  CHECK(failures == 0);
  CHECK(begun > 2);
  // What one batch adds above the limit, and a try that met a reader.
  CHECK(largest < 3 * kLimitPages * kPageBytes);
  CHECK(VerifyChain(*store).value().events == 60 * 64 + 1);
}

TEST_CASE(
    "checkpoint: a long reader holds the write-ahead log up, never the writer, and it shrinks",
    "[db][sqlite][checkpoint]") {
  ScratchFolder folder;
  auto store = Open(folder.database());
  AppendAndTidy(*store, 1);
  Connection reader = Reader(folder.database());
  REQUIRE(reader.Run("BEGIN").ok());
  REQUIRE(reader.Number("SELECT count(*) FROM event").value() == 1);
  for (int i = 0; i < 30; ++i) AppendAndTidy(*store, 64);
  CHECK(WalBytes(folder.database()) > 2 * kLimitPages * kPageBytes);
  CHECK(reader.Number("SELECT count(*) FROM event").value() == 1);
  REQUIRE(reader.Run("COMMIT").ok());
  // The last try met the reader; the next is due a little later.
  const base::Deadline patience = base::Deadline::AfterMillis(10'000);
  while (WalBytes(folder.database()) != 0 && !patience.Expired()) store->Tidy();
  CHECK(WalBytes(folder.database()) == 0);
  CHECK(reader.Number("SELECT count(*) FROM event").value() == 30 * 64 + 1);
  CHECK(VerifyChain(*store).value().whole);
}

TEST_CASE("checkpoint: without readers the write-ahead log is used over again",
          "[db][sqlite][checkpoint]") {
  ScratchFolder folder;
  auto store = Open(folder.database());
  std::int64_t largest = 0;
  for (int i = 0; i < 40; ++i) {
    AppendAndTidy(*store, 64);
    largest = std::max(largest, WalBytes(folder.database()));
  }
  CHECK(largest > 0);
  CHECK(largest < 2 * kLimitPages * kPageBytes);
}
