#include "app/lazaret/analyzer_session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <limits>

#include "app/process/frames.h"
#include "base/bytes.h"

namespace lazaret::cli {
namespace {

using process::FrameType;

constexpr int kExitConfiguration = 78;
// Loading a full signature database takes up to half a minute; a busy machine more.
constexpr std::int64_t kStartMillis = 300'000;
constexpr std::int64_t kEndMillis = 5'000;
constexpr std::int64_t kStepMillis = 50;

base::Result<std::string> PrivateFolder() {
  const char* base = ::getenv("TMPDIR");
  std::string name =
      std::string(base != nullptr && *base == '/' ? base : "/tmp") + "/lazaret-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return base::ErrnoError(name);
  return name;
}

}  // namespace

std::string SiblingProgram(const std::string& name) {
  return process::ExecutableFolder() + "/" + name;
}

base::Result<std::unique_ptr<AnalyzerSession>> AnalyzerSession::Start(
    const config::Config& config, const config::GenerationBundle& bundle, Words words) {
  std::unique_ptr<AnalyzerSession> session(new AnalyzerSession());
  LAZARET_ASSIGN(session->folder_, PrivateFolder());
  const std::string socket = session->folder_ + "/workers.sock";
  judge::PoolOptions options;
  options.socket_path = socket;
  options.max_message_bytes = config.limits.message_bytes;
  // The threads that read files are the bound here: at most one message each.
  options.max_waiting_bytes = std::numeric_limits<std::uint64_t>::max();
  LAZARET_ASSIGN(session->pool_, judge::WorkerPool::Listen(std::move(options)));
  // What goes well is no news to somebody at a terminal.
  config::Config quiet = config;
  quiet.log.level = "error";
  quiet.log.target = "stderr";
  LAZARET_ASSIGN(const base::UniqueFd config_fd,
                 base::SealedMemfd("lazaret-config", config::EncodeConfig(quiet)));
  LAZARET_ASSIGN(const base::UniqueFd bundle_fd,
                 base::SealedMemfd("lazaret-bundle", config::EncodeBundle(bundle)));
  LAZARET_ASSIGN(auto control, process::SeqpacketPair());
  session->control_ = std::move(control.first);
  process::SpawnOptions spawn;
  spawn.program = SiblingProgram("lazaret-analyzer");
  spawn.arguments = {"--front", socket};
  spawn.fds = {config_fd.get(), bundle_fd.get(), control.second.get()};
  const base::UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (words == Words::kReturned) spawn.standard_error = null.get();
  LAZARET_ASSIGN(session->child_, process::Spawn(spawn));
  control.second.Reset();
  LAZARET_TRY(session->AwaitReady());
  return session;
}

base::Status AnalyzerSession::ReadControl() {
  for (;;) {
    auto frame = process::ReceiveFrame(control_.get(), base::Deadline::AfterMillis(0));
    if (!frame.ok()) break;
    base::ByteReader in(frame->payload);
    if (frame->type == FrameType::kNotReady) complaint_ = in.String(policy::kMaxNameBytes);
  }
  const auto status = process::WaitChild(child_, base::Deadline::AfterMillis(0));
  if (!status) return base::Ok();
  const bool configuration = WIFEXITED(*status) && WEXITSTATUS(*status) == kExitConfiguration;
  const std::string why =
      complaint_.empty() ? "the analyzer ended: " + process::ExitText(*status) : complaint_;
  return base::Error{configuration ? base::ErrorCode::kInvalid : base::ErrorCode::kUnavailable,
                     why};
}

base::Status AnalyzerSession::AwaitReady() {
  const base::Deadline patience = base::Deadline::AfterMillis(kStartMillis);
  for (;;) {
    if (pool_->WaitReady(base::Deadline::AfterMillis(kStepMillis)).ok()) return base::Ok();
    LAZARET_TRY(ReadControl());
    // A worker that cannot be made ready says why; trying again here would only repeat it.
    if (!complaint_.empty()) return base::Error{base::ErrorCode::kUnavailable, complaint_};
    if (patience.Expired())
      return base::Error{base::ErrorCode::kTimeout, "the analyzer is not ready in time"};
  }
}

AnalyzerSession::~AnalyzerSession() {
  control_.Reset();  // the analyzer ends when this closes
  if (!process::WaitChild(child_, base::Deadline::AfterMillis(kEndMillis))) {
    process::SignalChild(child_, SIGKILL);
    process::WaitChild(child_, base::Deadline::AfterMillis(kEndMillis));
  }
  pool_.reset();
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

}  // namespace lazaret::cli
