// Time, shortage and the bounds of the queue: what must not cost a good worker, and what must not
// cost the answer's time.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>

#include "tests/app/judge/pool_fixture.h"

using namespace lazaret;
using namespace lazaret::test;

namespace {

// The budget that a worker is given with its job.
std::uint32_t BudgetOf(const Frame& job) {
  REQUIRE(job.fds.size() == 2);
  auto bytes = base::Mapping::Map(job.fds[1].get(), policy::kMaxResultBytes);
  REQUIRE(bytes.ok());
  auto facts = policy::DecodeFacts(bytes->bytes());
  REQUIRE(facts.ok());
  return facts->budget_millis;
}

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

// While it lives this process can open no further descriptor.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const int lowest_free = ::dup(STDIN_FILENO);
    REQUIRE(lowest_free >= 0);
    ::close(lowest_free);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("worker pool: a message past its deadline takes no worker", "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  for (const std::int64_t late : {-1000, 0, 1}) {
    const judge::Outcome outcome = fixture.Run(late);
    CHECK(IsError(outcome));
    CHECK(outcome.failure == "no worker became free in time");
  }
  CHECK(fixture.pool->Status().workers == 1);
  CHECK(fixture.pool->Status().worker_deaths == 0);
  // The same worker still serves.
  std::thread answering([&] { AnswerOne(worker.get(), false); });
  CHECK_FALSE(fixture.Run(5000).failed);
  answering.join();
}

