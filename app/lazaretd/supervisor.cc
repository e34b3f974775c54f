#include "app/lazaretd/supervisor.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "app/lazaretd/folders.h"
#include "app/lazaretd/notify.h"
#include "app/lazaretd/problems.h"
#include "app/lazaretd/status_report.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/log.h"

namespace lazaret::supervisor {
namespace {

using process::Frame;
using process::FrameType;

constexpr int kExitConfiguration =
    78;  // EX_CONFIG, what a role answers to a configuration it refuses
constexpr int kExitUsage = 2;
constexpr std::int64_t kStatusMillis = 1'000;  // for all roles together
constexpr std::int64_t kStopMillis = 5'000;    // for one role after its control socket closed
constexpr std::int64_t kClientMillis = 1'000;
constexpr const char* kReadersGroup = "lazaret";
constexpr const char* kUpdateSocket = "freshclam.sock";

std::string TextOf(const Frame& frame) {
  base::ByteReader in(frame.payload);
  return in.String(process::kMaxFrameBytes);
}

base::Error WithAdvice(base::Error error) {
  if (error.code == base::ErrorCode::kUnavailable)
    error.text +=
        "; a lazaretd runs already (`lazaret status`): stop that one first, or give this one its "
        "own paths.run";
  return error;
}

// Root, ourselves, or a member of the group `lazaret` by primary group.
bool MayAsk(int client) {
  const auto peer = process::PeerOf(client);
  if (!peer.ok()) return false;
  if (peer->uid == 0 || peer->uid == ::geteuid()) return true;
  const group* readers = ::getgrnam(kReadersGroup);
  return readers != nullptr && peer->gid == readers->gr_gid;
}

// What changes the filter is root's alone: the roles share the group, and one of them talks to the
// network.
bool MayChange(int client) {
  const auto peer = process::PeerOf(client);
  return peer.ok() && (peer->uid == 0 || peer->uid == ::geteuid());
}

}  // namespace

Supervisor::Supervisor(config::Config config, SharedFiles files, SupervisorOptions options)
    : config_(std::move(config)),
      files_(std::move(files)),
      options_(std::move(options)),
      reload_(config_, options_.source, files_, roles_, options_.roles_folder),
      watch_(config_.reload_watch ? WatchedPlaces(config_) : std::vector<std::string>()) {
  for (RoleSpec& spec : RolesOf(config_)) {
    RoleRun role;
    role.spec = std::move(spec);
    roles_.push_back(std::move(role));
  }
}

base::Status Supervisor::Prepare() {
  std::optional<process::UserIds> front;
  std::optional<process::UserIds> scan;
  for (RoleRun& role : roles_) {
    LAZARET_ASSIGN(role.user, process::FindUser(role.spec.user));
    if (role.spec.name == "front") front = role.user;
    if (role.spec.name == "analyzer") scan = role.user;
  }
  // Others pass through to what is theirs; what lies in it is closed to them by its own mode.
  LAZARET_TRY(MakeFolder(config_.paths.state, scan ? 0751 : 0750, front));
  LAZARET_TRY(MakeFolder(SnapshotFolder(config_), 0700, scan));
  LAZARET_TRY(MakeFolder(config_.paths.run, front ? 0755 : 0750, front));
  LAZARET_TRY(MakeMilterFolder(config_, front));
  const std::string control = config_.paths.run + "/lazaretd.sock";
  const group* readers = ::getgrnam(kReadersGroup);
  {
    const ActAs owner(front, readers != nullptr ? readers->gr_gid : static_cast<gid_t>(-1));
    auto listener = process::ListenSeqpacket(control, 0660);
    if (!listener.ok()) return WithAdvice(listener.error());
    listener_ = std::move(listener).value();
    LAZARET_ASSIGN(updates_, UpdateSocket::Listen(config_.paths.run + "/" + kUpdateSocket));
  }
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&ours, number);
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  signals_ = base::UniqueFd(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) return base::ErrnoError("signalfd");
  return base::Ok();
}

