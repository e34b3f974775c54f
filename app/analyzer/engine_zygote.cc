#include "app/analyzer/engine_zygote.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "app/process/private_folder.h"
#include "app/process/role.h"
#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/log.h"
#include "mail/reader.h"
#include "policy/analysis.h"

namespace lazaret::analyzer {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kFirstBackoffMillis = 200;
constexpr std::int64_t kMaxBackoffMillis = 5'000;
constexpr std::int64_t kStopMillis = 2'000;  // for the generation zygote to leave in order
constexpr const char* kWarm = "warm";

scanners::ClamavOptions OptionsOf(const config::Config& config, const std::string& tmp_dir) {
  scanners::ClamavOptions options;
  options.database = config.clamav.database;
  options.signatures_dir = config.clamav.signatures_dir;
  options.builtin_only = config.clamav.builtin_only;
  options.tmp_dir = tmp_dir;
  options.max_scan_bytes = config.clamav.max_scan_bytes;
  options.max_file_bytes = config.clamav.max_file_bytes;
  options.max_files = config.clamav.max_files;
  options.max_recursion = config.clamav.max_recursion;
  options.max_scan_millis = config.clamav.max_scan_millis;
  options.huge_pages = config.clamav.huge_pages;
  return options;
}

class EngineZygote {
 public:
  EngineZygote(process::Role& role, std::string front_socket)
      : role_(role), front_socket_(std::move(front_socket)) {}

  base::Status Load();
  int Loop();
  void Complain(const std::string& reason) {
    last_reason_ = reason;
    role_.Tell(FrameType::kNotReady, reason);
  }

 private:
  void StartGeneration();
  // The exit code to leave with, or -1 to go on.
  int ReapGeneration();
  void ReadGeneration();
  void StopGeneration();
  std::string StatusJson() const;

  process::Role& role_;
  const std::string front_socket_;
  // For libclamav's temporary files while the engine is loaded and warmed, before any worker has
  // its own.
  process::PrivateFolder warm_;
  std::unique_ptr<scanners::ClamavEngine> engine_;
  base::UniqueFd signals_;
  base::UniqueFd generation_pipe_;
  pid_t generation_pid_ = -1;
  bool ever_ready_ = false;
  std::int64_t backoff_millis_ = 0;
  base::Deadline next_start_ = base::Deadline::AfterMillis(0);
  std::string last_reason_;
  std::uint64_t worker_ends_ = 0;  // without those that retired in order
  std::string last_worker_end_;
};

base::Status EngineZygote::Load() {
  process::SweepPrivateFolders(kWarm);
  LAZARET_ASSIGN(warm_, process::PrivateFolder::Make(kWarm));
  LAZARET_TRY(mail::PreloadReaders());
  LAZARET_ASSIGN(engine_, scanners::ClamavEngine::Load(OptionsOf(role_.config(), warm_.path())));
  base::LogInfo("engine loaded: " + engine_->Description());
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  signals_ = base::UniqueFd(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return base::ErrnoError("signalfd");
  return base::Ok();
}

void EngineZygote::StartGeneration() {
  auto pipe = process::SeqpacketPair();
  const pid_t parent = ::getpid();
  const pid_t pid = pipe.ok() ? ::fork() : -1;
  if (pid < 0) {
    next_start_ = base::Deadline::AfterMillis(kMaxBackoffMillis);
    return;
  }
  if (pid == 0) {
    process::DieWithParent(parent);
    pipe->first.Reset();
    role_.CloseControl();
    GenerationInputs inputs;
    inputs.config = &role_.config();
    inputs.bundle = &role_.bundle();
    inputs.engine = engine_.get();
    inputs.front_socket = front_socket_;
    inputs.engine_pipe = std::move(pipe->second);
    RunGenerationZygote(std::move(inputs));
  }
  generation_pid_ = pid;
  generation_pipe_ = std::move(pipe->first);
}

void EngineZygote::ReadGeneration() {
  auto frame = process::ReceiveFrame(generation_pipe_.get(), base::Deadline::AfterMillis(0));
  if (!frame.ok()) {
    if (frame.error().code != base::ErrorCode::kTimeout) generation_pipe_.Reset();
    return;
  }
  base::ByteReader in(frame->payload);
  if (frame->type == FrameType::kWorkerGone) {
    const std::uint32_t worker = in.U32();
    last_worker_end_ = "worker " + std::to_string(worker) + ": " + in.String(policy::kMaxNameBytes);
    ++worker_ends_;
    return;
  }
  const std::string text = in.String(policy::kMaxNameBytes);
  if (frame->type == FrameType::kRoleReady) {
    ever_ready_ = true;
    backoff_millis_ = 0;
    last_reason_.clear();
    role_.Tell(FrameType::kRoleReady, engine_->Description());
  } else if (frame->type == FrameType::kNotReady) {
    Complain(text);
  }
}

int EngineZygote::ReapGeneration() {
  int status = 0;
  if (generation_pid_ < 0 || ::waitpid(generation_pid_, &status, WNOHANG) != generation_pid_)
    return -1;
  while (generation_pipe_.valid()) ReadGeneration();  // its last words
  generation_pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitConfiguration && !ever_ready_)
    return kExitConfiguration;
  backoff_millis_ = std::min(kMaxBackoffMillis, std::max(kFirstBackoffMillis, backoff_millis_ * 2));
  next_start_ = base::Deadline::AfterMillis(backoff_millis_);
  base::LogWarning("generation zygote ended, starting another");
  return -1;
}

// It removes its workers' folders before it ends; the end of this process would kill it first.
void EngineZygote::StopGeneration() {
  generation_pipe_.Reset();
  const base::Deadline patience = base::Deadline::AfterMillis(kStopMillis);
  while (generation_pid_ >= 0 && !patience.Expired()) {
    if (::waitpid(generation_pid_, nullptr, WNOHANG) == generation_pid_) return;
    pollfd child{signals_.get(), POLLIN, 0};
    if (::poll(&child, 1, patience.PollMillis()) <= 0) continue;
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    }
  }
}

