#include "app/front/scan_service.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "app/judge/generation_codec.h"
#include "app/judge/two_tries.h"
#include "base/bytes.h"
#include "base/log.h"
#include "policy/analysis.h"
#include "policy/decide.h"

namespace lazaret::front {
namespace {

using process::Frame;
using process::FrameType;

constexpr unsigned kSocketMode = 0660;
constexpr std::int64_t kAskMillis = 10'000;  // stops a caller that connects and says nothing
constexpr std::chrono::milliseconds kAcceptPause{100};  // when descriptors are short

base::Error Invalid(const char* why) { return {base::ErrorCode::kInvalid, why}; }

base::Status SendHello(int client, const judge::GenerationInfo& generation) {
  Frame hello;
  hello.type = FrameType::kGenerationHello;
  hello.payload = judge::EncodeGeneration(generation);
  return process::SendFrame(client, hello);
}

base::Status SendResult(int client, const Frame& job, const judge::Outcome& outcome) {
  const std::string bytes = policy::EncodeAnalysis(outcome.analysis);
  LAZARET_ASSIGN(const base::UniqueFd file, base::SealedMemfd("lazaret-result", bytes));
  Frame result;
  result.type = FrameType::kResult;
  result.uid = job.uid;
  result.nonce = job.nonce;
  base::ByteWriter out;
  out.U64(bytes.size());
  out.U64(outcome.cpu_micros);
  out.U8(0);
  result.payload = out.Take();
  return process::SendFrame(client, result, {file.get()});
}

}  // namespace

base::Status ScanService::Start(ScanServiceOptions options, judge::WorkerPool& pool) {
  LAZARET_ASSIGN(base::UniqueFd listener,
                 process::ListenSeqpacket(options.socket_path, kSocketMode));
  auto* service = new ScanService(std::move(options), pool, std::move(listener));
  std::thread([service] { service->AcceptAll(); }).detach();
  return base::Ok();
}

void ScanService::AcceptAll() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return running_ < options_.at_once; });
    }
    const int client = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {
      if (errno != EINTR) std::this_thread::sleep_for(kAcceptPause);
      continue;
    }
    {
      const std::scoped_lock lock(mutex_);
      ++running_;
    }
    std::thread([this, client] { Serve(client); }).detach();
  }
}

void ScanService::Serve(int client) {
  const base::UniqueFd owned(client);
  const base::Status served = ServeOne(client);
  if (!served.ok()) base::LogInfo("a scan was not answered: " + served.error().text);
  const std::scoped_lock lock(mutex_);
  --running_;
  changed_.notify_one();
}

base::Status ScanService::ServeOne(int client) {
  const judge::GenerationInfo said = pool_.Status().generation;
  LAZARET_TRY(SendHello(client, said));
  auto asked = process::ReceiveFrame(client, base::Deadline::AfterMillis(kAskMillis));
  // Who closes without a job only wanted to know the generation.
  if (!asked.ok() && asked.error().code == base::ErrorCode::kUnavailable) return base::Ok();
  LAZARET_ASSIGN(const Frame frame, std::move(asked));
  LAZARET_ASSIGN(judge::Job job, ReadJob(frame));
  // As mail is; a file makes no message poison, though.
  const judge::TryTimes times = judge::TryTimesFrom(
      base::MonotonicNow(), options_.budget_millis / (1000.0 * judge::kSecondTryShare));
  judge::Outcome outcome = judge::RunTwice(pool_, std::move(job), times, [] {}).outcome;
  if (!outcome.failed && outcome.generation.bundle_sha256 != said.bundle_sha256)
    outcome.analysis = policy::AnalysisForFailure("the analyzer changed its rules meanwhile");
  return SendResult(client, frame, outcome);
}

base::Result<judge::Job> ScanService::ReadJob(const Frame& frame) const {
  base::ByteReader in(frame.payload);
  judge::Job job;
  job.message_bytes = in.U64();
  if (frame.type != FrameType::kJob || frame.fds.size() != 2 || !in.AtEnd())
    return Invalid("no job");
  job.message_fd = frame.fds[0].get();
  struct stat status {};
  // Unsealed, it could shrink under the worker that maps it.
  if (!base::IsSealed(job.message_fd) || ::fstat(job.message_fd, &status) != 0)
    return Invalid("the message is not sealed");
  if (static_cast<std::uint64_t>(status.st_size) != job.message_bytes ||
      job.message_bytes > options_.message_bytes)
    return Invalid("the message is of another size, or larger than limits.message_bytes");
  LAZARET_ASSIGN(const std::string facts,
                 base::ReadFdWhole(frame.fds[1].get(), policy::kMaxResultBytes, "facts"));
  LAZARET_ASSIGN(job.facts, policy::DecodeFacts(facts));
  job.facts.budget_millis = options_.budget_millis;
  job.uid = frame.uid;
  return job;
}

}  // namespace lazaret::front
