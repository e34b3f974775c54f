// What every verdict store must do, run over each of them.
#include "db/verdict_store.h"

#include <functional>
#include <memory>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/memory/memory_store.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

struct MemoryMaker {
  std::unique_ptr<VerdictStore> Make(std::uint64_t pairs = kMaxHistoryPairs) {
    return NewMemoryStore(pairs);
  }
};

struct SqliteMaker {
  std::unique_ptr<VerdictStore> Make(std::uint64_t pairs = kMaxHistoryPairs) {
    SqliteOptions options;
    options.path = folder.database();
    options.max_history_pairs = pairs;
    auto store = OpenSqliteStore(options);
    if (!store.ok()) FAIL(store.error().text);
    return std::move(store).value();
  }
  ScratchFolder folder;
};

std::vector<ChainedRecord> Chain(VerdictStore& store, std::vector<Event> events) {
  ChainPosition last = store.Last().value();
  std::vector<ChainedRecord> records;
  for (Event& event : events) {
    records.push_back(PrepareRecord(std::move(event)));
    Seal(records.back(), last);
  }
  return records;
}

void Append(VerdictStore& store, std::vector<Event> events) {
  const auto status = store.AppendBatch(Chain(store, std::move(events)));
  if (!status.ok()) FAIL(status.error().text);
}

ForgetEvent ForgetOf(const std::string& verdict_id, base::UnixTime before = {}) {
  ForgetEvent forget;
  forget.actor = "operator";
  forget.scope = ForgetScope::kPersonalValues;
  forget.verdict_id = verdict_id;
  forget.before = before;
  return forget;
}

ForgetEvent PrefixForget(const ChainPosition& through) {
  ForgetEvent forget;
  forget.actor = "retention";
  forget.scope = ForgetScope::kPrefix;
  forget.through_seq = through.seq;
  forget.through_hash = through.hash;
  return forget;
}

base::UnixTime SecondsIn(int seconds) { return {(kFirstSecond + seconds) * 1'000'000}; }

std::vector<std::string> Ids(VerdictStore& store, const Query& query) {
  std::vector<std::string> ids;
  const std::vector<StoredVerdict> found = store.Find(query).value();
  for (const StoredVerdict& one : found) ids.push_back(one.event.verdict_id);
  return ids;
}

}  // namespace

TEMPLATE_TEST_CASE("store: an empty store stands at position nothing and is a whole chain",
                   "[contract]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  CHECK(store->Last().value() == ChainPosition{});
  CHECK(store->Anchor().value() == ChainPosition{});
  CHECK(store->Find({}).value().empty());
  const ChainReport report = VerifyChain(*store).value();
  CHECK(report.whole);
  CHECK(report.events == 0);
}

TEMPLATE_TEST_CASE("store: a batch is read back in order and moves Last", "[contract]", MemoryMaker,
                   SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const auto records = Chain(*store, {SampleDecision(1), CleanDecision(2), SampleDecision(3)});
  REQUIRE(store->AppendBatch(records).ok());
  CHECK(store->Last().value() == ChainPosition{3, records[2].hash});
  const auto read = store->Read(1, 10).value();
  REQUIRE(read.size() == 2);
  CHECK(read[0].seq == 2);
  CHECK(read[0].body == records[1].body);
  CHECK(read[0].personal == records[1].personal);
  CHECK(read[0].hash == records[1].hash);
  CHECK(read[0].index == records[1].index);
  CHECK(read[1].index == records[2].index);
  CHECK(store->Read(0, 1).value().size() == 1);
  CHECK(VerifyChain(*store).value().whole);
}

