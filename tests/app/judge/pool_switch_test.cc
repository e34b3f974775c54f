// A change of generation while the pool works.
#include "tests/app/judge/pool_fixture.h"

namespace lazaret::test {
namespace {

const std::string kOld(64, 'b');
const std::string kNew(64, 'c');

judge::PoolOptions InForce(const std::string& bundle) {
  judge::PoolOptions options;
  options.bundle_sha256 = bundle;
  return options;
}

bool IsClosed(int socket) {
  const auto frame = process::ReceiveFrame(socket, base::Deadline::AfterMillis(5000));
  return !frame.ok() && frame.error().code == base::ErrorCode::kUnavailable;
}

bool Retires(FakeZygote& zygote) {
  const auto frame = zygote.Next();
  return frame.ok() && frame->type == FrameType::kRetire;
}

TEST_CASE("pool: workers of an expected generation stand by until the switch") {
  Fixture f(InForce(kOld));
  FakeZygote old(f.path);
  const base::UniqueFd old_worker = old.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  f.pool->Expect(kNew);
  FakeZygote fresh(f.path, 'c');
  const base::UniqueFd new_worker = fresh.AddWorker(1);
  std::thread answers([&] { AnswerOne(old_worker.get(), false); });
  CHECK(f.Run(5000).generation.bundle_sha256 == kOld);
  answers.join();
  REQUIRE(old.Next()->type == FrameType::kArm);
  REQUIRE(old.Next()->type == FrameType::kDisarm);

  f.pool->SwitchTo(kNew, "");
  CHECK(f.pool->Status().generation.bundle_sha256 == kNew);
  CHECK(Retires(old));
  CHECK(IsClosed(old_worker.get()));
  std::thread more([&] { AnswerOne(new_worker.get(), false); });
  CHECK(f.Run(5000).generation.bundle_sha256 == kNew);
  more.join();
}

TEST_CASE("pool: a message under way at the switch keeps its worker and its generation") {
  Fixture f(InForce(kOld));
  FakeZygote old(f.path);
  const base::UniqueFd old_worker = old.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  judge::Outcome outcome;
  std::thread judging([&] { outcome = f.Run(5000); });
  auto job = process::ReceiveFrame(old_worker.get(), base::Deadline::AfterMillis(5000));
  f.pool->Expect(kNew);
  FakeZygote fresh(f.path, 'c');
  const base::UniqueFd new_worker = fresh.AddWorker(1);
  f.pool->SwitchTo(kNew, "");
  if (job.ok()) AnswerJob(old_worker.get(), *job, false);
  judging.join();
  CHECK_FALSE(outcome.failed);
  CHECK(outcome.generation.bundle_sha256 == kOld);
  CHECK(IsClosed(old_worker.get()));
  CHECK(f.pool->Status().workers == 1);
  CHECK(f.pool->Status().busy == 0);
}

TEST_CASE("pool: a generation that nobody expects is told to retire and judges nothing") {
  Fixture f(InForce(kOld));
  FakeZygote stranger(f.path, 'x');
  const base::UniqueFd worker = stranger.AddWorker(1);
  CHECK(Retires(stranger));
  CHECK(IsClosed(worker.get()));
  CHECK(f.pool->Status().workers == 0);
}

TEST_CASE("pool: a switch back to what is in force drops the one that stood by") {
  Fixture f(InForce(kOld));
  FakeZygote old(f.path);
  const base::UniqueFd old_worker = old.AddWorker(1);
  f.pool->Expect(kNew);
  FakeZygote fresh(f.path, 'c');
  const base::UniqueFd new_worker = fresh.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  f.pool->SwitchTo(kOld, "");
  CHECK(Retires(fresh));
  CHECK(IsClosed(new_worker.get()));
  std::thread answers([&] { AnswerOne(old_worker.get(), false); });
  CHECK(f.Run(5000).generation.bundle_sha256 == kOld);
  answers.join();
}

const std::string kFirst(64, '1');
const std::string kSecond(64, '2');

TEST_CASE("pool: of two generations with one bundle the one switched to judges") {
  Fixture f(InForce(kOld));
  FakeZygote old(f.path, 'b', '1');
  const base::UniqueFd old_worker = old.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  f.pool->Expect(kOld);
  FakeZygote fresh(f.path, 'b', '2');
  const base::UniqueFd new_worker = fresh.AddWorker(1);
  std::thread answers([&] { AnswerOne(old_worker.get(), false); });
  CHECK(f.Run(5000).generation.id == kFirst);
  answers.join();
  REQUIRE(old.Next()->type == FrameType::kArm);
  REQUIRE(old.Next()->type == FrameType::kDisarm);

  f.pool->SwitchTo(kOld, kSecond);
  CHECK(f.pool->Status().generation.id == kSecond);
  CHECK(Retires(old));
  CHECK(IsClosed(old_worker.get()));
  std::thread more([&] { AnswerOne(new_worker.get(), false); });
  CHECK(f.Run(5000).generation.id == kSecond);
  more.join();
}

TEST_CASE("pool: what is in force stays when the expected generation of its bundle is given up") {
  Fixture f(InForce(kOld));
  FakeZygote old(f.path, 'b', '1');
  const base::UniqueFd old_worker = old.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  f.pool->Expect(kOld);
  FakeZygote fresh(f.path, 'b', '2');
  const base::UniqueFd new_worker = fresh.AddWorker(1);
  f.pool->SwitchTo(kOld, "");
  CHECK(Retires(fresh));
  CHECK(IsClosed(new_worker.get()));
  CHECK(f.pool->Status().workers == 1);
  std::thread answers([&] { AnswerOne(old_worker.get(), false); });
  CHECK(f.Run(5000).generation.id == kFirst);
  answers.join();
}

TEST_CASE(
    "pool: an unexpected second generation of the bundle in force retires while the first is "
    "here") {
  Fixture f(InForce(kOld));
  FakeZygote old(f.path, 'b', '1');
  const base::UniqueFd old_worker = old.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  FakeZygote stranger(f.path, 'b', '2');
  CHECK(Retires(stranger));
  // An analyzer that starts again, and comes to another generation, is better than none.
  old.Close();
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 0; }));
  FakeZygote again(f.path, 'b', '3');
  const base::UniqueFd worker = again.AddWorker(1);
  REQUIRE(f.Eventually([](const judge::PoolStatus& s) { return s.workers == 1; }));
  CHECK(f.pool->Status().generation.id == std::string(64, '3'));
}

}  // namespace
}  // namespace lazaret::test
