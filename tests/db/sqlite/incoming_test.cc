// Batches that SQL reads where they lie, and what a batch leaves of itself when it fails.
#include "db/sqlite/incoming.h"

#include <string>
#include <vector>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_store.h"
#include "db/sqlite/writer.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

// Rows of (number, text, blob); the rest of the columns stay NULL.
class TestRows : public RowSource {
 public:
  explicit TestRows(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  bool Start() override {
    at_ = 0;
    return at_ < texts_.size();
  }
  bool Next() override { return ++at_ < texts_.size(); }
  void Put(int column, Cell cell) const override {
    if (column == 0) cell.Int(static_cast<std::int64_t>(at_) - 1);
    if (column == 1) cell.Text(texts_[at_]);
    if (column == 2) cell.Blob(std::string_view(texts_[at_]).substr(0, 1));
  }

 private:
  std::vector<std::string> texts_;
  std::size_t at_ = 0;
};

Connection Memory() {
  auto connection = Connection::Open({":memory:", false, 0});
  if (!connection.ok()) FAIL(connection.error().text);
  return std::move(connection).value();
}

std::vector<ChainedRecord> Sealed(const std::vector<Event>& events, ChainPosition last) {
  std::vector<ChainedRecord> records;
  for (const Event& event : events) {
    records.push_back(PrepareRecord(event));
    Seal(records.back(), last);
  }
  return records;
}

std::int64_t CountOf(const std::string& path, Sql sql) {
  auto connection = Connection::Open({path, true, 1000});
  if (!connection.ok()) FAIL(connection.error().text);
  return connection->Number(sql).value();
}

std::unique_ptr<VerdictStore> Open(const std::string& path, std::uint64_t pairs) {
  SqliteOptions options;
  options.path = path;
  options.max_history_pairs = pairs;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) FAIL(store.error().text);
  return std::move(store).value();
}

}  // namespace

TEST_CASE("incoming: rows arrive in order, with their types, each time a statement runs",
          "[db][sqlite]") {
  Connection connection = Memory();
  const auto incoming = Incoming::Make(connection).value();
  REQUIRE(connection.Run("CREATE TABLE kept(n INTEGER, t TEXT, b BLOB, rest TEXT) STRICT").ok());
  Statement insert =
      connection.Prepare("INSERT INTO kept SELECT c0, c1, c2, c7 FROM incoming").value();
  TestRows rows({"one", "", std::string("t\0wo", 4)});
  REQUIRE(incoming->Run(insert, rows).ok());
  CHECK(connection.Changes() == 3);
  REQUIRE(incoming->Run(insert, rows).ok());
  TestRows none({});
  REQUIRE(incoming->Run(insert, none).ok());
  Statement read = connection.Prepare("SELECT n, t, b, rest FROM kept ORDER BY rowid").value();
  for (int i = 0; i < 6; ++i) {
    REQUIRE(read.Next().value());
    CHECK(read.ColumnInt(0) == i % 3 - 1);
    CHECK(read.ColumnText(1) == (i % 3 == 0 ? "one" : i % 3 == 1 ? "" : std::string("t\0wo", 4)));
    CHECK(read.ColumnBlob(2) == (i % 3 == 0 ? "o" : i % 3 == 1 ? "" : "t"));
    CHECK_FALSE(read.ColumnIsNull(2));
    CHECK(read.ColumnIsNull(3));
  }
  CHECK_FALSE(read.Next().value());
}

TEST_CASE("incoming: outside a run the table is empty, and no schema names it", "[db][sqlite]") {
  Connection connection = Memory();
  const auto incoming = Incoming::Make(connection).value();
  CHECK(connection.Number("SELECT count(*) FROM incoming").value() == 0);
  CHECK(connection.Number("SELECT count(*) FROM sqlite_schema").value() == 0);
  Connection other = Memory();
  CHECK_FALSE(other.Number("SELECT count(*) FROM incoming").ok());
  REQUIRE(connection.Run("CREATE VIEW sly AS SELECT * FROM incoming").ok());
  CHECK_FALSE(connection.Number("SELECT count(*) FROM sly").ok());
}

TEST_CASE("incoming: a batch that fails in its last table leaves no row in any", "[db][sqlite]") {
  ScratchFolder folder;
  auto store = Open(folder.database(), kMaxHistoryPairs);
  const DecisionEvent first = CleanDecision(1);
  REQUIRE(store->AppendBatch(Sealed({first}, {})).ok());
  // The second event's id is taken.
  const ChainPosition last = store->Last().value();
  const auto taken = store->AppendBatch(Sealed({SampleDecision(2), first}, last));
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == base::ErrorCode::kInvalid);
  CHECK(store->Last().value() == last);
  CHECK(CountOf(folder.database(), "SELECT count(*) FROM event") == 1);
  CHECK(CountOf(folder.database(), "SELECT count(*) FROM decision") == 1);
  CHECK(CountOf(folder.database(), "SELECT count(*) FROM recipient") == 2);
  CHECK(CountOf(folder.database(), "SELECT count(*) FROM finding") == 0);
  REQUIRE(store->AppendBatch(Sealed({SampleDecision(3)}, last)).ok());
  CHECK(VerifyChain(*store).value().whole);
}

TEST_CASE("history: a known pair moves on when a sixteenth of the pairs' number lies between",
          "[db][sqlite]") {
  ScratchFolder folder;
  auto store = Open(folder.database(), 64);
  const auto append = [&store](int number) {
    REQUIRE(store->AppendBatch(Sealed({CleanDecision(number)}, store->Last().value())).ok());
  };
  const auto seen = [&folder] {
    return CountOf(folder.database(), "SELECT min(seq) FROM history");
  };
  append(1);
  CHECK(CountOf(folder.database(), "SELECT count(*) FROM history") == 2);
  append(1);
  append(1);
  append(1);
  CHECK(seen() == 1);
  append(1);
  CHECK(seen() == 5);
  CHECK(CountOf(folder.database(), "SELECT count(*) FROM history") == 2);
}

TEST_CASE("history: keys that may move on are looked up, not searched for", "[db][sqlite][plan]") {
  ScratchFolder folder;
  Open(folder.database(), 64).reset();
  Connection connection = Connection::Open({folder.database(), false, 1000}).value();
  const auto incoming = Incoming::Make(connection).value();
  REQUIRE(std::string(kRefreshHistory.text()) ==
          "UPDATE OR FAIL history SET seq = c1 FROM incoming WHERE key = c0 AND c1 - seq >= ?1");
  Statement plan = connection
                       .Prepare(
                           "EXPLAIN QUERY PLAN UPDATE OR FAIL history SET seq = c1"
                           " FROM incoming WHERE key = c0 AND c1 - seq >= ?1")
                       .value();
  std::vector<std::string> lines;
  while (plan.Next().value()) lines.push_back(plan.ColumnText(3));
  CHECK(lines == std::vector<std::string>{"SCAN incoming VIRTUAL TABLE INDEX 0:",
                                          "SEARCH history USING PRIMARY KEY (key=?)"});
}
