#include "app/analyzer/engine_zygote.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "app/analyzer/generation_runs.h"
#include "app/process/private_folder.h"
#include "app/process/role.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/log.h"
#include "mail/reader.h"
#include "policy/analysis.h"

namespace lazaret::analyzer {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kStopMillis = 2'000;  // for the generation zygotes to leave in order
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
  void MakeRuns();
  void TakeReload(const Frame& frame);
  void DrainSignals() const;
  void StopGenerations();
  std::string StatusJson() const;

  process::Role& role_;
  const std::string front_socket_;
  // For libclamav's temporary files while the engine is loaded and warmed, before any worker has
  // its own.
  process::PrivateFolder warm_;
  std::unique_ptr<scanners::ClamavEngine> engine_;
  base::UniqueFd signals_;
  std::unique_ptr<GenerationRuns> runs_;
  std::string last_reason_;
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

void EngineZygote::MakeRuns() {
  GenerationRuns::Events events;
  events.ready = [this] {
    last_reason_.clear();
    role_.Tell(FrameType::kRoleReady, engine_->Description());
  };
  events.not_ready = [this](const std::string& reason) { Complain(reason); };
  events.candidate = [this](bool ok, const std::string& text) { role_.ReplyToReload(ok, text); };
  const auto run = [this](const config::GenerationBundle& bundle, base::UniqueFd pipe) {
    role_.CloseControl();
    GenerationInputs inputs;
    inputs.config = &role_.config();
    inputs.bundle = &bundle;
    inputs.engine = engine_.get();
    inputs.front_socket = front_socket_;
    inputs.engine_pipe = std::move(pipe);
    RunGenerationZygote(std::move(inputs));
  };
  runs_ = std::make_unique<GenerationRuns>(
      run, std::move(events), std::make_shared<const config::GenerationBundle>(role_.bundle()));
  role_.OnOtherFrame([this](const Frame& frame) { TakeReload(frame); });
}

void EngineZygote::TakeReload(const Frame& frame) {
  if (frame.type == FrameType::kInForce) {
    base::ByteReader in(frame.payload);
    runs_->PutInForce(in.String(policy::kMaxNameBytes));
  }
  if (frame.type != FrameType::kReload) return;
  auto bundle = process::BundleOf(frame);
  if (!bundle.ok()) return role_.ReplyToReload(false, bundle.error().text);
  runs_->StartCandidate(
      std::make_shared<const config::GenerationBundle>(std::move(bundle).value()));
}

void EngineZygote::DrainSignals() const {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
  }
}

// They remove their workers' folders before they end; the end of this process would kill them
// first.
void EngineZygote::StopGenerations() {
  const base::Deadline patience = base::Deadline::AfterMillis(kStopMillis);
  while (!runs_->Stop() && !patience.Expired()) {
    pollfd child{signals_.get(), POLLIN, 0};
    if (::poll(&child, 1, patience.PollMillis()) > 0) DrainSignals();
  }
}

std::string EngineZygote::StatusJson() const {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("engine", engine_->Description());
  json.Field("signatures_time", engine_->NewestSignatureTime());
  json.Field("generation_pid", static_cast<std::int64_t>(runs_->current_pid()));
  json.Field("problem", last_reason_);
  json.Field("worker_ends", runs_->worker_ends());
  json.Field("last_worker_end", runs_->last_worker_end());
  json.EndObject();
  return json.text();
}

int EngineZygote::Loop() {
  MakeRuns();
  for (;;) {
    runs_->StartDue();
    std::vector<pollfd> entries{{role_.control(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
    runs_->AddPollEntries(entries);
    if (::poll(entries.data(), entries.size(), runs_->NextStart().PollMillis()) <= 0) continue;
    if (entries[0].revents != 0 && !role_.HandleControl([this] { return StatusJson(); })) {
      StopGenerations();
      return 0;
    }
    runs_->Read();
    if (entries[1].revents == 0) continue;
    DrainSignals();
    const int code = runs_->Reap();
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