std::string EngineZygote::StatusJson() const {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("engine", engine_->Description());
  json.Field("signatures_time", engine_->NewestSignatureTime());
  json.Field("generation_pid", static_cast<std::int64_t>(generation_pid_));
  json.Field("problem", last_reason_);
  json.Field("worker_ends", worker_ends_);
  json.Field("last_worker_end", last_worker_end_);
  json.EndObject();
  return json.text();
}

int EngineZygote::Loop() {
  for (;;) {
    if (generation_pid_ < 0 && next_start_.Expired()) StartGeneration();
    std::vector<pollfd> entries{{role_.control(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    if (generation_pipe_.valid()) entries.push_back({generation_pipe_.get(), POLLIN, 0});
    const int wait = generation_pid_ < 0 ? next_start_.PollMillis() : -1;
    if (::poll(entries.data(), entries.size(), wait) <= 0) continue;
    if (entries[0].revents != 0 && !role_.HandleControl([this] { return StatusJson(); })) {
      StopGeneration();
      return 0;
    }
    if (entries.size() > 2 && entries[2].revents != 0) ReadGeneration();
    if (entries[1].revents == 0) continue;
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    }
    const int code = ReapGeneration();
    if (code >= 0) return code;
  }
}

}  // namespace

int RunEngineZygote(const std::string& front_socket) {
  auto role = process::Role::Start("lazaret-analyzer");
  if (!role.ok()) {
    base::LogError(role.error().text);
    return kExitConfiguration;
  }
  EngineZygote zygote(**role, front_socket);
  const base::Status loaded = zygote.Load();
  if (!loaded.ok()) {
    base::LogError(loaded.error().text);
    zygote.Complain(loaded.error().text);
    const bool configuration = loaded.error().code == base::ErrorCode::kInvalid ||
                               loaded.error().code == base::ErrorCode::kNotFound;
    return configuration ? kExitConfiguration : 1;
  }
  return zygote.Loop();
}

}  // namespace lazaret::analyzer
