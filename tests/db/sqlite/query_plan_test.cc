// Each search the log answers is led by an index, in the order it is given out: what it costs goes
// with what it finds, not with what is kept.
#include <sqlite3.h>

#include <string>
#include <vector>

#include "base/format.h"
#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/find_sql.h"
#include "db/sqlite/schema.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/db/sqlite/older_schema.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

std::unique_ptr<VerdictStore> Open(const std::string& path, bool read_only = false) {
  SqliteOptions options;
  options.path = path;
  options.read_only = read_only;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) FAIL(store.error().text);
  return std::move(store).value();
}

void Append(VerdictStore& store, const std::vector<Event>& events) {
  ChainPosition last = store.Last().value();
  std::vector<ChainedRecord> records;
  for (const Event& event : events) {
    records.push_back(PrepareRecord(event));
    Seal(records.back(), last);
  }
  const auto status = store.AppendBatch(records);
  if (!status.ok()) FAIL(status.error().text);
}

class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    REQUIRE(sqlite3_open_v2(path.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  }
  ~RawDatabase() { sqlite3_close_v2(handle_); }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  // The given column of every row, a line each.
  std::string Lines(const std::string& sql, int column) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      FAIL(sql << ": " << sqlite3_errmsg(handle_));
    }
    std::string out;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      out += std::string(text != nullptr ? text : "") + "\n";
    }
    sqlite3_finalize(statement);
    return out;
  }
  std::string Plan(const std::string& sql) { return Lines("EXPLAIN QUERY PLAN " + sql, 3); }
  void Run(const char* sql) {
    char* why = nullptr;
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, &why) != SQLITE_OK) FAIL(why);
  }

 private:
  sqlite3* handle_ = nullptr;
};

bool Has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// One query for every subset of what `lazaret log query` and `show` filter by.
std::vector<Query> AllCombinations() {
  std::vector<Query> out;
  for (unsigned set = 0; set < 2048; ++set) {
    Query query;
    if ((set & 512U) != 0) query.wanted = policy::Action::kReject;
    if ((set & 1024U) != 0) query.queue_id = "4ABC";
    if ((set & 1U) != 0) query.since = base::UnixTime{1};
    if ((set & 2U) != 0) query.until = base::UnixTime{2};
    if ((set & 4U) != 0) query.cls = policy::Class::kMalicious;
    if ((set & 8U) != 0) query.action = policy::Action::kReject;
    if ((set & 16U) != 0) query.rule = "clamav.signature";
    if ((set & 32U) != 0) query.sender = (set & 64U) != 0 ? "@example.org" : "a@example.org";
    if ((set & 128U) != 0) query.recipient = (set & 256U) != 0 ? "@lazaret.test" : "b@lazaret.test";
    out.push_back(query);
    if (query.cls) out.emplace_back(query).cls = policy::Class::kClean;
    if (query.action) out.emplace_back(query).action = policy::Action::kAccept;
    if (query.wanted) out.emplace_back(query).wanted = policy::Action::kAccept;
  }
  return out;
}

std::string SchemaOf(const std::string& path) {
  return RawDatabase(path).Lines("SELECT sql FROM sqlite_schema ORDER BY name", 0);
}

}  // namespace

TEST_CASE("plan: no filter and no combination of filters scans a table or sorts what it found",
          "[db][sqlite][plan]") {
  ScratchFolder folder;
  { auto store = Open(folder.database()); }
  RawDatabase raw(folder.database());
  for (const Query& query : AllCombinations()) {
    const std::string sql(FindSql(query).text());
    const std::string plan = raw.Plan(sql);
    INFO(sql << "\n" << plan);
    CHECK(Has(plan, "SEARCH"));
    CHECK_FALSE(Has(plan, "SCAN"));
    CHECK_FALSE(Has(plan, "TEMP B-TREE"));
    // A list made before the search would hold every message of a common recipient.
    CHECK_FALSE(Has(plan, "LIST SUBQUERY"));
    CHECK_FALSE(Has(plan, "MATERIALIZE"));
  }
}

