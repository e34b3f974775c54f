#include "db/retention.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
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

void AppendSmall(VerdictLog& log, std::int64_t second) {
  ForgetEvent small;
  small.actor = "operator";
  small.scope = ForgetScope::kPersonalValues;
  small.time = After(second).now;
  REQUIRE(log.Append(small).ok());
}

// A decision that bears out a clock of so many seconds after the first event: from a day and a
// minute before.
void BearOut(VerdictLog& log, std::int64_t second) {
  REQUIRE(log.Append(CleanDecision(static_cast<int>(second - kDay - 60))).ok());
}

// In a process whose boot clock is a day ahead of the monotonic one; nullopt where none can be had.
std::optional<bool> ReadsBootClock() {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    constexpr char kOffset[] = "boottime 86400 0\n";
    if (::unshare(CLONE_NEWTIME) != 0) ::_exit(2);
    const int fd = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, kOffset, sizeof kOffset - 1) < 0) ::_exit(2);
    // Its own children are the first inside.
    const pid_t inner = ::fork();
    if (inner == 0) {
      const base::Nanoseconds ahead = Retention::Clocks::Read().boot - base::MonotonicNow();
      ::_exit(ahead > (kDay - 60) * 1'000'000'000 ? 0 : 1);
    }
    int status = 0;
    if (inner < 0 || ::waitpid(inner, &status, 0) != inner || !WIFEXITED(status)) ::_exit(2);
    ::_exit(WEXITSTATUS(status));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 2) return std::nullopt;
  return WEXITSTATUS(status) == 0;
}

// How many lines of the log hold `part` while `run` runs.
template <typename F>
int Warnings(const char* part, const F& run) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int kept = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  run();
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  std::rewind(file);
  int found = 0;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    found += std::string_view(line).find(part) != std::string_view::npos ? 1 : 0;
  }
  std::fclose(file);
  return found;
}

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
  BearOut(*log, 80 * kDay);
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
  BearOut(*log, 31 * kDay);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(31 * kDay), Always).value() == 0);
  CHECK(log->store().Last().value().seq == 11);
  CHECK(retention.Run(After(31 * kDay + 1), Always).value() == 10);
  CHECK(log->store().Anchor().value().seq == 10);
  const auto left = log->store().Read(0, 10).value();
  REQUIRE(left.size() == 2);
  CHECK(left[1].kind == EventKind::kForget);
  CHECK(left[1].index.node == "mx1");
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: what is younger than its days stays", "[db][retention]") {
  auto log = LogOf(2 * kDay / 20);  // 2.4 hours
  DecisionEvent young = CleanDecision(40 * kDay);
  REQUIRE(log->Append(young).ok());
  BearOut(*log, 60 * kDay);
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
  for (std::int64_t at = kDay; at < 21 * kDay; at += kRetentionEverySeconds) {
    if (at % kDay == 0) REQUIRE(log->Append(CleanDecision(static_cast<int>(at))).ok());
    runs += retention.Run(After(at), Always).value() != 0 ? 1 : 0;
  }
  CHECK(runs >= 5);
  CHECK(runs <= 20);
  CHECK(log->store().Read(0, 100).value().size() <= 6);
}

TEST_CASE("retention: a clock that jumps ahead between two runs removes nothing for a day",
          "[db][retention]") {
  auto log = LogOf(10);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(600), Always).value() == 0);
  Retention::Clocks jumped = After(1200);
  jumped.now.micros += 3650 * kDay * 1'000'000;
  CHECK(retention.Run(jumped, Always).value() == 0);
  jumped.boot += (kClockDistrustSeconds - 1) * 1'000'000'000;
  jumped.now.micros += (kClockDistrustSeconds - 1) * 1'000'000;
  CHECK(retention.Run(jumped, Always).value() == 0);
  BearOut(*log, jumped.now.micros / 1'000'000 - kFirstSecond);
  CHECK(retention.Run(jumped, Always).value() == 0);
  jumped.boot += 1'000'000'000;
  CHECK(retention.Run(jumped, Always).value() == 10);
}

