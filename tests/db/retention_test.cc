#include "db/retention.h"

#include <memory>
#include <utility>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/memory/memory_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

constexpr std::int64_t kDay = 86'400;

// A log of `events` events a second apart from kFirstSecond on.
std::unique_ptr<VerdictLog> LogOf(std::uint64_t events) {
  auto store = NewMemoryStore();
  ChainPosition last;
  std::vector<ChainedRecord> records;
  for (std::uint64_t i = 0; i < events; ++i) {
    ForgetEvent small;  // the smallest event there is
    small.scope = ForgetScope::kPersonalValues;
    small.actor = "operator";
    small.time.micros = (kFirstSecond + static_cast<std::int64_t>(i)) * 1'000'000;
    records.push_back(PrepareRecord(small));
    Seal(records.back(), last);
  }
  REQUIRE(store->AppendBatch(records).ok());
  return VerdictLog::Open(std::move(store)).value();
}

// Both clocks, so many seconds after the first event.
Retention::Clocks After(std::int64_t seconds) {
  return {{(kFirstSecond + seconds) * 1'000'000}, seconds * 1'000'000'000};
}

bool Always() { return true; }

}  // namespace

TEST_CASE("retention: a time that went back is kept with what was written before it",
          "[db][retention]") {
  auto log = VerdictLog::Open(NewMemoryStore()).value();
  const DecisionEvent first = CleanDecision(40 * kDay);
  const DecisionEvent went_back = CleanDecision(0);
  const DecisionEvent later = CleanDecision(41 * kDay);
  for (const DecisionEvent& one : {first, went_back, later}) REQUIRE(log->Append(one).ok());
  Retention retention(*log, 30, "mx1");
  // The first is 20 days old; what follows it says 60, which no prefix reaches.
  CHECK(retention.Run(After(60 * kDay), Always).value() == 0);
  CHECK(log->store().Get(went_back.verdict_id).ok());
  CHECK(VerifyChain(log->store()).value().whole);
  Retention restarted(*log, 30, "mx1");
  CHECK(restarted.Run(After(80 * kDay), Always).value() == 3);
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: 0 days keeps everything for ever", "[db][retention]") {
  auto log = LogOf(10);
  Retention retention(*log, 0, "mx1");
  CHECK(retention.Run(After(100'000 * kDay), Always).value() == 0);
  CHECK(log->store().Last().value().seq == 10);
}

TEST_CASE("retention: events go when the oldest is a day over its time, and a forget event says so",
          "[db][retention]") {
  auto log = LogOf(10);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(31 * kDay), Always).value() == 0);
  CHECK(log->store().Last().value().seq == 10);
  CHECK(retention.Run(After(31 * kDay + 1), Always).value() == 10);
  CHECK(log->store().Anchor().value().seq == 10);
  const auto left = log->store().Read(0, 10).value();
  REQUIRE(left.size() == 1);
  CHECK(left[0].kind == EventKind::kForget);
  CHECK(left[0].index.node == "mx1");
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: what is younger than its days stays", "[db][retention]") {
  auto log = LogOf(2 * kDay / 20);  // 2.4 hours
  DecisionEvent young = CleanDecision(40 * kDay);
  REQUIRE(log->Append(young).ok());
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(60 * kDay), Always).value() == kMaxRemovedPerRun);
  CHECK(retention.Run(After(60 * kDay + 600), Always).value() == 8640 - kMaxRemovedPerRun);
  CHECK(log->store().Get(young.verdict_id).ok());
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: a quiet log does not forget its own forgetting run after run",
          "[db][retention]") {
  auto log = LogOf(10);
  Retention retention(*log, 1, "mx1");
  std::uint64_t runs = 0;
  for (std::int64_t at = 3 * kDay; at < 23 * kDay; at += kRetentionEverySeconds) {
    runs += retention.Run(After(at), Always).value() != 0 ? 1 : 0;
  }
  CHECK(runs <= 11);
  CHECK(log->store().Read(0, 100).value().size() <= 3);
}

TEST_CASE("retention: a clock that jumps ahead between two runs removes nothing for a day",
          "[db][retention]") {
  auto log = LogOf(10);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(600), Always).value() == 0);
  Retention::Clocks jumped = After(1200);
  jumped.now.micros += 3650 * kDay * 1'000'000;
  CHECK(retention.Run(jumped, Always).value() == 0);
  jumped.monotonic += (kClockDistrustSeconds - 1) * 1'000'000'000;
  jumped.now.micros += (kClockDistrustSeconds - 1) * 1'000'000;
  CHECK(retention.Run(jumped, Always).value() == 0);
  jumped.monotonic += 1'000'000'000;
  CHECK(retention.Run(jumped, Always).value() == 10);
}

TEST_CASE("retention: a clock that is years ahead from the start costs one bounded run at a time",
          "[db][retention]") {
  auto log = LogOf(3 * kMaxRemovedPerRun);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(5000 * kDay), Always).value() == kMaxRemovedPerRun);
  CHECK(log->store().Anchor().value().seq == kMaxRemovedPerRun);
}

TEST_CASE("retention: a log that is written faster than the cap is kept in bounds all the same",
          "[db][retention]") {
  auto log = LogOf(3 * kMaxRemovedPerRun);
  Retention retention(*log, 1, "mx1");
  CHECK(retention.Run(After(3 * kDay), Always).value() == kMaxRemovedPerRun);
  for (std::int64_t i = 0; i < 2600; ++i) {
    ForgetEvent small;
    small.actor = "operator";
    small.scope = ForgetScope::kPersonalValues;
    small.time = After(3 * kDay).now;
    REQUIRE(log->Append(small).ok());
  }
  // Twice what was written, and its own forget event.
  CHECK(retention.Run(After(3 * kDay + 600), Always).value() == 2 * 2601);
}

TEST_CASE("retention: one that is stopped between two batches leaves a whole log and goes on later",
          "[db][retention]") {
  auto log = LogOf(1000);
  Retention retention(*log, 30, "mx1");
  int asked = 0;
  const auto twice = [&asked] { return ++asked < 2; };
  CHECK(retention.Run(After(60 * kDay), twice).value() == 2 * kRemovedAtOnce);
  CHECK(VerifyChain(log->store()).value().whole);
  CHECK(retention.Run(After(60 * kDay + 600), Always).value() == 1000 - 2 * kRemovedAtOnce);
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: the thread stops at once", "[db][retention]") {
  auto log = LogOf(1);
  const base::Nanoseconds begin = base::MonotonicNow();
  { RetentionThread thread(*log, 30, "mx1"); }
  CHECK(base::MonotonicNow() - begin < 5'000'000'000);
}
