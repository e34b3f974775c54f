#include "app/judge/worker_pool.h"

#include <functional>

#include "policy/decide.h"
#include "tests/app/judge/pool_fixture.h"

using namespace lazaret;
using namespace lazaret::test;

TEST_CASE("worker pool: an answer comes back with its generation", "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread answering([&] { AnswerOne(worker.get(), false); });
  const judge::Outcome outcome = fixture.Run(5000);
  answering.join();
  CHECK_FALSE(outcome.failed);
  CHECK(outcome.generation.id == std::string(64, 'a'));
  CHECK(outcome.analysis.looked.size() == 1);
  auto arm = zygote.Next();
  REQUIRE(arm.ok());
  CHECK(arm->type == FrameType::kArm);
  auto disarm = zygote.Next();
  REQUIRE(disarm.ok());
  CHECK(disarm->type == FrameType::kDisarm);
}

TEST_CASE("worker pool: a worker that dies in mid-message is could-not-look", "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread dying([&] {
    static_cast<void>(process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000)).ok());
    worker.Reset();
  });
  const judge::Outcome outcome = fixture.Run(5000);
  dying.join();
  CHECK(IsError(outcome));
  CHECK(outcome.failure == "worker died");
  CHECK(fixture.pool->Status().worker_deaths == 1);
  CHECK(fixture.pool->Status().workers == 0);
}

TEST_CASE("worker pool: a worker that died idle never had the message, the next one gets it",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  base::UniqueFd dead = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  const base::UniqueFd worker = zygote.AddWorker(2);
  const base::Deadline patience = base::Deadline::AfterMillis(5000);
  while (fixture.pool->Status().workers < 2 && !patience.Expired()) std::this_thread::yield();
  dead.Reset();
  std::thread answering([&] { AnswerOne(worker.get(), false); });
  const judge::Outcome outcome = fixture.Run(5000);
  answering.join();
  CHECK_FALSE(outcome.failed);
  CHECK(fixture.pool->Status().workers == 1);
}

TEST_CASE("worker pool: a worker that hangs is could-not-look soon after the deadline",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  const judge::Outcome outcome = fixture.Run(200);
  CHECK(IsError(outcome));
  CHECK(outcome.failure == "worker did not answer in time");
}

TEST_CASE("worker pool: a bad frame is could-not-look and the worker is not used again",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread lying([&] {
    auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
    if (!job.ok()) return;
    Frame frame = AnswerTo(*job, "xx", false);
    auto fd = base::SealedMemfd("result", "xx");
    if (fd.ok()) static_cast<void>(process::SendFrame(worker.get(), frame, {fd->get()}).ok());
  });
  const judge::Outcome outcome = fixture.Run(5000);
  lying.join();
  CHECK(IsError(outcome));
  CHECK(fixture.pool->Status().workers == 0);
}

TEST_CASE("worker pool: a retiring worker's answer counts and it gets no further message",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::thread answering([&] { AnswerOne(worker.get(), true); });
  const judge::Outcome outcome = fixture.Run(5000);
  answering.join();
  CHECK_FALSE(outcome.failed);
  CHECK(fixture.pool->Status().workers == 0);
  CHECK(fixture.pool->Status().worker_deaths == 0);
}

TEST_CASE("worker pool: a worker that could not look gets no further message", "[app][judge]") {
  policy::Analysis blind;
  blind.tree.push_back({});
  blind.not_looked.push_back({"clamav", "disk full"});
  policy::Analysis error = policy::AnalysisForFailure("out of time");
  error.not_looked.clear();
  for (const policy::Analysis& analysis : {blind, error}) {
    Fixture fixture;
    FakeZygote zygote(fixture.path);
    const base::UniqueFd worker = zygote.AddWorker(7);
    REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
    std::thread answering([&] {
      auto job = process::ReceiveFrame(worker.get(), base::Deadline::AfterMillis(5000));
      if (job.ok()) AnswerJob(worker.get(), *job, false, policy::EncodeAnalysis(analysis));
    });
    const judge::Outcome outcome = fixture.Run(5000);
    answering.join();
    CHECK_FALSE(outcome.failed);
    CHECK(outcome.analysis.not_looked.size() == analysis.not_looked.size());
    CHECK(fixture.pool->Status().workers == 0);
    for (const FrameType type : {FrameType::kArm, FrameType::kDisarm, FrameType::kKill}) {
      auto order = zygote.Next();
      REQUIRE(order.ok());
      CHECK(order->type == type);
      base::ByteReader in(order->payload);
      CHECK(in.U32() == 7);
      if (type == FrameType::kKill) CHECK(in.String(100) == "could not look and did not retire");
    }
  }
}

TEST_CASE("worker pool: without any worker the answer is could-not-look, with the reason",
          "[app][judge]") {
  Fixture fixture;
  const judge::Outcome outcome = fixture.Run(100);
  CHECK(IsError(outcome));
  CHECK(outcome.failure.find("no worker is ready") == 0);
  CHECK_FALSE(fixture.pool->Status().ready);
}

TEST_CASE("worker pool: at its limit of waiting messages the next is answered at once",
          "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  std::vector<std::thread> threads;
  // One busy, two waiting: the limit.
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { static_cast<void>(fixture.Run(1500)); });
  const base::Deadline patience = base::Deadline::AfterMillis(5000);
  while (fixture.pool->Status().waiting < 2 && !patience.Expired()) std::this_thread::yield();
  REQUIRE(fixture.pool->Status().waiting == 2);
  const judge::Outcome outcome = fixture.Run(60'000);
  CHECK(IsError(outcome));
  CHECK(outcome.failure == "too many messages are waiting for a worker");
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("worker pool: when the zygote goes its idle workers go with it", "[app][judge]") {
  Fixture fixture;
  FakeZygote zygote(fixture.path);
  const base::UniqueFd worker = zygote.AddWorker(1);
  REQUIRE(fixture.pool->WaitReady(base::Deadline::AfterMillis(5000)).ok());
  zygote.Close();
  const base::Deadline patience = base::Deadline::AfterMillis(5000);
  while (fixture.pool->Status().workers > 0 && !patience.Expired()) std::this_thread::yield();
  CHECK(fixture.pool->Status().workers == 0);
  CHECK(fixture.pool->Status().not_ready_reason == "the analyzer is restarting");
}
