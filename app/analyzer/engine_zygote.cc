#include "app/analyzer/engine_zygote.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "app/analyzer/generation_runs.h"
#include "app/analyzer/gentle.h"
#include "app/analyzer/snapshot_shelf.h"
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

// What libclamav says of a file names its copy; people know the original.
std::string NameOriginals(std::string text, const Snapshot& snapshot,
                          const config::Clamav& clamav) {
  const auto replace = [&text](const std::string& copy, const std::string& original) {
    for (std::size_t at = text.find(copy); at != std::string::npos;
         at = text.find(copy, at + original.size()))
      text.replace(at, copy.size(), original);
  };
  if (snapshot.hash.empty()) return text;
  replace(snapshot.own, clamav.signatures_dir);
  replace(snapshot.database, clamav.database);
  return text;
}

scanners::ClamavOptions OptionsOf(const config::Config& config, const Snapshot& snapshot,
                                  const std::string& tmp_dir) {
  scanners::ClamavOptions options;
  options.database = snapshot.database;
  options.signatures_dir = snapshot.own;
  options.builtin_only = config.clamav.builtin_only;
  options.tmp_dir = tmp_dir;
  options.max_scan_bytes = config.clamav.max_scan_bytes;
  options.max_file_bytes = config.clamav.max_file_bytes;
  options.max_files = config.clamav.max_files;
  options.max_recursion = config.clamav.max_recursion;
  options.max_scan_millis = config.clamav.max_scan_millis;
  options.matcher = config.clamav.matcher == "combined" ? scanners::Matcher::kCombined
                                                        : scanners::Matcher::kAutomaton;
  options.huge_pages = config.clamav.huge_pages;
  return options;
}

class EngineZygote {
 public:
  EngineZygote(process::Role& role, const EngineArguments& arguments)
      : role_(role), arguments_(arguments), shelf_(arguments.shelf) {}

  base::Status Load();
  // The signatures are those that need no loading.
  bool NothingNew() const { return engine_ == nullptr; }
  int Loop();
  void Complain(const std::string& reason) {
    last_reason_ = reason;
    role_.Tell(FrameType::kNotReady, reason);
  }

 private:
  base::Status LoadSignatures();
  base::Result<Snapshot> FindSnapshot() const;
  void TellLoaded(std::uint64_t bytes);
  void MakeRuns();
  void TakeReload(const Frame& frame);
  void DrainSignals() const;
  void StopGenerations();
  std::string StatusJson() const;

  process::Role& role_;
  const EngineArguments arguments_;
  const SnapshotShelf shelf_;
  Snapshot snapshot_;  // without a hash: loaded from the originals
  // For libclamav's temporary files while the engine is loaded and warmed, before any worker has
  // its own.
  process::PrivateFolder warm_;
  std::unique_ptr<scanners::ClamavEngine> engine_;
  base::UniqueFd signals_;
  std::unique_ptr<GenerationRuns> runs_;
  std::string last_reason_;
};

base::Result<Snapshot> EngineZygote::FindSnapshot() const {
  const config::Clamav& clamav = role_.config().clamav;
  if (arguments_.shelf.empty()) return Snapshot{"", clamav.database, clamav.signatures_dir};
  if (!arguments_.snapshot.empty()) {
    auto snapshot = shelf_.Open(arguments_.snapshot);
    // A candidate is made of just this one; what is in force has to come back.
    if (snapshot.ok() || arguments_.gently) return snapshot;
    base::LogError(snapshot.error().text + "; the signatures are taken anew");
  }
  return shelf_.Take({clamav.database, clamav.signatures_dir, clamav.builtin_only});
}

