// When a message is tried again, with what, and until when.
#include "app/judge/two_tries.h"

#include <deque>

#include "policy/decide.h"
#include "tests/app/judge/pool_fixture.h"

using namespace lazaret;
using namespace lazaret::test;

namespace {

class ScriptedPool : public judge::WorkerPool {
 public:
  judge::Outcome Run(judge::Job job, const std::function<void()>&) override {
    jobs.push_back(job);
    REQUIRE_FALSE(script.empty());
    judge::Outcome outcome = std::move(script.front());
    script.pop_front();
    return outcome;
  }
  base::Status WaitReady(base::Deadline) override { return base::Ok(); }
  judge::PoolStatus Status() const override { return {}; }

  std::deque<judge::Outcome> script;
  std::vector<judge::Job> jobs;
};

judge::Outcome Failed(judge::Failure kind, std::uint64_t worked_micros = 1) {
  judge::Outcome outcome;
  outcome.failed = true;
  outcome.kind = kind;
  outcome.failure = "failure " + std::to_string(static_cast<int>(kind));
  outcome.worked_micros = worked_micros;
  outcome.analysis = policy::AnalysisForFailure(outcome.failure);
  return outcome;
}

judge::Outcome Clean() {
  judge::Outcome outcome;
  outcome.analysis.tree.push_back({});
  outcome.analysis.looked.push_back("clamav");
  return outcome;
}

judge::Outcome NotLooked(const std::string& reason) {
  judge::Outcome outcome = Clean();
  outcome.analysis.looked.clear();
  outcome.analysis.not_looked.push_back({"clamav", reason});
  return outcome;
}

judge::Tried Try(ScriptedPool& pool, double deadline_seconds = 100) {
  return judge::RunTwice(pool, {}, judge::TryTimesFrom(base::MonotonicNow(), deadline_seconds),
                         [] {});
}

bool SaysRetried(const judge::Tried& tried) {
  for (const policy::Finding& finding : tried.outcome.analysis.findings) {
    if (finding.code == judge::kRetriedCode) return finding.cls == policy::Class::kClean;
  }
  return false;
}

}  // namespace

TEST_CASE("two tries: an answer is taken at once", "[app][judge]") {
  ScriptedPool pool;
  pool.script = {Clean()};
  const judge::Tried tried = Try(pool);
  CHECK_FALSE(tried.twice);
  CHECK_FALSE(tried.struck);
  CHECK_FALSE(SaysRetried(tried));
}

