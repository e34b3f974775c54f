// Between an upgrade and the first start of the new daemon the log has an older schema: what reads
// it reads it as it is.
#include "tests/db/sqlite/older_schema.h"

#include <memory>
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

std::unique_ptr<VerdictStore> Open(const std::string& path, bool read_only) {
  SqliteOptions options;
  options.path = path;
  options.read_only = read_only;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) FAIL(store.error().text);
  return std::move(store).value();
}

struct Filled {
  std::string marked;   // the verdict with mark and update
  std::string sampled;  // one with findings
};

// 1 200 decisions, in two blocks, an update, and a forgotten decision.
Filled Fill(VerdictStore& store) {
  std::vector<Event> events;
  for (int i = 0; i < 1200; ++i) {
    events.emplace_back(i % 400 == 7 ? SampleDecision(i) : CleanDecision(i));
  }
  Filled filled;
  filled.marked = std::get<DecisionEvent>(events[7]).verdict_id;
  filled.sampled = std::get<DecisionEvent>(events[407]).verdict_id;
  UpdateEvent update;
  update.verdict_id = filled.marked;
  events.emplace_back(update);
  ForgetEvent forget;
  forget.scope = ForgetScope::kPersonalValues;
  forget.verdict_id = filled.sampled;
  events.emplace_back(forget);
  std::vector<ChainedRecord> records;
  ChainPosition last;
  for (const Event& event : events) {
    records.push_back(PrepareRecord(event));
    Seal(records.back(), last);
  }
  REQUIRE(store.AppendBatch(records).ok());
  const Acknowledgement mark{filled.marked, AckMark::kClose};
  REQUIRE(store.Mark(std::span(&mark, 1)).ok());
  REQUIRE(store.Forget({filled.sampled, {}}).value() == 1);
  return filled;
}

base::UnixTime SecondsIn(int seconds) { return {(kFirstSecond + seconds) * 1'000'000}; }

std::vector<Query> Searches() {
  std::vector<Query> out(1);
  out.emplace_back().cls = policy::Class::kMalicious;
  out.emplace_back().action = policy::Action::kReject;
  out.emplace_back().action = policy::Action::kAccept;
  out.emplace_back().rule = "dlp.payment_card";
  out.emplace_back().sender = "alice7@example.org";
  out.emplace_back().sender = "@example.org";
  out.emplace_back().recipient = "bob@lazaret.test";
  out.emplace_back().recipient = "@other.test";
  out.emplace_back().since = SecondsIn(1100);
  out.emplace_back().until = SecondsIn(20);
  out.emplace_back().before_seq = 30;
  Query all = out.back();
  all.sender = "@example.org";
  all.rule = "clamav.signature";
  all.cls = policy::Class::kMalicious;
  all.since = SecondsIn(1);
  out.push_back(all);
  for (Query& one : out) one.limit = 100;
  return out;
}

std::vector<std::uint64_t> Numbers(VerdictStore& store, const Query& query) {
  const auto found = store.Find(query);
  if (!found.ok()) FAIL(found.error().text);
  std::vector<std::uint64_t> out;
  for (const StoredVerdict& one : *found) {
    CHECK(one.fault.empty());
    out.push_back(one.seq);
  }
  return out;
}

void MakeOlder(const std::string& path, int version) {
  MakeVersion2(path);
  if (version == 1) MakeVersion1(path);
}

Connection Raw(const std::string& path) {
  auto opened = Connection::Open({path, false, 1000});
  REQUIRE(opened.ok());
  return std::move(opened).value();
}

}  // namespace

TEST_CASE(
    "older schema: a reader finds, shows and verifies what today's finds, and changes nothing",
    "[db][sqlite][schema]") {
  const int version = GENERATE(1, 2);
  ScratchFolder folder;
  const std::string path = folder.database();
  std::vector<std::vector<std::uint64_t>> expected;
  auto writer = Open(path, false);
  const Filled filled = Fill(*writer);
  for (const Query& query : Searches()) expected.push_back(Numbers(*writer, query));
  const ChainPosition last = writer->Last().value();
  writer.reset();
  MakeOlder(path, version);
  {
    auto reader = Open(path, true);
    std::size_t at = 0;
    for (const Query& query : Searches()) {
      INFO("search " << at);
      CHECK_FALSE(expected[at].empty());
      CHECK(Numbers(*reader, query) == expected[at++]);
    }
    const StoredVerdict shown = reader->Get(filled.marked).value();
    CHECK(shown.mark == AckMark::kClose);
    CHECK(shown.later.size() == 1);
    CHECK(shown.event.verdict.findings.size() == 2);
    CHECK(reader->Get(filled.sampled).value().mark == AckMark::kNone);
    CHECK(reader->IdsWithPrefix(filled.marked.substr(0, 10), 2).value().size() == 1);
    CHECK(reader->Last().value() == last);
    const std::string key = HistoryKey("alice1@example.org", "bob@lazaret.test");
    CHECK(reader->HistoryContains(std::span(&key, 1)).value());
    const ChainReport report = VerifyChain(*reader).value();
    CHECK(report.why == "");
    CHECK(report.events == 1202);
    CHECK_FALSE(reader->AppendBatch({}).ok());
  }
  Connection raw = Raw(path);
  CHECK(raw.Number("PRAGMA user_version").value() == version);
  CHECK(raw.Number("SELECT max(version) FROM migration").value() == version);
  CHECK(raw.Number("SELECT count(*) FROM sqlite_schema WHERE name IN"
                   " ('mark', 'decision_wanted', 'event_later')")
            .value() == 0);
}

TEST_CASE("older schema: what only a new column can answer says what to do",
          "[db][sqlite][schema]") {
  const int version = GENERATE(1, 2);
  ScratchFolder folder;
  Fill(*Open(folder.database(), false));
  MakeOlder(folder.database(), version);
  Query wanted;
  wanted.wanted = policy::Action::kReject;
  Query queued;
  queued.queue_id = "4ABC";
  {
    auto reader = Open(folder.database(), true);
    for (const Query& query : {wanted, queued}) {
      const auto refused = reader->Find(query);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code == base::ErrorCode::kUnsupported);
      CHECK(refused.error().text.find("start the daemon once") != std::string::npos);
    }
  }
  Open(folder.database(), false);
  auto reader = Open(folder.database(), true);
  CHECK(reader->Find(wanted).value().size() == 3);
  CHECK(reader->Find(queued).value().size() == 50);
}

TEST_CASE("older schema: verify finds a changed column", "[db][sqlite][schema]") {
  const int version = GENERATE(1, 2);
  ScratchFolder folder;
  Fill(*Open(folder.database(), false));
  MakeOlder(folder.database(), version);
  std::uint64_t at = 8;
  {
    Connection raw = Raw(folder.database());
    SECTION("class") { RunOn(raw, "UPDATE decision SET class = 0 WHERE seq = 8"); }
    SECTION("time") { RunOn(raw, "UPDATE decision SET time = time + 1 WHERE seq = 8"); }
    SECTION("body") { RunOn(raw, "UPDATE event SET body = x'00' WHERE seq = 8"); }
    SECTION("a row too few") { RunOn(raw, "DELETE FROM decision WHERE seq = 8"); }
    SECTION("block") {
      if (version == 1) return;
      RunOn(raw, "UPDATE span SET first_time = first_time + 8000000 WHERE block = 0");
      at = 1;
    }
  }
  const ChainReport report = VerifyChain(*Open(folder.database(), true)).value();
  CHECK_FALSE(report.whole);
  CHECK(report.broken_seq == at);
}