int Supervisor::Run() {
  while (!stopping_) {
    StartDue();
    if (stopping_) break;
    watchdog_.Tick(roles_.front());
    watchdog_.Say(RolesText(roles_));
    std::vector<pollfd> entries{
        {signals_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {watch_.fd(), POLLIN, 0}};
    // Answering one may add another.
    std::vector<RoleRun*> roles;
    for (RoleRun& role : roles_) {
      roles.push_back(&role);
      entries.push_back({role.control.get(), POLLIN, 0});
      entries.push_back({role.child.pidfd.get(), POLLIN, 0});
    }
    updates_.AddPollEntries(entries);
    if (::poll(entries.data(), entries.size(), NextEvent().PollMillis()) > 0)
      Dispatch(entries, roles);
    NoticeChanges();
    reload_.CheckDeadline();
    DropEnded();
  }
  StopAll();
  return exit_code_;
}

void Supervisor::Dispatch(const std::vector<pollfd>& entries, const std::vector<RoleRun*>& roles) {
  std::size_t at = 3;
  for (RoleRun* role : roles) {
    if (entries[at].revents != 0) ReadRole(*role);
    if (entries[at + 1].revents != 0) {
      ReadRole(*role);  // its last words
      const auto status = process::WaitChild(role->child, base::Deadline::AfterMillis(0));
      if (status) HandleEnd(*role, *status);
    }
    at += 2;
  }
  if (entries[0].revents != 0) HandleSignal();
  if (entries[1].revents != 0) HandleClient();
  if (entries[2].revents != 0) {
    watch_.Read();
    only_signatures_ = false;
  }
}

void Supervisor::NoticeChanges() {
  if (updates_.Serve()) watch_.Nudge();
  if (watch_.TakeSettled()) reload_.BeginChanged(std::exchange(only_signatures_, true));
}

// Candidates that failed, and analyzers that had their last message.
void Supervisor::DropEnded() {
  for (RoleRun& role : roles_) {
    if (role.place == Place::kLeaving && role.end_by.Expired() && role.child.pid >= 0) {
      base::LogWarning(NameOf(role) + " did not end in time");
      role.end_by = base::Deadline();
      process::SignalChild(role.child, SIGKILL);
    }
  }
  roles_.remove_if([](const RoleRun& role) {
    return role.place != Place::kInForce && role.state == RoleState::kDown;
  });
}

void Supervisor::StartDue() {
  for (RoleRun& role : roles_) {
    if (role.place != Place::kInForce || role.state != RoleState::kDown ||
        !role.next_start.Expired())
      continue;
    const base::Status started =
        StartRole(role, files_.config.get(), files_.bundle.get(), options_.roles_folder);
    if (started.ok()) continue;
    base::LogError(role.spec.name + ": " + started.error().text);
    PlanRestart(role);
    if (!role.spec.essential || role.ever_ready) continue;
    stopping_ = true;
    exit_code_ = 1;
    return;
  }
}

base::Deadline Supervisor::NextEvent() const {
  base::Deadline next = watchdog_.Next();
  const auto consider = [&next](base::Deadline one) {
    if (!one.never() && (next.never() || one.monotonic() < next.monotonic())) next = one;
  };
  consider(reload_.deadline());
  consider(watch_.next());
  consider(updates_.next());
  for (const RoleRun& role : roles_)
    consider(role.state == RoleState::kDown ? role.next_start : role.end_by);
  return next;
}

void Supervisor::ReadRole(RoleRun& role) {
  while (role.control.valid()) {
    auto frame = process::ReceiveFrame(role.control.get(), base::Deadline::AfterMillis(0));
    if (!frame.ok()) {
      if (frame.error().code != base::ErrorCode::kTimeout) role.control.Reset();
      return;
    }
    switch (frame->type) {
      case FrameType::kRoleReady:
        role.state = RoleState::kReady;
        role.ever_ready = true;
        role.details = TextOf(*frame);
        role.complaint.clear();
        base::LogInfo(NameOf(role) + " is ready" +
                      (role.details.empty() ? "" : ": " + role.details));
        TellReadyOnce();
        break;
      case FrameType::kNotReady:
        role.complaint = TextOf(*frame);
        base::LogWarning(NameOf(role) + " is not ready: " + role.complaint);
        reload_.OnComplaint(role);
        break;
      case FrameType::kEngineLoaded:
        reload_.OnLoaded(role, *frame);
        break;
      case FrameType::kGenerationReady:
        reload_.OnGenerationReady(role, TextOf(*frame));
        break;
      case FrameType::kStatusReply:
        role.status_json = TextOf(*frame);
        role.asked = false;
        role.overdue = false;
        break;
      case FrameType::kReloadReply:
        reload_.OnReply(role, *frame);
        break;
      default:
        base::LogWarning(role.spec.name + ": a frame that is not for a supervisor");
        break;
    }
  }
}

void Supervisor::HandleEnd(RoleRun& role, int wait_status) {
  if (role.place != Place::kInForce) {
    base::LogInfo(NameOf(role) + " ended (" + process::ExitText(wait_status) + ")" +
                  (role.not_taken ? ", it was not taken" : ""));
    role.state = RoleState::kDown;
    role.next_start = base::Deadline();
    role.control.Reset();
    return reload_.OnRoleEnd(role);
  }
  const bool refused = WIFEXITED(wait_status) && (WEXITSTATUS(wait_status) == kExitConfiguration ||
                                                  WEXITSTATUS(wait_status) == kExitUsage);
  base::LogError(role.spec.name + " ended (" + process::ExitText(wait_status) + ")" +
                 (role.complaint.empty() ? "" : ": " + role.complaint));
  PlanRestart(role);
  reload_.OnRoleEnd(role);
  if (!role.spec.essential || role.ever_ready) return;
  // It never worked: what it was given is wrong, and starting it again would only repeat that.
  stopping_ = true;
  exit_code_ = refused ? kExitUsage : 1;
}

void Supervisor::HandleSignal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGHUP) {
      reload_.Begin({});
    } else if (info.ssi_signo != SIGCHLD) {
      base::LogInfo("stopping");
      stopping_ = true;
    }
  }
}

