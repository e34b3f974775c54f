// A real worker in its real box, with the built-in signatures, spoken to as front and zygote do.
#include "app/analyzer/worker.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>

#include "app/analyzer/canary.h"
#include "app/analyzer/scanner_set.h"
#include "app/process/private_folder.h"
#include "base/bytes.h"
#include "mail/reader.h"
#include "policy/analysis.h"
#include "tests/support/catch.h"

using namespace lazaret;
using process::Frame;
using process::FrameType;

namespace {

constexpr std::int64_t kPatienceMillis = 60'000;
constexpr std::string_view kMessage =
    "From: a@x.test\r\nTo: b@y.test\r\nSubject: hello\r\n\r\nGood day.\r\n";

// In the child: what the zygotes do before they fork a worker.
[[noreturn]] void BecomeWorker(const config::Config& config, analyzer::WorkerSockets sockets,
                               const std::string& warm, const std::string& box) {
  scanners::ClamavOptions options;
  options.builtin_only = true;
  options.tmp_dir = warm;
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr || !mail::PreloadReaders().ok()) ::_exit(90);
  auto engine = scanners::ClamavEngine::Load(options);
  auto rules = analyzer::CanaryRules();
  if (!engine.ok() || !rules.ok()) ::_exit(91);
  analyzer::Generation generation;
  generation.config = &config;
  generation.engine = engine->get();
  generation.rules = *rules;
  generation.canary_rules = *rules;
  generation.rules->Warm();
  const auto pipeline = analyzer::MakePipeline(generation, generation.rules);
  const base::Deadline patience = base::Deadline::AfterMillis(kPatienceMillis);
  if (!analyzer::RunCanaries(*pipeline, analyzer::MakeCanaries(), patience).ok()) ::_exit(92);
  analyzer::RunWorker(generation, std::move(sockets), box);
}

class RealWorker {
 public:
  explicit RealWorker(const config::Config& config) {
    auto jobs = process::SeqpacketPair();
    auto status = process::SeqpacketPair();
    auto warm = process::PrivateFolder::Make("test");
    REQUIRE((jobs.ok() && status.ok() && warm.ok()));
    warm_ = std::move(warm).value();
    if (!process::UserNamespacesWork()) {
      auto box = process::PrivateFolder::Make("test");
      REQUIRE(box.ok());
      box_ = std::move(box).value();
    }
    pid_ = ::fork();
    if (pid_ == 0) {
      jobs->first.Reset();
      status->first.Reset();
      BecomeWorker(config, {std::move(jobs->second), std::move(status->second)}, warm_.path(),
                   box_.path());
    }
    jobs->second.Reset();
    status->second.Reset();
    jobs_ = std::move(jobs->first);
    status_ = std::move(status->first);
    const Frame up = Speech();
    base::ByteReader in(up.payload);
    if (up.type != FrameType::kWorkerUp) FAIL(in.String(1000));
  }
  RealWorker(const RealWorker&) = delete;
  RealWorker& operator=(const RealWorker&) = delete;
  ~RealWorker() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }

  Frame Speech() {
    auto frame = process::ReceiveFrame(status_.get(), base::Deadline::AfterMillis(kPatienceMillis));
    if (!frame.ok()) FAIL("the worker ended with " << ExitCode() << " and no word");
    return std::move(frame).value();
  }
  std::string LastWords() {
    const Frame frame = Speech();
    CHECK(frame.type == FrameType::kWorkerFailed);
    return base::ByteReader(frame.payload).String(policy::kMaxNameBytes);
  }
  base::Result<Frame> Ask(std::uint32_t budget_millis) {
    policy::JobFacts facts;
    facts.budget_millis = budget_millis;
    auto message = base::SealedMemfd("message", kMessage);
    auto facts_file = base::SealedMemfd("facts", policy::EncodeFacts(facts));
    REQUIRE((message.ok() && facts_file.ok()));
    Frame job;
    job.type = FrameType::kJob;
    base::ByteWriter out;
    out.U64(kMessage.size());
    job.payload = out.Take();
    REQUIRE(process::SendFrame(jobs_.get(), job, {message->get(), facts_file->get()}).ok());
    return process::ReceiveFrame(jobs_.get(), base::Deadline::AfterMillis(kPatienceMillis));
  }
  base::Result<Frame> AskWithoutDescriptors() {
    Frame job;
    job.type = FrameType::kJob;
    job.payload = std::string(8, '\0');
    REQUIRE(process::SendFrame(jobs_.get(), job).ok());
    return process::ReceiveFrame(jobs_.get(), base::Deadline::AfterMillis(kPatienceMillis));
  }
  // From now on nothing can be written in its box. False where the system does not let us.
  bool TakeItsDiskAway() const {
    const rlimit none{0, 0};
    return ::prlimit(pid_, RLIMIT_FSIZE, &none, nullptr) == 0;
  }
  int ExitCode() {
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
  }

 private:
  process::PrivateFolder warm_;
  process::PrivateFolder box_;
  base::UniqueFd jobs_;
  base::UniqueFd status_;
  pid_t pid_ = -1;
};

struct Answer {
  policy::Analysis analysis;
  bool retiring = false;
};

Answer Read(const Frame& frame) {
  REQUIRE(frame.type == FrameType::kResult);
  REQUIRE(frame.fds.size() == 1);
  auto bytes = base::Mapping::Map(frame.fds[0].get(), policy::kMaxResultBytes);
  REQUIRE(bytes.ok());
  auto analysis = policy::DecodeAnalysis(bytes->bytes());
  REQUIRE(analysis.ok());
  base::ByteReader in(frame.payload);
  in.U64();
  in.U64();
  return {std::move(analysis).value(), in.U8() == 1};
}

}  // namespace

TEST_CASE("worker: an answer that could not look is its last", "[app][worker]") {
  config::Config config;
  RealWorker worker(config);
  auto good = worker.Ask(60'000);
  REQUIRE(good.ok());
  CHECK(Read(*good).analysis.not_looked.empty());
  CHECK_FALSE(Read(*good).retiring);
  auto late = worker.Ask(0);
  REQUIRE(late.ok());
  CHECK_FALSE(Read(*late).analysis.not_looked.empty());
  CHECK(Read(*late).retiring);
  CHECK(worker.ExitCode() == 0);
}

TEST_CASE("worker: one that lost its disk says so instead of answering", "[app][worker]") {
  config::Config config;
  config.limits.canary_messages = 1;
  RealWorker worker(config);
  REQUIRE(worker.Ask(60'000).ok());
  if (!worker.TakeItsDiskAway()) {
    WARN("not allowed to change a worker's limits");
    return;
  }
  auto answer = worker.Ask(60'000);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == base::ErrorCode::kUnavailable);
  const std::string words = worker.LastWords();
  CAPTURE(words);
  CHECK(words.find("canary eicar-plain: expected clamav.signature") == 0);
  CHECK(worker.ExitCode() == 2);
}

TEST_CASE("worker: an idle one notices that it went blind", "[app][worker]") {
  config::Config config;
  config.limits.canary_seconds = 1;
  RealWorker worker(config);
  if (!worker.TakeItsDiskAway()) {
    WARN("not allowed to change a worker's limits");
    return;
  }
  CHECK(worker.LastWords().find("canary eicar-plain: expected clamav.signature") == 0);
  CHECK(worker.ExitCode() == 2);
}

TEST_CASE("worker: a job that breaks its form ends the worker with the reason", "[app][worker]") {
  config::Config config;
  RealWorker worker(config);
  CHECK_FALSE(worker.AskWithoutDescriptors().ok());
  CHECK(worker.LastWords() == "job: wrong frame");
}