TEST_CASE("retention: what was written while the clock was distrusted does not widen the next run",
          "[db][retention]") {
  auto log = LogOf(2 * kMaxRemovedPerRun);
  Retention retention(*log, 1, "mx1");
  CHECK(retention.Run(After(600), Always).value() == 0);
  Retention::Clocks clocks = After(1200);
  clocks.now.micros += 10 * kDay * 1'000'000;
  CHECK(retention.Run(clocks, Always).value() == 0);
  for (std::uint64_t i = 0; i < kMaxRemovedPerRun / 2 + 100; ++i) AppendSmall(*log, 11 * kDay);
  BearOut(*log, 11 * kDay + 1200);
  clocks.boot += (kDay - 1) * 1'000'000'000;
  clocks.now.micros += (kDay - 1) * 1'000'000;
  CHECK(retention.Run(clocks, Always).value() == 0);
  clocks.boot += 600 * std::int64_t{1'000'000'000};
  clocks.now.micros += 600 * std::int64_t{1'000'000};
  CHECK(retention.Run(clocks, Always).value() == kMaxRemovedPerRun);
}

TEST_CASE("retention: the time between two runs counts what the machine slept", "[db][retention]") {
  const std::optional<bool> reads = ReadsBootClock();
  if (!reads) {
    WARN("needs a time namespace of its own");
    return;
  }
  CHECK(*reads);
}

TEST_CASE(
    "retention: a clock years ahead of the log removes nothing, however often it is started,"
    " until decisions with its times came in for a day",
    "[db][retention]") {
  auto log = LogOf(10);
  REQUIRE(log->Append(CleanDecision(0)).ok());
  const std::int64_t wrong = 5000 * kDay;
  constexpr std::int64_t kHour = 3600;
  for (std::int64_t hour = 0; hour < 24; ++hour) {
    const std::int64_t at = wrong + hour * kHour;
    Retention started(*log, 30, "mx1");
    CHECK(started.Run(After(at), Always).value() == 0);
    CHECK(started.Run(After(at + 600), Always).value() == 0);
    REQUIRE(log->Append(CleanDecision(static_cast<int>(at + 600))).ok());
  }
  Retention started(*log, 30, "mx1");
  CHECK(started.Run(After(wrong + kDay + 600), Always).value() == 0);
  CHECK(started.Run(After(wrong + kDay + 601), Always).value() == 11);
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: the log bears out a clock that is two days past its decisions, not one more",
          "[db][retention]") {
  auto log = LogOf(10);
  REQUIRE(log->Append(CleanDecision(58 * kDay)).ok());
  const std::int64_t newest = 58 * kDay;  // the decision's microseconds make it a little later
  Retention late(*log, 30, "mx1");
  CHECK(late.Run(After(newest + 2 * kDay + 1), Always).value() == 0);
  Retention in_time(*log, 30, "mx1");
  CHECK(in_time.Run(After(newest + 2 * kDay), Always).value() == 10);
}

TEST_CASE("retention: a log without mail does not make a clock doubtful that ran on without a jump",
          "[db][retention]") {
  auto log = LogOf(10);
  REQUIRE(log->Append(CleanDecision(kDay)).ok());
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(2 * kDay), Always).value() == 0);
  Retention::Clocks late = After(60 * kDay);
  CHECK(retention.Run(late, Always).value() == 11);
}

TEST_CASE("retention: after a jump of days only new decisions bear the clock out again",
          "[db][retention]") {
  auto log = LogOf(10);
  REQUIRE(log->Append(CleanDecision(25 * kDay)).ok());
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(0), Always).value() == 0);
  CHECK(retention.Run(After(25 * kDay), Always).value() == 0);
  Retention::Clocks jumped = After(25 * kDay + 600);
  jumped.now.micros += 20 * kDay * 1'000'000;
  CHECK(retention.Run(jumped, Always).value() == 0);
  jumped.boot += kDay * 1'000'000'000;
  jumped.now.micros += kDay * 1'000'000;
  CHECK(retention.Run(jumped, Always).value() == 0);
  BearOut(*log, 46 * kDay + 600);
  CHECK(retention.Run(jumped, Always).value() == 10);
}

TEST_CASE("retention: a run is bounded however much is old", "[db][retention]") {
  auto log = LogOf(3 * kMaxRemovedPerRun);
  BearOut(*log, 5000 * kDay);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(5000 * kDay), Always).value() == kMaxRemovedPerRun);
  CHECK(log->store().Anchor().value().seq == kMaxRemovedPerRun);
}

TEST_CASE("retention: a log that is written faster than the cap is kept in bounds all the same",
          "[db][retention]") {
  auto log = LogOf(3 * kMaxRemovedPerRun);
  BearOut(*log, 3 * kDay);
  Retention retention(*log, 1, "mx1");
  CHECK(retention.Run(After(3 * kDay), Always).value() == kMaxRemovedPerRun);
  for (std::int64_t i = 0; i < 2600; ++i) AppendSmall(*log, 3 * kDay);
  // Twice what was written, and its own forget event.
  CHECK(retention.Run(After(3 * kDay + 600), Always).value() == 2 * 2601);
}

TEST_CASE("retention: one that is stopped between two batches leaves a whole log and goes on later",
          "[db][retention]") {
  auto log = LogOf(1000);
  BearOut(*log, 60 * kDay);
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

TEST_CASE("retention: events of a time far ahead go with the known ones that follow them",
          "[db][retention]") {
  auto log = LogOf(10);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(log->Append(CleanDecision(static_cast<int>(5000 * kDay) + i)).ok());
  }
  const DecisionEvent old = CleanDecision(100);
  REQUIRE(log->Append(old).ok());
  // Nothing known follows these.
  REQUIRE(log->Append(CleanDecision(static_cast<int>(5001 * kDay))).ok());
  BearOut(*log, 60 * kDay);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(60 * kDay), Always).value() == 14);
  CHECK(log->store().Get(old.verdict_id).error().code == base::ErrorCode::kNotFound);
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: a log that begins with a time far ahead is not kept for ever",
          "[db][retention]") {
  auto log = VerdictLog::Open(NewMemoryStore()).value();
  REQUIRE(log->Append(CleanDecision(static_cast<int>(5000 * kDay))).ok());
  REQUIRE(log->Append(CleanDecision(0)).ok());
  BearOut(*log, 60 * kDay);
  Retention retention(*log, 30, "mx1");
  CHECK(retention.Run(After(60 * kDay), Always).value() == 2);
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("retention: a doubtful clock and times far ahead are warned of once", "[db][retention]") {
  auto log = LogOf(10);
  REQUIRE(log->Append(CleanDecision(0)).ok());
  Retention retention(*log, 30, "mx1");
  const auto run = [&retention](std::int64_t at) {
    return [&retention, at] { CHECK(retention.Run(After(at), Always).value() == 0); };
  };
  CHECK(Warnings("far ahead of the log", run(60 * kDay)) == 1);
  CHECK(Warnings("verdict log", run(60 * kDay + 600)) == 0);
  REQUIRE(log->Append(CleanDecision(static_cast<int>(5000 * kDay))).ok());
  CHECK(Warnings("times far ahead of the clock", run(60 * kDay + 1200)) == 1);
  CHECK(Warnings("verdict log", run(60 * kDay + 1800)) == 0);
}
