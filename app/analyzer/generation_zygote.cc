#include "app/analyzer/generation_zygote.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "app/analyzer/canary.h"
#include "app/analyzer/rule_bundle.h"
#include "app/analyzer/scanner_set.h"
#include "app/analyzer/worker_slots.h"
#include "app/judge/generation_codec.h"
#include "app/process/frames.h"
#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/log.h"
#include "policy/analysis.h"

namespace lazaret::analyzer {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kConnectRetryMillis = 100;
constexpr std::int64_t kWarmMillis = 60'000;

// Identifies what judged a message: engine snapshot, rules, lists, tables, policy, configuration,
// build.
std::string GenerationId(const GenerationInputs& inputs, const std::string& bundle_sha256) {
  base::Sha256Stream hash;
  hash.Update(inputs.engine->SnapshotId());
  hash.Update(bundle_sha256);
  hash.Update(config::EncodeConfig(*inputs.config));
  hash.Update(LAZARET_VERSION);
  return base::Hex(base::AsBytes(hash.Finish()));
}

std::size_t WorkerCount(const config::Config& config) {
  if (config.limits.workers > 0) return config.limits.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

// Its sends never wait: a front or an engine zygote that is stopped must not keep the deadlines of
// workers from being guarded.
class Zygote final : public SlotListener {
 public:
  explicit Zygote(GenerationInputs inputs) : inputs_(std::move(inputs)) {}

  base::Status Prepare();
  [[noreturn]] void Loop();
  void TellEngine(FrameType type, const std::string& text) {
    Send(inputs_.engine_pipe.get(), type, text);
  }

  void OnReady(std::uint32_t worker, process::ConfineLevel level, int jobs) override;
  void OnGone(std::uint32_t worker, const std::string& reason, bool retired) override;
  void OnNotReady(const std::string& reason) override;

 private:
  static void Send(int socket, FrameType type, const std::string& text) {
    if (socket < 0) return;
    Frame frame;
    frame.type = type;
    base::ByteWriter out;
    out.String(text);
    frame.payload = out.Take();
    const base::Status sent = process::TrySendFrame(socket, frame);
    if (!sent.ok()) base::LogWarning("generation zygote: " + sent.error().text);
  }
  void SayHello(process::ConfineLevel level);
  void ConnectFront();
  void LoseFront();
  void ReadFront();
  void Obey(const Frame& frame);
  void NoteReady();
  [[noreturn]] void Leave();
  void DrainSignals() const;

  GenerationInputs inputs_;
  Generation generation_;
  judge::GenerationInfo info_;
  std::unique_ptr<WorkerSlots> slots_;
  base::UniqueFd front_;
  base::UniqueFd signals_;
  base::Deadline next_connect_ = base::Deadline::AfterMillis(0);
  bool complained_ = false;
  bool retiring_ = false;
  bool said_ready_ = false;
  std::size_t ready_ = 0;  // workers
};

base::Status Zygote::Prepare() {
  LAZARET_ASSIGN(generation_.rules,
                 CompileBundle(*inputs_.bundle, inputs_.config->paths.etc + "/lists.d"));
  LAZARET_ASSIGN(generation_.canary_rules, CanaryRules());
  generation_.config = inputs_.config;
  generation_.engine = inputs_.engine;
  info_.bundle_sha256 = config::BundleSha256(*inputs_.bundle);
  info_.id = GenerationId(inputs_, info_.bundle_sha256);
  info_.engine = inputs_.engine->Description();
  info_.signatures_time = inputs_.engine->NewestSignatureTime();
  std::copy_n(info_.id.begin(), generation_.tag.size(), generation_.tag.begin());
  // One message through every path before the fork: automata are built, lazy parts of libraries are
  // loaded, and workers share the pages.
  generation_.rules->Warm();
  generation_.canary_rules->Warm();
  const auto warm = MakePipeline(generation_, generation_.canary_rules);
  LAZARET_TRY(RunCanaries(*warm, MakeCanaries(), base::Deadline::AfterMillis(kWarmMillis)));
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, nullptr);
  signals_ = base::UniqueFd(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return base::ErrnoError("signalfd");
  SlotOptions options;
  options.count = WorkerCount(*inputs_.config);
  options.boxes = !process::UserNamespacesWork();
  const auto run = [this](WorkerSockets sockets, const BoxFolder& box) {
    RunWorker(generation_, std::move(sockets), box);
  };
  slots_ = std::make_unique<WorkerSlots>(run, *this, options);
  return base::Ok();
}

void Zygote::OnReady(std::uint32_t worker, process::ConfineLevel level, int jobs) {
  if (!front_.valid()) return;
  if (info_.confinement.empty()) SayHello(level);
  // What was complained about is over.
  if (std::exchange(complained_, false)) TellEngine(FrameType::kRoleReady, "");
  Frame frame;
  frame.type = FrameType::kWorkerReady;
  base::ByteWriter out;
  out.U32(worker);
  out.U8(static_cast<std::uint8_t>(level));
  frame.payload = out.Take();
  if (!process::TrySendFrame(front_.get(), frame, {jobs}).ok()) return LoseFront();
  NoteReady();
}

// Once, when all workers have been handed to the front.
void Zygote::NoteReady() {
  if (++ready_ < WorkerCount(*inputs_.config) || said_ready_) return;
  said_ready_ = true;
  TellEngine(FrameType::kGenerationReady, info_.id);
}

void Zygote::SayHello(process::ConfineLevel level) {
  info_.confinement = std::string(process::Name(level));
  Frame frame;
  frame.type = FrameType::kGenerationHello;
  frame.generation = generation_.tag;
  frame.payload = judge::EncodeGeneration(info_);
  const base::Status sent = process::TrySendFrame(front_.get(), frame);
  if (!sent.ok()) base::LogWarning("front: " + sent.error().text);
  base::LogInfo("generation " + info_.id.substr(0, 12) + " ready: " + info_.engine +
                ", confinement " + info_.confinement);
}

void Zygote::OnGone(std::uint32_t worker, const std::string& reason, bool retired) {
  Frame frame;
  if (ready_ > 0) --ready_;
  frame.type = FrameType::kWorkerGone;
  base::ByteWriter out;
  out.U32(worker);
  out.String(reason);
  frame.payload = out.Take();
  if (!retired && !process::TrySendFrame(inputs_.engine_pipe.get(), frame).ok())
    base::LogWarning("engine zygote: does not read");
  if (!front_.valid()) return;
  const base::Status sent = process::TrySendFrame(front_.get(), frame);
  // Of a worker that is gone the front learns from its socket as well.
  if (!sent.ok() && sent.error().code != base::ErrorCode::kTimeout) LoseFront();
}

void Zygote::OnNotReady(const std::string& reason) {
  complained_ = true;
  if (front_.valid()) Send(front_.get(), FrameType::kNotReady, reason);
  TellEngine(FrameType::kNotReady, reason);
}

void Zygote::ConnectFront() {
  auto socket = process::ConnectSeqpacket(inputs_.front_socket);
  if (!socket.ok()) {
    next_connect_ = base::Deadline::AfterMillis(kConnectRetryMillis);
    // A front that is not there yet is waited for; one that may not be reached never will be.
    if (socket.error().code == base::ErrorCode::kPermission && !complained_)
      OnNotReady("front cannot be reached: " + socket.error().text);
    return;
  }
  front_ = std::move(socket).value();
  info_.confinement.clear();
  if (!retiring_) slots_->Resume();
}

void Zygote::LoseFront() {
  front_.Reset();
  slots_->StopAll();
  next_connect_ = base::Deadline::AfterMillis(kConnectRetryMillis);
}

void Zygote::ReadFront() {
  auto frame = process::ReceiveFrame(front_.get(), base::Deadline::AfterMillis(0));
  if (frame.ok()) {
    Obey(*frame);
  } else if (frame.error().code != base::ErrorCode::kTimeout) {
    LoseFront();
  }
}

void Zygote::Obey(const Frame& frame) {
  base::ByteReader in(frame.payload);
  const std::uint32_t worker = in.U32();
  switch (frame.type) {
    case FrameType::kArm:
      slots_->Arm(worker, base::Deadline::At(in.I64()));
      return;
    case FrameType::kDisarm:
      slots_->Disarm(worker);
      return;
    case FrameType::kKill:
      slots_->Kill(worker, "front asked: " + in.String(policy::kMaxNameBytes));
      return;
    case FrameType::kRetire:
      retiring_ = true;
      slots_->Retire();
      return;
    default:
      base::LogWarning("front: a frame that is not for a zygote");
      return;
  }
}

void Zygote::DrainSignals() const {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
  }
}

void Zygote::Leave() {
  slots_->StopAll();
  slots_->RemoveBoxes();
  ::_exit(0);
}

void Zygote::Loop() {
  for (;;) {
    if (retiring_ && slots_->Empty()) Leave();
    if (!front_.valid() && next_connect_.Expired()) ConnectFront();
    slots_->Tick();
    std::vector<pollfd> entries{{inputs_.engine_pipe.get(), POLLIN, 0},
                                {signals_.get(), POLLIN, 0}};
    if (front_.valid()) entries.push_back({front_.get(), POLLIN, 0});
    slots_->AddPollEntries(entries);
    base::Deadline next = slots_->NextEvent();
    if (!front_.valid() && (next.never() || next_connect_.monotonic() < next.monotonic()))
      next = next_connect_;
    const int ready = ::poll(entries.data(), entries.size(), next.PollMillis());
    if (ready <= 0) continue;
    // The engine zygote says nothing but its end.
    if (entries[0].revents != 0) Leave();
    slots_->ReadWorkers();
    if (entries[1].revents != 0) {
      DrainSignals();
      slots_->Reap();
    }
    if (front_.valid() && entries.size() > 2 && entries[2].fd == front_.get() &&
        entries[2].revents != 0)
      ReadFront();
  }
}

}  // namespace

void RunGenerationZygote(GenerationInputs inputs) {
  Zygote zygote(std::move(inputs));
  const base::Status ready = zygote.Prepare();
  if (!ready.ok()) {
    base::LogError("generation: " + ready.error().text);
    zygote.TellEngine(FrameType::kNotReady, ready.error().text);
    ::_exit(kExitConfiguration);
  }
  zygote.TellEngine(FrameType::kRoleReady, "");
  zygote.Loop();
}

}  // namespace lazaret::analyzer