void Supervisor::TellReadyOnce() {
  if (said_ready_) return;
  for (const RoleRun& role : roles_) {
    if (role.spec.essential && role.state != RoleState::kReady) return;
  }
  said_ready_ = true;
  NotifySystemd("READY=1");
  base::LogInfo("ready");
}

// A role that owes an answer is not asked again, and one that was waited for in vain is not waited
// for again: it is stopped or hangs, and its socket would fill.
void Supervisor::CollectStatus() {
  Frame request;
  request.type = FrameType::kStatusRequest;
  std::vector<RoleRun*> waiting;
  for (RoleRun& role : roles_) {
    ReadRole(role);
    role.status_json.clear();
    if (role.state != RoleState::kReady || role.overdue) continue;
    if (!role.asked) role.asked = process::TrySendFrame(role.control.get(), request).ok();
    if (role.asked) waiting.push_back(&role);
  }
  const auto settled = [](const RoleRun* role) { return !role->asked || !role->control.valid(); };
  const base::Deadline patience = base::Deadline::AfterMillis(kStatusMillis);
  while (!waiting.empty() && !patience.Expired()) {
    std::vector<pollfd> entries;
    for (const RoleRun* role : waiting) entries.push_back({role->control.get(), POLLIN, 0});
    if (::poll(entries.data(), entries.size(), patience.PollMillis()) <= 0) continue;
    for (RoleRun* role : waiting) ReadRole(*role);
    waiting.erase(std::remove_if(waiting.begin(), waiting.end(), settled), waiting.end());
  }
  for (RoleRun* role : waiting) role->overdue = role->asked;
}