TEMPLATE_TEST_CASE("store: a batch that does not follow, has a gap or repeats an id leaves nothing",
                   "[contract]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const DecisionEvent first = SampleDecision(1);
  Append(*store, {first});
  auto ahead = Chain(*store, {SampleDecision(2), SampleDecision(3)});
  CHECK_FALSE(store->AppendBatch(std::span(ahead).subspan(1)).ok());
  auto gap = Chain(*store, {SampleDecision(2), SampleDecision(3), SampleDecision(4)});
  gap.erase(gap.begin() + 1);
  CHECK_FALSE(store->AppendBatch(gap).ok());
  CHECK_FALSE(store->AppendBatch(Chain(*store, {SampleDecision(2), first})).ok());
  CHECK(store->Last().value().seq == 1);
  CHECK(store->Find({}).value().size() == 1);
  Append(*store, {SampleDecision(5)});
  CHECK(VerifyChain(*store).value().events == 2);
}

TEMPLATE_TEST_CASE("store: Find holds all conditions, newest first, and pages on", "[contract]",
                   MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const DecisionEvent a = SampleDecision(1);
  const DecisionEvent b = CleanDecision(2);
  DecisionEvent c = SampleDecision(3);
  c.envelope.sender.clear();
  c.verdict.action = policy::Action::kHold;
  c.envelope.recipients = {"Dora@Sub.Other.test"};
  c.verdict.recipients = {SampleRecipient("Dora@Sub.Other.test", policy::Action::kHold, 2)};
  Append(*store, {a, b, c});

  using Expected = std::vector<std::string>;
  CHECK(Ids(*store, {}) == Expected{c.verdict_id, b.verdict_id, a.verdict_id});
  Query query;
  query.limit = 1;
  CHECK(Ids(*store, query) == Expected{c.verdict_id});
  query.before_seq = 3;
  CHECK(Ids(*store, query) == Expected{b.verdict_id});

  const auto only = [&store](const std::function<void(Query&)>& set) {
    Query one;
    set(one);
    return Ids(*store, one);
  };
  CHECK(only([](Query& q) { q.cls = policy::Class::kClean; }) == Expected{b.verdict_id});
  CHECK(only([](Query& q) { q.cls = policy::Class::kMalicious; }) ==
        Expected{c.verdict_id, a.verdict_id});
  CHECK(only([](Query& q) { q.action = policy::Action::kHold; }) == Expected{c.verdict_id});
  CHECK(only([](Query& q) { q.action = policy::Action::kAccept; }) == Expected{b.verdict_id});
  CHECK(only([](Query& q) { q.rule = "dlp.payment_card"; }) ==
        Expected{c.verdict_id, a.verdict_id});
  CHECK(only([](Query& q) { q.rule = "rule.clamav.signature"; }).size() == 2);
  CHECK(only([](Query& q) { q.rule = "dlp"; }).empty());
  CHECK(only([](Query& q) { q.sender = "ALICE1@example.ORG"; }) == Expected{a.verdict_id});
  CHECK(only([](Query& q) { q.sender = "@EXAMPLE.org"; }) == Expected{b.verdict_id, a.verdict_id});
  CHECK(only([](Query& q) { q.sender = "<>"; }) == Expected{c.verdict_id});
  CHECK(only([](Query& q) { q.recipient = "carol@other.test"; }) ==
        Expected{b.verdict_id, a.verdict_id});
  CHECK(only([](Query& q) { q.recipient = "@other.test"; }).size() == 2);
  CHECK(only([](Query& q) { q.recipient = "@sub.OTHER.test"; }) == Expected{c.verdict_id});
  CHECK(only([&b](Query& q) { q.since = b.time; }) == Expected{c.verdict_id, b.verdict_id});
  CHECK(only([&b](Query& q) { q.until = b.time; }) == Expected{a.verdict_id});
  CHECK(only([&b](Query& q) {
          q.since = b.time;
          q.cls = policy::Class::kMalicious;
          q.recipient = "@sub.other.test";
          q.rule = "dlp.payment_card";
        }) == Expected{c.verdict_id});
}