TEST_CASE("worker pool: the worker's budget is the time left, never more than was given",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  const auto budget_for = [&](std::int64_t left, std::uint32_t given) {
    Frame given_to_worker;
    std::thread answering([&] {
      auto received = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
      if (!received.ok()) return;
      AnswerJob(worker.get(), *received, false);
      given_to_worker = std::move(received).value();
    });
    judge::Job job = fixture.JobFor(left);
    job.facts.budget_millis = given;
    CHECK_FALSE(fixture.pool->Run(std::move(job), [] {}).failed);
    answering.join();
    return BudgetOf(given_to_worker);
  };
  const std::uint32_t late = budget_for(20'000, 108'000);
  CHECK(late <= 20'000);
  CHECK(late > 10'000);
  CHECK(budget_for(20'000, 500) == 500);
  CHECK(budget_for(20'000, 0) > 10'000);
}

TEST_CASE("worker pool: a message that waits is answered at its deadline, not a second later",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread busy([&] { static_cast<void>(fixture.Run(5000)); });
  REQUIRE(fixture.Eventually([](const auto& status) { return status.busy == 1; }));
  const base::Nanoseconds start = base::MonotonicNow();
  const judge::Outcome outcome = fixture.Run(100);
  CHECK((base::MonotonicNow() - start) / 1'000'000 < 600);
  CHECK(outcome.failure == "no worker became free in time");
  AnswerOne(worker.get(), false);
  busy.join();
}

TEST_CASE("worker pool: without descriptors a message is could-not-look and no worker is lost",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  {
    const NoDescriptors shortage;
    CHECK(IsError(fixture.Run(2000)));
  }
  CHECK(fixture.pool->Status().workers == 1);
  CHECK(fixture.pool->Status().worker_deaths == 0);
  std::thread answering([&] { AnswerOne(worker.get(), false); });
  CHECK_FALSE(fixture.Run(5000).failed);
  answering.join();
}

TEST_CASE("worker pool: a job that cannot be sent is could-not-look and the worker is put back",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  judge::Job job = fixture.JobFor(5000);
  job.message_fd = -1;
  CHECK(IsError(fixture.pool->Run(std::move(job), [] {})));
  CHECK(fixture.pool->Status().workers == 1);
  CHECK(fixture.pool->Status().busy == 0);
  CHECK(fixture.pool->Status().worker_deaths == 0);
  // What was armed is disarmed: the idle worker must not be killed at that message's deadline.
  auto arm = zygote.Next();
  REQUIRE(arm.ok());
  CHECK(arm->type == FrameType::kArm);
  auto disarm = zygote.Next();
  REQUIRE(disarm.ok());
  CHECK(disarm->type == FrameType::kDisarm);
}

TEST_CASE("worker pool: an answer lost for want of a descriptor does not cost the worker",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  judge::Outcome outcome;
  const std::size_t before = OpenDescriptors();
  std::thread asking([&] { outcome = fixture.Run(5000); });
  auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
  REQUIRE(job.ok());
  // The pool has closed its own descriptor of the facts: none will become free behind our back.
  REQUIRE(fixture.Eventually([&](const auto&) { return OpenDescriptors() == before + 2; }));
  const std::string bytes = CleanAnalysis();
  auto result = base::SealedMemfd("result", bytes);
  REQUIRE(result.ok());
  {
    const NoDescriptors shortage;
    CHECK(process::SendFrame(worker.get(), AnswerTo(*job, bytes, false), {result->get()}).ok());
    asking.join();
  }
  CHECK(IsError(outcome));
  CHECK(fixture.pool->Status().workers == 1);
  CHECK(fixture.pool->Status().worker_deaths == 0);
  std::thread answering([&] { AnswerOne(worker.get(), false); });
  CHECK_FALSE(fixture.Run(5000).failed);
  answering.join();
}

TEST_CASE("worker pool: an answer with too many descriptors still costs the worker",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread lying([&] {
    auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
    if (!job.ok()) return;
    SendWithDescriptors(worker.get(), AnswerTo(*job, CleanAnalysis(), false),
                        process::kMaxFrameFds + 5);
  });
  CHECK(IsError(fixture.Run(5000)));
  lying.join();
  CHECK(fixture.pool->Status().workers == 0);
  CHECK(fixture.pool->Status().worker_deaths == 1);
}

TEST_CASE("worker pool: a zygote that reads nothing holds nobody up, and hears the last word later",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  const base::UniqueFd hanging = zygote.AddWorker(2);
  REQUIRE(fixture.Eventually([](const auto& status) { return status.workers == 2; }));
  // Worker 2 hangs with a message; worker 1 answers more than the socket to the zygote can hold.
  judge::Outcome late;
  base::Nanoseconds late_at = 0;
  constexpr std::int64_t kMillis = 20'000;
  const base::Nanoseconds start = base::MonotonicNow();
  std::thread first([&] { static_cast<void>(fixture.Run(kMillis)); });
  auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
  REQUIRE(job.ok());
  std::thread hangs([&] {
    late = fixture.Run(kMillis / 20);
    late_at = base::MonotonicNow();
  });
  REQUIRE(process::ReceiveFrame(hanging.get(), base::Deadline::AfterMillis(5000)).ok());
  AnswerJob(worker.get(), *job, false);
  first.join();
  for (int i = 0; i < 400; ++i) {
    std::thread answering([&] { AnswerOne(worker.get(), false); });
    CHECK_FALSE(fixture.Run(kMillis).failed);
    answering.join();
  }
  hangs.join();
  CHECK(IsError(late));
  CHECK((late_at - start) / 1'000'000 < kMillis / 20 + 1000);
  // Now it reads: worker 2 is to be killed, worker 1 is disarmed, and nothing was kept twice.
  std::map<std::uint32_t, FrameType> last;
  std::size_t frames = 0;
  while (!(last[1] == FrameType::kDisarm && last[2] == FrameType::kKill)) {
    auto frame = zygote.Next();
    REQUIRE(frame.ok());
    base::ByteReader in(frame->payload);
    last[in.U32()] = frame->type;
    REQUIRE(++frames <= 804);
  }
}

TEST_CASE("worker pool: at its limit of waiting bytes the next message is answered at once",
          "[app][judge]") {
  judge::PoolOptions options;
  options.max_waiting = 100;
  options.max_waiting_bytes = 1000;
  Fixture fixture(options);
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::vector<std::thread> threads;
  const auto run = [&](std::uint64_t bytes) {
    judge::Job job = fixture.JobFor(1500);
    job.message_bytes = bytes;
    return fixture.pool->Run(std::move(job), [] {});
  };
  const auto wait_with = [&](std::uint64_t bytes) {
    threads.emplace_back([&run, bytes] { static_cast<void>(run(bytes)); });
  };
  const std::string full = "too many bytes of messages are waiting for a worker";
  wait_with(5000);  // needs not wait, so it does not count
  REQUIRE(fixture.Eventually([](const auto& status) { return status.busy == 1; }));
  wait_with(999);
  REQUIRE(fixture.Eventually([](const auto& status) { return status.waiting_bytes == 999; }));
  CHECK(run(2).failure == full);
  wait_with(1);
  REQUIRE(fixture.Eventually([](const auto& status) { return status.waiting_bytes == 1000; }));
  const judge::Outcome outcome = run(1);
  CHECK(IsError(outcome));
  CHECK(outcome.failure == full);
  for (std::thread& thread : threads) thread.join();
  CHECK(fixture.pool->Status().waiting_bytes == 0);
}

TEST_CASE("worker pool: a message above the limit of waiting bytes may wait alone",
          "[app][judge]") {
  judge::PoolOptions options;
  options.max_waiting_bytes = 1000;
  Fixture fixture(options);
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread busy([&] { static_cast<void>(fixture.Run(1500)); });
  REQUIRE(fixture.Eventually([](const auto& status) { return status.busy == 1; }));
  std::thread large([&] {
    judge::Job job = fixture.JobFor(1500);
    job.message_bytes = 1001;
    static_cast<void>(fixture.pool->Run(std::move(job), [] {}));
  });
  CHECK(fixture.Eventually([](const auto& status) { return status.waiting_bytes == 1001; }));
  CHECK(fixture.Run(1500).failure == "too many bytes of messages are waiting for a worker");
  busy.join();
  large.join();
}

TEST_CASE("worker pool: a waiting message tells of progress though others come and go all the time",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread busy([&] { static_cast<void>(fixture.Run(4000)); });
  REQUIRE(fixture.Eventually([](const judge::PoolStatus& status) { return status.busy == 1; }));
  std::atomic<int> told{0};
  std::atomic<bool> done{false};
  std::thread waiting([&] {
    static_cast<void>(fixture.pool->Run(fixture.JobFor(2500), [&] { ++told; }));
    done = true;
  });
  // Each of these ends at once and wakes all that wait.
  while (!done) static_cast<void>(fixture.Run(-1000));
  waiting.join();
  busy.join();
  CHECK(told >= 2);
  CHECK(told <= 3);
}

TEST_CASE("worker pool: a worker died of its message only when its zygote outlives it",
          "[app][judge]") {
  for (const bool outlives : {true, false}) {
    Fixture fixture;
    FakeZygote zygote(fixture.path);
    base::UniqueFd worker = zygote.AddWorker(7);
    REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
    std::thread dies([&] {
      static_cast<void>(process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000)));
      outlives ? zygote.SayGone(7) : zygote.Close();
      worker.Reset();
    });
    const judge::Outcome outcome = fixture.Run(20'000);
    dies.join();
    CHECK(IsError(outcome));
    CHECK(outcome.kind == (outlives ? judge::Failure::kDied : judge::Failure::kStalled));
  }
}

TEST_CASE("worker pool: a try that got no answer says nothing of how long looks take",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  CHECK(fixture.Run(100).failed);
  CHECK(fixture.pool->Status().service_micros == 0);
}

TEST_CASE("worker pool: a worker that its zygote ends at the deadline hung over the message",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  judge::Failure kind = judge::Failure::kNone;
  // Once more on a machine so busy that the zygote's part is late.
  for (std::uint32_t id = 1; id <= 5 && kind != judge::Failure::kHung; ++id) {
    base::UniqueFd worker = zygote.AddWorker(id);
    REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
    std::thread ends([&] {
      static_cast<void>(process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000)));
      // Nothing more comes; until well past the deadline.
      static_cast<void>(process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(200)));
      worker.Reset();
    });
    kind = fixture.Run(100).kind;
    ends.join();
  }
  CHECK(kind == judge::Failure::kHung);
}

TEST_CASE("worker pool: who would wait too long is answered at once, a second try is not",
          "[app][judge]") {
  judge::PoolOptions options;
  options.max_waiting = 100;
  options.max_wait_millis = 1;
  Fixture fixture(options);
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  // One look of 100 ms is what is known of looks.
  const base::UniqueFd replacement = zygote.AddWorker(2);
  REQUIRE(fixture.Eventually([](const auto& status) { return status.workers == 2; }));
  std::thread slow([&] {
    const auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
    static_cast<void>(process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(100)));
    if (job.ok()) AnswerJob(worker.get(), *job, true);
  });
  CHECK_FALSE(fixture.Run(20'000).failed);
  slow.join();
  CHECK(fixture.pool->Status().service_micros >= 50'000);
  std::thread busy([&] { static_cast<void>(fixture.Run(1000)); });
  REQUIRE(fixture.Eventually([](const auto& status) { return status.busy == 1; }));
  std::thread waits([&] { static_cast<void>(fixture.Run(1000)); });
  REQUIRE(fixture.Eventually([](const auto& status) { return status.waiting == 1; }));
  const judge::Outcome outcome = fixture.Run(60'000);
  CHECK(IsError(outcome));
  CHECK(outcome.kind == judge::Failure::kBusy);
  judge::Job again = fixture.JobFor(100);
  again.arrived = base::MonotonicNow();
  CHECK(fixture.pool->Run(std::move(again), [] {}).kind != judge::Failure::kBusy);
  busy.join();
  waits.join();
}