void Supervisor::HandleClient() {
  base::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client.valid()) return;
  auto request = process::ReceiveFrame(client.get(), base::Deadline::AfterMillis(kClientMillis));
  if (!request.ok() || request->type != FrameType::kControlRequest) return;
  Frame reply;
  reply.type = FrameType::kControlReply;
  base::ByteWriter out;
  if (!MayAsk(client.get())) {
    out.U8(0);
    out.String("not allowed");
  } else if (TextOf(*request) == "status") {
    CollectStatus();
    out.U8(1);
    out.String(StatusJson());
  } else if (TextOf(*request) == "reload" || TextOf(*request) == "rollback") {
    if (MayChange(client.get())) {
      const bool rollback = TextOf(*request) == "rollback";
      return rollback ? reload_.BeginRollback(std::move(client)) : reload_.Begin(std::move(client));
    }
    out.U8(0);
    out.String("not allowed: only root may change what is in force");
  } else {
    out.U8(0);
    out.String("unknown command");
  }
  reply.payload = out.Take();
  const base::Status sent = process::TrySendFrame(client.get(), reply);
  if (!sent.ok()) base::LogWarning("status client: " + sent.error().text);
}

std::string Supervisor::StatusJson() const {
  std::vector<RoleStatus> roles;
  for (const RoleRun& role : roles_) {
    RoleStatus status;
    status.name = NameOf(role);
    status.pid = role.child.pid;
    status.state = StateName(role.state);
    status.uptime_seconds =
        role.state == RoleState::kDown ? 0 : (base::MonotonicNow() - role.started) / 1'000'000'000;
    status.restarts = role.restarts;
    status.complaint = role.complaint;
    status.json = role.status_json;
    roles.push_back(std::move(status));
  }
  const ActAs front(roles_.front().user);  // whose socket and log are looked at
  return StatusReport(config_.node, static_cast<int>(::getpid()), roles,
                      ProblemsOf(config_, roles, reload_.record()), reload_.record());
}

void Supervisor::StopRole(RoleRun& role, std::int64_t millis) {
  if (role.child.pid < 0) return;
  if (!process::WaitChild(role.child, base::Deadline::AfterMillis(millis))) {
    base::LogWarning(role.spec.name + " did not stop in time");
    process::SignalChild(role.child, SIGKILL);
    process::WaitChild(role.child, base::Deadline::AfterMillis(kStopMillis));
  }
  role.state = RoleState::kDown;
}

void Supervisor::StopAll() {
  RoleRun& front = roles_.front();
  const std::int64_t drain = static_cast<std::int64_t>(config_.limits.drain_seconds) * 1000;
  NotifyStopping(drain + 2 * kStopMillis * static_cast<std::int64_t>(roles_.size() + 1));
  if (front.state == RoleState::kReady) {
    // Messages at end-of-message get their answer; the analyzer stays until then.
    Frame frame;
    frame.type = FrameType::kDrain;
    base::ByteWriter out;
    out.U32(static_cast<std::uint32_t>(drain));
    frame.payload = out.Take();
    if (process::TrySendFrame(front.control.get(), frame).ok())
      StopRole(front, drain + kStopMillis);
  }
  for (auto role = roles_.rbegin(); role != roles_.rend(); ++role) {
    role->control.Reset();  // a role ends when its supervisor is gone
    if (role->place != Place::kInForce) process::SignalChild(role->child, SIGKILL);
    StopRole(*role, kStopMillis);
  }
  {
    const ActAs owner(roles_.front().user);
    ::unlink((config_.paths.run + "/lazaretd.sock").c_str());
    ::unlink((config_.paths.run + "/" + kUpdateSocket).c_str());
  }
  base::LogInfo("stopped");
}

}  // namespace lazaret::supervisor