TEMPLATE_TEST_CASE("store: filters are values, whatever they spell", "[contract]", MemoryMaker,
                   SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  DecisionEvent odd = SampleDecision(1);
  odd.envelope.sender = "x'; DROP TABLE event; --@a\"b";
  odd.verdict.findings[0].rule = "' OR 1=1 --";
  Append(*store, {odd, CleanDecision(2)});
  for (const char* text : {"' OR '1'='1", "%", "_", "*", "\" OR \"\"=\"", "?1", "@%"}) {
    Query query;
    query.sender = text;
    CHECK(store->Find(query).value().empty());
    query = {};
    query.recipient = text;
    CHECK(store->Find(query).value().empty());
    query = {};
    query.rule = text;
    CHECK(store->Find(query).value().empty());
    CHECK(store->IdsWithPrefix(text, 5).value().empty());
    CHECK_FALSE(store->Get(text).ok());
  }
  Query query;
  query.sender = odd.envelope.sender;
  CHECK(Ids(*store, query) == std::vector<std::string>{odd.verdict_id});
  query = {};
  query.rule = "' OR 1=1 --";
  CHECK(Ids(*store, query) == std::vector<std::string>{odd.verdict_id});
}

TEMPLATE_TEST_CASE("store: Get gives the decision, what came later and the acknowledged mark",
                   "[contract]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const DecisionEvent decision = SampleDecision(1);
  UpdateEvent update;
  update.verdict_id = decision.verdict_id;
  update.actor = "sandbox";
  update.cls = policy::Class::kMalicious;
  update.findings = {SampleFinding("sandbox.score", policy::Class::kMalicious)};
  ReleaseEvent release;
  release.verdict_id = decision.verdict_id;
  release.actor = "operator";
  release.recipients = {"bob@lazaret.test"};
  Append(*store, {decision, update, SampleDecision(2), release});
  CHECK(store->Get(decision.verdict_id).value().mark == AckMark::kNone);
  const std::vector<Acknowledgement> marks = {{decision.verdict_id, AckMark::kClose},
                                              {decision.verdict_id, AckMark::kNextCommand}};
  REQUIRE(store->Mark(marks).ok());
  const StoredVerdict stored = store->Get(decision.verdict_id).value();
  CHECK(stored.seq == 1);
  CHECK(stored.mark == AckMark::kNextCommand);
  CHECK(stored.fault.empty());
  CHECK(stored.event.envelope.recipients == decision.envelope.recipients);
  REQUIRE(stored.later.size() == 2);
  CHECK(std::get<UpdateEvent>(stored.later[0]).findings[0].code == "sandbox.score");
  CHECK(std::get<ReleaseEvent>(stored.later[1]).recipients == release.recipients);
  const auto missing = store->Get("nosuchverdict");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == base::ErrorCode::kNotFound);
}

TEMPLATE_TEST_CASE("store: ids are found by prefix, at most as many as asked", "[contract]",
                   MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  DecisionEvent a = SampleDecision(1);
  DecisionEvent b = SampleDecision(2);
  DecisionEvent c = SampleDecision(3);
  a.verdict_id = "aaaaaazz2222222222222222aa";
  b.verdict_id = "aaaaaab77777777777777777aa";
  c.verdict_id = "aaaaabbbbbbbbbbbbbbbbbbbbb";
  Append(*store, {a, b, c});
  CHECK(store->IdsWithPrefix("aaaaaa", 5).value() ==
        std::vector<std::string>{b.verdict_id, a.verdict_id});
  CHECK(store->IdsWithPrefix("aaaaaa", 1).value().size() == 1);
  CHECK(store->IdsWithPrefix("aaaaaaz", 5).value() == std::vector<std::string>{a.verdict_id});
  CHECK(store->IdsWithPrefix("b", 5).value().empty());
}

