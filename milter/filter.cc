#include "milter/filter.h"

#include <grp.h>
#include <libmilter/mfapi.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>

#include "base/fd.h"
#include "base/format.h"
#include "milter/accept_gate.h"
#include "milter/filter_core.h"
#include "milter/packet_poll.h"
#include "milter/waker.h"

namespace lazaret::milter {
namespace {

// After our callback returns, libmilter still has to write the reply, and does not say when it has.
constexpr std::int64_t kReplyGraceMillis = 300;
constexpr std::string_view kUnixPrefix = "unix:";
constexpr mode_t kFolderMode = 02750;

base::Error ListenError(const FilterOptions& options, std::string_view why) {
  return {base::ErrorCode::kUnavailable, base::Format("milter.listen {}: {}", options.listen, why)};
}

// libmilter has no reason to give but what errno was left at.
base::Error CannotOpen(const FilterOptions& options, int error_number) {
  if (error_number == 0) return ListenError(options, "cannot be opened");
  return ListenError(options, base::ErrnoError("cannot be opened", error_number).text);
}

// The group's id, or -1 (leave it) when it does not exist.
gid_t GroupOf(const std::string& name) {
  const struct group* found = name.empty() ? nullptr : getgrnam(name.c_str());
  return found == nullptr ? static_cast<gid_t>(-1) : found->gr_gid;
}

// A changed group is wished for, not needed: an unprivileged process may not be able to.
bool GiveToGroup(const std::string& path, const std::string& group) {
  const gid_t id = GroupOf(group);
  return id == static_cast<gid_t>(-1) || chown(path.c_str(), static_cast<uid_t>(-1), id) == 0;
}

base::Status MakeSocketFolder(const std::string& path, const std::string& group) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return base::Ok();
  const std::string folder = path.substr(0, slash);
  if (mkdir(folder.c_str(), 0750) != 0) {
    return errno == EEXIST ? base::Ok() : base::Status(base::ErrnoError(folder));
  }
  // The group first: chown drops the set-group-id bit.
  const bool given = GiveToGroup(folder, group);
  if (chmod(folder.c_str(), given ? kFolderMode : 0750) != 0) return base::ErrnoError(folder);
  return base::Ok();
}

// libmilter removes the socket of whoever has it: a running filter would be cut off unseen.
bool SomebodyAnswers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.valid() &&
         connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

base::Status OpenUnixSocket(const FilterOptions& options) {
  const std::string path = options.listen.substr(kUnixPrefix.size());
  LAZARET_TRY(MakeSocketFolder(path, options.socket_group));
  if (SomebodyAnswers(path)) return ListenError(options, "another process listens here");
  // Nobody may connect before mode and group are set.
  const mode_t old_mask = umask(0177);
  errno = 0;
  const bool opened = smfi_opensocket(true) == MI_SUCCESS;
  const int why = errno;
  umask(old_mask);
  if (!opened) return CannotOpen(options, why);
  (void)GiveToGroup(path, options.socket_group);
  if (chmod(path.c_str(), options.socket_mode) != 0) return base::ErrnoError(path);
  return base::Ok();
}

base::Status OpenSocket(const FilterOptions& options) {
  std::string listen = options.listen;
  if (smfi_setconn(listen.data()) != MI_SUCCESS) return ListenError(options, "not understood");
  if (listen.rfind(kUnixPrefix, 0) == 0) return OpenUnixSocket(options);
  errno = 0;
  if (smfi_opensocket(false) != MI_SUCCESS) return CannotOpen(options, errno);
  return base::Ok();
}

class LibmilterFilter : public Filter {
 public:
  LibmilterFilter(const FilterOptions& options, MessageHandler& handler, base::Counters& counters)
      : core_(options, handler, counters) {}

  base::Status Open() {
    SetCore(&core_);
    if (!RegisterCallbacks()) return ListenError(core_.options, "libmilter refused the filter");
    if (smfi_settimeout(static_cast<int>(core_.options.idle_seconds)) != MI_SUCCESS) {
      return ListenError(core_.options, "libmilter refused the timeout");
    }
    BoundPacketWaits(core_.options.idle_seconds, core_.options.half_open_seconds);
    return OpenSocket(core_.options);
  }

  base::Status Serve() override {
    LAZARET_TRY(waker_.Start(core_.options.listen, [this] { return MayBeKept(); }));
    gate_.Install();
    if (!core_.ServeBegins()) return base::Ok();
    const bool served = smfi_main() == MI_SUCCESS;
    core_.ServeEnds();
    if (served || core_.stopping()) return base::Ok();
    return ListenError(core_.options, "libmilter gave up");
  }

  void StopAccepting() override {
    // In this order: smfi_stop waits for the listener, which looks up only every 5 s unless woken.
    if (core_.BeginStop()) smfi_stop();
    waker_.Stop();
  }

  bool WaitIdle(base::Deadline deadline) override { return core_.WaitIdle(deadline); }
  FilterLoad Load() const override { return core_.Load(); }

 private:
  // Some thread of libmilter is kept, by a callback or a peer, and another session may wait for it;
  // or its listener is to come back, for peers that are held back or for the stop.
  bool MayBeKept() const {
    return core_.stopping() || gate_.HasWaiting() ||
           (core_.Load().sessions > 1 && (core_.InCallback() || PacketWaits() > 0));
  }

  FilterCore core_;
  AcceptGate gate_{core_};
  Waker waker_;
};

}  // namespace

bool FilterCore::ServeBegins() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  phase_ = Phase::kStarting;
  return true;
}

void FilterCore::Accepts() {
  if (phase_ != Phase::kStarting) return;
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kAccepting;
  phase_changed_.notify_all();
}

void FilterCore::ServeEnds() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kEnded;
  phase_changed_.notify_all();
}

bool FilterCore::BeginStop() {
  constexpr auto kStartTime = std::chrono::seconds(2);
  std::unique_lock lock(mutex_);
  stopping_ = true;
  phase_changed_.wait_for(lock, kStartTime, [this] { return phase_ != Phase::kStarting; });
  return phase_ == Phase::kStarting || phase_ == Phase::kAccepting;
}

void FilterCore::MessageBegan() { ++in_flight_; }

void FilterCore::MessageAnswered() {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  last_answer_ = base::MonotonicNow();
  answered_.notify_all();
}

bool FilterCore::WaitIdle(base::Deadline deadline) {
  constexpr std::int64_t kStepMillis = 50;
  std::unique_lock lock(mutex_);
  while (!deadline.Expired()) {
    const base::Nanoseconds quiet = base::MonotonicNow() - last_answer_;
    if (in_flight_ == 0 && quiet >= kReplyGraceMillis * 1'000'000) return true;
    const std::int64_t left = deadline.never() ? kStepMillis : deadline.PollMillis();
    answered_.wait_for(lock, std::chrono::milliseconds(std::min(left, kStepMillis)));
  }
  return in_flight_ == 0;
}

base::Result<std::unique_ptr<Filter>> Filter::Open(const FilterOptions& options,
                                                   MessageHandler& handler,
                                                   base::Counters& counters) {
  auto filter = std::make_unique<LibmilterFilter>(options, handler, counters);
  LAZARET_TRY(filter->Open());
  return std::unique_ptr<Filter>(std::move(filter));
}

}  // namespace lazaret::milter