TEST_CASE("two tries: a death, a hang and a bad answer are tried again, plain, to the second end",
          "[app][judge]") {
  for (const auto kind :
       {judge::Failure::kDied, judge::Failure::kHung, judge::Failure::kBadAnswer}) {
    ScriptedPool pool;
    pool.script = {Failed(kind, 20'000'000), Clean()};
    const base::Nanoseconds began = base::MonotonicNow();
    const judge::Tried tried = judge::RunTwice(pool, {}, judge::TryTimesFrom(began, 100), [] {});
    CHECK(tried.twice);
    CHECK(tried.struck);
    CHECK_FALSE(tried.outcome.failed);
    CHECK(SaysRetried(tried));
    REQUIRE(pool.jobs.size() == 2);
    CHECK_FALSE(pool.jobs[0].facts.plain);
    CHECK(pool.jobs[1].facts.plain);
    CHECK(pool.jobs[0].first_deadline.monotonic() - began == 55'000'000'000);
    CHECK(pool.jobs[0].deadline.monotonic() - began == 90'000'000'000);
    CHECK(pool.jobs[1].first_deadline.never());
    CHECK(pool.jobs[1].deadline.monotonic() - began == 90'000'000'000);
  }
}

TEST_CASE("two tries: what no worker had is not tried again", "[app][judge]") {
  for (const auto kind : {judge::Failure::kNotTaken, judge::Failure::kHere}) {
    ScriptedPool pool;
    pool.script = {Failed(kind)};
    const judge::Tried tried = Try(pool);
    CHECK_FALSE(tried.twice);
    CHECK_FALSE(tried.struck);
    CHECK(tried.outcome.failed);
  }
}

TEST_CASE("two tries: without time left there is no second try", "[app][judge]") {
  ScriptedPool pool;
  pool.script = {Failed(judge::Failure::kDied)};
  const judge::Tried tried = Try(pool, 0.05);
  CHECK_FALSE(tried.twice);
  CHECK(tried.struck);
}

TEST_CASE("two tries: a worker that had the message only for a moment did not hang over it",
          "[app][judge]") {
  for (const std::uint64_t micros : {9'999'999U, 10'000'000U}) {
    ScriptedPool pool;
    pool.script = {Failed(judge::Failure::kHung, micros), Clean()};
    CHECK(Try(pool).struck == (micros == 10'000'000U));
  }
}

TEST_CASE("two tries: an analyzer that stands still is tried again, and no fault of the message",
          "[app][judge]") {
  ScriptedPool pool;
  pool.script = {Failed(judge::Failure::kStalled, 20'000'000),
                 Failed(judge::Failure::kStalled, 20'000'000)};
  const judge::Tried tried = Try(pool);
  CHECK(tried.twice);
  CHECK_FALSE(tried.struck);
}

TEST_CASE("two tries: could not look is tried again only when the reason may pass",
          "[app][judge]") {
  for (const bool passing : {true, false}) {
    ScriptedPool pool;
    pool.script = {
        NotLooked(passing ? "message: Can't allocate memory" : "libclamav ran out of time"),
        Clean()};
    const judge::Tried tried = Try(pool);
    CHECK(tried.twice == passing);
    CHECK_FALSE(tried.struck);
    CHECK(SaysRetried(tried) == passing);
    CHECK(tried.outcome.analysis.looked.empty() != passing);
    if (passing) CHECK_FALSE(pool.jobs[1].facts.plain);
  }
}

TEST_CASE("two tries: what was found stands when the second try fails", "[app][judge]") {
  judge::Outcome found = NotLooked("No space left on device");
  policy::Finding finding;
  finding.code = "mail.phishing";
  found.analysis.findings.push_back(finding);
  for (const judge::Outcome& second :
       {Failed(judge::Failure::kDied), NotLooked("No space left on device")}) {
    ScriptedPool pool;
    pool.script = {found, second};
    const judge::Tried tried = Try(pool);
    CHECK(tried.twice);
    CHECK_FALSE(tried.outcome.failed);
    REQUIRE(tried.outcome.analysis.findings.size() == 2);
    CHECK(tried.outcome.analysis.findings[0].code == "mail.phishing");
  }
}

TEST_CASE("two tries: malicious mail that could not be looked at whole is decided already",
          "[app][judge]") {
  judge::Outcome found = NotLooked("No space left on device");
  policy::Finding finding;
  finding.cls = policy::Class::kMalicious;
  found.analysis.findings.push_back(finding);
  ScriptedPool pool;
  pool.script = {found};
  CHECK_FALSE(Try(pool).twice);
}

TEST_CASE("two tries: through a pool the hanging worker ends early and another one answers",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd hanging = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  const base::UniqueFd worker = zygote.AddWorker(2);
  REQUIRE(fixture.Eventually([](const auto& status) { return status.workers == 2; }));
  policy::JobFacts facts;
  std::thread answering([&] {
    auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(10'000));
    if (!job.ok()) return;
    auto bytes = base::Mapping::Map(job->fds[1].get(), policy::kMaxResultBytes);
    if (bytes.ok()) facts = policy::DecodeFacts(bytes->bytes()).value();
    AnswerJob(worker.get(), *job, false);
  });
  judge::TryTimes times;
  times.first = base::Deadline::AfterMillis(200);
  times.second = base::Deadline::AfterMillis(10'000);
  const judge::Tried tried = judge::RunTwice(*fixture.pool, fixture.JobFor(0), times, [] {});
  answering.join();
  CHECK(tried.twice);
  CHECK_FALSE(tried.struck);  // nobody ended the worker
  CHECK_FALSE(tried.outcome.failed);
  CHECK(facts.plain);
  CHECK(fixture.pool->Status().worker_deaths == 1);
}

TEST_CASE("two tries: past the first end a worker gets the message until the second",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread answering([&] { AnswerOne(worker.get(), false); });
  judge::TryTimes times;
  times.first = base::Deadline::AfterMillis(0);
  times.second = base::Deadline::AfterMillis(10'000);
  CHECK_FALSE(judge::RunTwice(*fixture.pool, fixture.JobFor(0), times, [] {}).outcome.failed);
  answering.join();
}