TEMPLATE_TEST_CASE("store: forgetting removes personal values, and the chain stays whole",
                   "[contract]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const DecisionEvent a = SampleDecision(1);
  const DecisionEvent b = CleanDecision(2);
  Append(*store, {a, b, ForgetOf(a.verdict_id)});
  ForgetSelector selector;
  selector.verdict_id = a.verdict_id;
  CHECK(store->Forget(selector).value() == 1);
  CHECK(store->Forget(selector).value() == 0);
  const StoredVerdict stored = store->Get(a.verdict_id).value();
  CHECK(stored.fault.empty());
  CHECK(stored.event.envelope.sender == kForgotten);
  CHECK(stored.event.analysis.subject == kForgotten);
  CHECK(stored.event.verdict.cls == policy::Class::kMalicious);
  Query query;
  query.sender = "alice1@example.org";
  CHECK(store->Find(query).value().empty());
  query = {};
  query.recipient = "@lazaret.test";
  CHECK(Ids(*store, query) == std::vector<std::string>{b.verdict_id});
  const ChainReport report = VerifyChain(*store).value();
  CHECK(report.why == "");
  CHECK(report.whole);
  CHECK(report.forgotten == 1);
  selector = {};
  selector.before = base::UnixTime{b.time.micros + 1};
  Append(*store, {ForgetOf("", *selector.before)});
  CHECK(store->Forget(selector).value() == 1);
  CHECK(VerifyChain(*store).value().forgotten == 2);
}

TEMPLATE_TEST_CASE("store: personal values that went without a forget event break the chain",
                   "[contract]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const DecisionEvent a = SampleDecision(1);
  const DecisionEvent b = SampleDecision(2);
  // The time of b: b itself is not before it.
  Append(*store, {ForgetOf(b.verdict_id), a, b, ForgetOf(a.verdict_id), ForgetOf("", b.time)});
  ForgetSelector selector;
  selector.verdict_id = a.verdict_id;
  REQUIRE(store->Forget(selector).value() == 1);
  CHECK(VerifyChain(*store).value().whole);
  selector.verdict_id = b.verdict_id;
  REQUIRE(store->Forget(selector).value() == 1);
  const ChainReport broken = VerifyChain(*store).value();
  CHECK_FALSE(broken.whole);
  CHECK(broken.broken_seq == 3);
  CHECK(broken.why == "its personal values are gone, but no forget event says so");
  SECTION("a later forget event of its id mends it") { Append(*store, {ForgetOf(b.verdict_id)}); }
  SECTION("a later forget event of a time after it mends it") {
    Append(*store, {ForgetOf("", base::UnixTime{b.time.micros + 1})});
  }
  CHECK(VerifyChain(*store).value().whole);
}

TEMPLATE_TEST_CASE("store: sender history knows accepted pairs only and stays bounded",
                   "[contract]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make(8);
  const auto seen = [&store](const std::string& sender, const std::string& recipient) {
    const std::vector<std::string> keys = {HistoryKey(sender, recipient)};
    return store->HistoryContains(keys).value();
  };
  Append(*store, {CleanDecision(1), SampleDecision(2)});
  CHECK(seen("alice1@EXAMPLE.org", "anyone@lazaret.test"));
  CHECK(seen("Alice1@Example.org", "x@other.test"));
  CHECK_FALSE(seen("alice1@example.org", "x@third.test"));
  CHECK_FALSE(seen("alice2@example.org", "bob@lazaret.test"));
  for (int i = 3; i <= 6; ++i) Append(*store, {CleanDecision(i)});
  CHECK_FALSE(seen("alice1@example.org", "bob@lazaret.test"));
  CHECK(seen("alice6@example.org", "bob@lazaret.test"));
}