base::Status EngineZygote::LoadSignatures() {
  LAZARET_ASSIGN(snapshot_, FindSnapshot());
  if (!snapshot_.hash.empty() && snapshot_.hash == arguments_.unless) return base::Ok();
  auto engine = scanners::ClamavEngine::Load(OptionsOf(role_.config(), snapshot_, warm_.path()));
  if (!engine.ok()) {
    base::Error error = std::move(engine).error();
    error.text = NameOriginals(std::move(error.text), snapshot_, role_.config().clamav);
    return error;
  }
  engine_ = std::move(engine).value();
  if (snapshot_.hash.empty() || engine_->ContentsHash() == snapshot_.hash) return base::Ok();
  return base::Error{base::ErrorCode::kCorrupt, snapshot_.database + ": changed while it was read"};
}

base::Status EngineZygote::Load() {
  process::SweepPrivateFolders(kWarm);
  LAZARET_ASSIGN(warm_, process::PrivateFolder::Make(kWarm));
  LAZARET_TRY(mail::PreloadReaders());
  const auto load = [this] { return LoadSignatures(); };
  LAZARET_TRY(arguments_.gently ? RunGently(load) : load());
  if (NothingNew()) {
    TellLoaded(0);
    return base::Ok();
  }
  base::LogInfo("engine loaded: " + engine_->Description());
  TellLoaded(std::max<std::uint64_t>(1, PeakMemoryBytes()));
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  signals_ = base::UniqueFd(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return base::ErrnoError("signalfd");
  return base::Ok();
}

// Only to a supervisor that keeps snapshots.
void EngineZygote::TellLoaded(std::uint64_t bytes) {
  if (snapshot_.hash.empty()) return;
  Frame frame;
  frame.type = FrameType::kEngineLoaded;
  base::ByteWriter out;
  out.String(snapshot_.hash);
  out.U64(bytes);
  frame.payload = out.Take();
  const base::Status sent = process::SendFrame(role_.control(), frame);
  if (!sent.ok()) base::LogWarning("supervisor: " + sent.error().text);
}

void EngineZygote::MakeRuns() {
  GenerationRuns::Events events;
  events.ready = [this] {
    last_reason_.clear();
    role_.Tell(FrameType::kRoleReady, engine_->Description());
  };
  events.all_ready = [this](const std::string& id) {
    // `lazaret scan` has no use for it.
    if (!snapshot_.hash.empty()) role_.Tell(FrameType::kGenerationReady, id);
  };
  events.not_ready = [this](const std::string& reason) { Complain(reason); };
  events.candidate = [this](bool ok, const std::string& text) { role_.ReplyToReload(ok, text); };
  const auto run = [this](const config::GenerationBundle& bundle, base::UniqueFd pipe) {
    role_.CloseControl();
    GenerationInputs inputs;
    inputs.config = &role_.config();
    inputs.bundle = &bundle;
    inputs.engine = engine_.get();
    inputs.front_socket = arguments_.front_socket;
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
  } else if (frame.type == FrameType::kRetire) {
    runs_->Leave();
  } else if (frame.type == FrameType::kKeepSnapshots) {
    base::ByteReader in(frame.payload);
    const std::string one = in.String(policy::kMaxNameBytes);
    shelf_.KeepOnly({one, in.String(policy::kMaxNameBytes)});
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
  json.Field("snapshot", snapshot_.hash);
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
    if (runs_->HasLeft()) return 0;
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

int RunEngineZygote(const EngineArguments& arguments) {
  auto role = process::Role::Start("lazaret-analyzer");
  if (!role.ok()) {
    base::LogError(role.error().text);
    return kExitConfiguration;
  }
  EngineZygote zygote(**role, arguments);
  const base::Status loaded = zygote.Load();
  if (!loaded.ok()) {
    base::LogError(loaded.error().text);
    zygote.Complain(loaded.error().text);
    const bool configuration = loaded.error().code == base::ErrorCode::kInvalid ||
                               loaded.error().code == base::ErrorCode::kNotFound;
    return configuration ? kExitConfiguration : 1;
  }
  return zygote.NothingNew() ? 0 : zygote.Loop();
}

}  // namespace lazaret::analyzer
