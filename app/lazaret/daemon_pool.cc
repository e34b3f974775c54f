#include "app/lazaret/daemon_pool.h"

#include "app/judge/generation_codec.h"
#include "app/judge/result_check.h"
#include "app/process/frames.h"
#include "base/bytes.h"
#include "policy/decide.h"

namespace lazaret::cli {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::uint64_t kNonce = 1;
// The daemon answers by its own deadline; this only ends the wait for one that hangs.
constexpr std::int64_t kGraceMillis = 60'000;

struct Session {
  base::UniqueFd socket;
  judge::GenerationInfo generation;
};

base::Result<Session> Open(const std::string& path, base::Deadline deadline) {
  Session session;
  LAZARET_ASSIGN(session.socket, process::ConnectSeqpacket(path));
  LAZARET_ASSIGN(const Frame hello, process::ReceiveFrame(session.socket.get(), deadline));
  if (hello.type != FrameType::kGenerationHello)
    return base::Error{base::ErrorCode::kInvalid, path + ": does not speak as the front does"};
  LAZARET_ASSIGN(session.generation, judge::DecodeGeneration(hello.payload));
  return session;
}

class DaemonPool : public judge::WorkerPool {
 public:
  DaemonPool(std::string path, std::string bundle_sha256)
      : path_(std::move(path)), bundle_sha256_(std::move(bundle_sha256)) {}

  judge::Outcome Run(judge::Job job, const std::function<void()>&) override {
    judge::Outcome outcome;
    const base::Status ran = Ask(job, outcome);
    if (ran.ok()) return outcome;
    outcome.failed = true;
    outcome.failure = "the daemon: " + ran.error().text;
    outcome.analysis = policy::AnalysisForFailure(outcome.failure);
    return outcome;
  }

  base::Status WaitReady(base::Deadline deadline) override {
    LAZARET_ASSIGN(const Session session, Open(path_, deadline));
    if (session.generation.id.empty())
      return base::Error{base::ErrorCode::kUnavailable, "the daemon has no analyzer yet"};
    return CheckGeneration(session);
  }

  judge::PoolStatus Status() const override { return {}; }

 private:
  base::Status CheckGeneration(const Session& session) const {
    if (session.generation.bundle_sha256 == bundle_sha256_) return base::Ok();
    return base::Error{base::ErrorCode::kInvalid,
                       "the daemon judges by other rules, lists or policy than this configuration "
                       "names"};
  }

  base::Status Ask(const judge::Job& job, judge::Outcome& outcome) const {
    const base::Deadline deadline =
        base::Deadline::AfterMillis(job.facts.budget_millis + kGraceMillis);
    LAZARET_ASSIGN(const Session session, Open(path_, deadline));
    LAZARET_TRY(CheckGeneration(session));
    LAZARET_ASSIGN(const base::UniqueFd facts,
                   base::SealedMemfd("lazaret-facts", policy::EncodeFacts(job.facts)));
    Frame ask;
    ask.type = FrameType::kJob;
    ask.uid = job.uid;
    ask.nonce = kNonce;
    base::ByteWriter size;
    size.U64(job.message_bytes);
    ask.payload = size.Take();
    LAZARET_TRY(process::SendFrame(session.socket.get(), ask, {job.message_fd, facts.get()}));
    LAZARET_ASSIGN(const Frame answer, process::ReceiveFrame(session.socket.get(), deadline));
    LAZARET_ASSIGN(judge::CheckedResult result, judge::CheckResult(answer, job.uid, kNonce));
    outcome.analysis = std::move(result.analysis);
    outcome.cpu_micros = result.cpu_micros;
    outcome.generation = session.generation;
    return base::Ok();
  }

  const std::string path_;
  const std::string bundle_sha256_;
};

constexpr std::int64_t kHelloMillis = 30'000;  // other scans may be at work

}  // namespace

base::Result<std::unique_ptr<judge::WorkerPool>> ConnectToDaemon(const std::string& socket_path,
                                                                 const std::string& bundle_sha256) {
  auto pool = std::make_unique<DaemonPool>(socket_path, bundle_sha256);
  LAZARET_TRY(pool->WaitReady(base::Deadline::AfterMillis(kHelloMillis)));
  return std::unique_ptr<judge::WorkerPool>(std::move(pool));
}

}  // namespace lazaret::cli