TEMPLATE_TEST_CASE("store: the old prefix ends at the first event that is not old, or the limit",
                   "[contract][retention]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  CHECK(store->OldPrefix({SecondsIn(100), 10}).value() == ChainPosition{});
  const auto records = Chain(*store, {SampleDecision(1), SampleDecision(2), SampleDecision(50),
                                      SampleDecision(3), SampleDecision(4)});
  REQUIRE(store->AppendBatch(records).ok());
  CHECK(store->OldPrefix({SecondsIn(1), 10}).value() == ChainPosition{});
  CHECK(store->OldPrefix({SecondsIn(2), 10}).value() == ChainPosition{1, records[0].hash});
  CHECK(store->OldPrefix({SecondsIn(5), 10}).value() == ChainPosition{2, records[1].hash});
  CHECK(store->OldPrefix({SecondsIn(100), 10}).value() == ChainPosition{5, records[4].hash});
  CHECK(store->OldPrefix({SecondsIn(100), 3}).value() == ChainPosition{3, records[2].hash});
  CHECK(store->OldPrefix({records[0].index.time, 10}).value() == ChainPosition{});
}

TEMPLATE_TEST_CASE("store: an event of an unknown time is as old as the next one that has a time",
                   "[contract][retention]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  UpdateEvent update;  // between two of unknown times; its own is known
  update.time = SecondsIn(3);
  const auto records =
      Chain(*store, {SampleDecision(1), SampleDecision(5000), SampleDecision(5001),
                     SampleDecision(2), SampleDecision(5002), update, SampleDecision(6000),
                     SampleDecision(50), SampleDecision(6001)});
  REQUIRE(store->AppendBatch(records).ok());
  const auto end = [&store](int before, std::uint64_t limit, int unknown_from) {
    return store->OldPrefix({SecondsIn(before), limit, SecondsIn(unknown_from)}).value().seq;
  };
  CHECK(end(10, 10, 1000) == 6);
  CHECK(end(100, 10, 1000) == 8);
  CHECK(end(1, 10, 1000) == 0);
  CHECK(end(2, 10, 1000) == 1);
  // The next decision after the limit says how old the last ones are, and does not go itself.
  for (std::uint64_t limit = 1; limit <= 4; ++limit) CHECK(end(10, limit, 1000) == limit);
  CHECK(end(10, 5, 1000) == 4);
  CHECK(end(10, 6, 1000) == 6);
  CHECK(end(10, 7, 1000) == 6);
  CHECK(end(100, 7, 1000) == 7);
  // The bound itself: SampleDecision adds a fraction of a second.
  CHECK(end(10, 10, 5000) == 6);
  CHECK(end(10, 10, 5001) == 1);
  CHECK(end(10, 10, 5002) == 1);
  const std::vector<Event> ahead = {SampleDecision(7000)};
  Append(*store, ahead);
  CHECK(end(100, 100, 1000) == 8);
}