TEST_CASE("plan: the search is led by the filter that fits the fewest", "[db][sqlite][plan]") {
  ScratchFolder folder;
  { auto store = Open(folder.database()); }
  RawDatabase raw(folder.database());
  const auto plan = [&raw](const Query& query) {
    return raw.Plan(std::string(FindSql(query).text()));
  };
  Query query;
  query.recipient = "@lazaret.test";
  CHECK(Has(plan(query), "recipient_domain (domain=? AND seq>? AND seq<?)"));
  query.cls = policy::Class::kClean;
  CHECK(Has(plan(query), "recipient_domain (domain=? AND seq>? AND seq<?)"));
  query.cls = policy::Class::kMalicious;
  CHECK(Has(plan(query), "decision_class (class=? AND rowid>? AND rowid<?)"));
  query.rule = "clamav.signature";
  CHECK(Has(plan(query), "finding_code (code=? AND seq>? AND seq<?)"));
  CHECK(Has(plan(query), "finding_rule (rule=? AND seq>? AND seq<?)"));
  Query wanted;
  wanted.wanted = policy::Action::kReject;
  wanted.recipient = "@lazaret.test";
  CHECK(Has(plan(wanted), "decision_wanted (wanted=? AND rowid>? AND rowid<?)"));
  wanted.queue_id = "4ABC";
  CHECK(Has(plan(wanted), "decision_queue_id (queue_id=? AND rowid>? AND rowid<?)"));
  query.sender = "a@example.org";
  CHECK(Has(plan(query), "decision_sender (sender=? AND rowid>? AND rowid<?)"));
  query.recipient = "b@lazaret.test";
  CHECK(Has(plan(query), "recipient_address (address=? AND seq>? AND seq<?)"));
}

TEST_CASE("plan: times find what they name across blocks, whichever way the clock jumped",
          "[db][sqlite][plan]") {
  ScratchFolder folder;
  auto store = Open(folder.database());
  const auto at = [](int second) {
    DecisionEvent event = CleanDecision(0);
    event.time.micros = (kFirstSecond + second) * 1'000'000;
    return event;
  };
  const auto count = [&store](std::optional<int> since, std::optional<int> until) {
    Query query;
    query.limit = 10'000;
    if (since) query.since = base::UnixTime{(kFirstSecond + *since) * 1'000'000};
    if (until) query.until = base::UnixTime{(kFirstSecond + *until) * 1'000'000};
    return store->Find(query).value().size();
  };
  // 1 100 events a second apart (two blocks), a jump ahead, a jump back.
  std::vector<Event> events;
  for (int i = 0; i < 1100; ++i) events.emplace_back(at(i));
  events.emplace_back(at(1'000'000));
  for (int i = 0; i < 1000; ++i) events.emplace_back(at(500 + i));
  Append(*store, events);
  CHECK(count({}, {}) == 2101);
  CHECK(count(0, 1) == 1);
  CHECK(count(0, 10) == 10);
  CHECK(count(500, 501) == 2);
  CHECK(count(1099, 1100) == 2);
  CHECK(count(1100, 1500) == 400);
  CHECK(count(1500, {}) == 1);
  CHECK(count(1'000'000, {}) == 1);
  CHECK(count(1'000'001, {}) == 0);
  CHECK(count({}, 0) == 0);
  CHECK(count(-5, 0) == 0);
  CHECK(VerifyChain(*store).value().whole);
}

TEST_CASE("schema: a log of version 1 is brought up to date and searched as before",
          "[db][sqlite][plan]") {
  ScratchFolder folder;
  ScratchFolder fresh;
  std::string marked;
  { auto store = Open(fresh.database()); }
  {
    auto store = Open(folder.database());
    std::vector<Event> events;
    for (int i = 0; i < 1500; ++i) events.emplace_back(CleanDecision(i));
    events.emplace_back(SampleDecision(1500));
    Append(*store, events);
    const Acknowledgement mark{marked = std::get<DecisionEvent>(events[7]).verdict_id,
                               AckMark::kClose};
    REQUIRE(store->Mark(std::span(&mark, 1)).ok());
  }
  MakeVersion2(folder.database());
  MakeVersion1(folder.database());
  auto store = Open(folder.database());
  CHECK(SchemaOf(folder.database()) == SchemaOf(fresh.database()));
  CHECK(VerifyChain(*store).value().whole);
  Query query;
  query.limit = 10'000;
  query.since = base::UnixTime{(kFirstSecond + 1400) * 1'000'000};
  CHECK(store->Find(query).value().size() == 101);
  Append(*store, {CleanDecision(1501)});
  CHECK(store->Find(query).value().size() == 102);
  CHECK(store->Get(marked).value().mark == AckMark::kClose);
  Query wanted;
  wanted.wanted = policy::Action::kReject;
  CHECK(store->Find(wanted).value().size() == 1);
  Query queued;
  queued.queue_id = "4ABC";
  CHECK(store->Find(queued).value().size() == 50);
  CHECK(VerifyChain(*store).value().whole);
}

TEST_CASE("verify: a block whose times would hide an event from a search is found",
          "[db][verify][plan]") {
  ScratchFolder folder;
  Append(*Open(folder.database()), {CleanDecision(1), CleanDecision(2), CleanDecision(3)});
  const char* sql = GENERATE("DELETE FROM span", "UPDATE span SET last_time = first_time",
                             "UPDATE span SET first_time = last_time");
  RawDatabase(folder.database()).Run(sql);
  const ChainReport report = VerifyChain(*Open(folder.database(), true)).value();
  CHECK_FALSE(report.whole);
  CHECK(Has(report.why, "time"));
}