TEMPLATE_TEST_CASE("store: the newest decision below a time, whatever the order of the times",
                   "[contract][retention]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  const auto newest = [&store](int before) -> std::int64_t {
    const auto time = store->NewestDecision(SecondsIn(before)).value();
    return time ? time->micros / 1'000'000 - SecondsIn(0).micros / 1'000'000 : -1;
  };
  CHECK(newest(100) == -1);
  // Three blocks of events; the first holds one of a time far ahead.
  std::vector<Event> events;
  for (int i = 0; i < 2500; ++i) events.emplace_back(CleanDecision(i == 300 ? 100'000 : i));
  UpdateEvent update;
  update.time = SecondsIn(200'000);
  events.emplace_back(update);
  Append(*store, events);
  CHECK(newest(0) == -1);
  CHECK(newest(1) == 0);
  CHECK(newest(301) == 299);
  CHECK(newest(1200) == 1199);
  CHECK(newest(2500) == 2499);
  CHECK(newest(100'000) == 2499);
  CHECK(newest(100'001) == 100'000);
  CHECK(newest(300'000) == 100'000);
  // What was removed is not the newest of anything, though its block is kept.
  const ChainPosition through = store->OldPrefix({SecondsIn(200'000), 400}).value();
  while (store->RemoveSome(through).value() != through) {
  }
  CHECK(newest(300) == -1);
  CHECK(newest(300'000) == 2499);
}

TEMPLATE_TEST_CASE("store: removal takes a prefix batch by batch, whole and verifiable at each",
                   "[contract][retention]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  std::vector<Event> events;
  for (int i = 0; i < 450; ++i) events.emplace_back(SampleDecision(i));
  const std::string gone = std::get<DecisionEvent>(events[0]).verdict_id;
  const std::string kept = std::get<DecisionEvent>(events[430]).verdict_id;
  Append(*store, events);
  const std::vector<Acknowledgement> marks = {{gone, AckMark::kNextCommand},
                                              {kept, AckMark::kNextCommand}};
  REQUIRE(store->Mark(marks).ok());
  const ChainPosition through = store->OldPrefix({SecondsIn(430), 10'000}).value();
  REQUIRE(through.seq == 430);
  Append(*store, {PrefixForget(through)});
  std::vector<std::uint64_t> anchors;
  while (anchors.empty() || anchors.back() < through.seq) {
    const ChainPosition anchor = store->RemoveSome(through).value();
    CHECK(store->Anchor().value() == anchor);
    anchors.push_back(anchor.seq);
    const ChainReport report = VerifyChain(*store).value();
    CHECK(report.why == "");
    CHECK(report.whole);
    CHECK(report.first == anchor);
    CHECK(report.events == 451 - anchor.seq);
  }
  CHECK(anchors == std::vector<std::uint64_t>{kRemovedAtOnce, 2 * kRemovedAtOnce, 430});
  CHECK(store->Get(gone).error().code == base::ErrorCode::kNotFound);
  CHECK(store->IdsWithPrefix(gone, 5).value().empty());
  CHECK(store->Get(kept).value().mark == AckMark::kNextCommand);
  Query query;
  query.limit = 1000;
  CHECK(store->Find(query).value().size() == 20);
  query.recipient = "@lazaret.test";
  CHECK(store->Find(query).value().size() == 20);
  Append(*store, {SampleDecision(1000)});
  CHECK(VerifyChain(*store).value().whole);
}

TEMPLATE_TEST_CASE("store: a removal that no forget event names breaks the chain",
                   "[contract][retention]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  Append(*store, {SampleDecision(1), SampleDecision(2), SampleDecision(3), SampleDecision(4)});
  const ChainPosition through = store->OldPrefix({SecondsIn(3), 10}).value();
  ChainPosition wrong = through;
  wrong.hash[0] ^= 1;
  CHECK(store->RemoveSome(wrong).error().code == base::ErrorCode::kInvalid);
  CHECK(store->RemoveSome({9, through.hash}).error().code == base::ErrorCode::kInvalid);
  CHECK(store->Anchor().value() == ChainPosition{});
  const ChainPosition below = store->OldPrefix({SecondsIn(2), 10}).value();
  SECTION("none at all") {}
  SECTION("one that names less") { Append(*store, {PrefixForget(below)}); }
  SECTION("one that names a later event with another hash") {
    Append(*store, {PrefixForget({3, wrong.hash})});
  }
  REQUIRE(store->RemoveSome(through).ok());
  const ChainReport report = VerifyChain(*store).value();
  CHECK_FALSE(report.whole);
  CHECK(report.broken_seq == through.seq);
}

TEMPLATE_TEST_CASE("store: a log whose every event was removed goes on from its anchor",
                   "[contract][retention]", MemoryMaker, SqliteMaker) {
  TestType maker;
  auto store = maker.Make();
  Append(*store, {SampleDecision(1), SampleDecision(2)});
  const ChainPosition last = store->Last().value();
  CHECK(store->RemoveSome(last).value() == last);
  CHECK(store->Last().value() == last);
  CHECK(store->OldPrefix({SecondsIn(100), 10}).value() == last);
  Append(*store, {SampleDecision(3), PrefixForget(last)});
  CHECK(store->Last().value().seq == 4);
  CHECK(VerifyChain(*store).value().whole);
}
