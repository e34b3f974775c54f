#include "app/lazaretd/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "app/process/frames.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/log.h"
#include "base/text.h"

namespace lazaret::supervisor {
namespace {

constexpr std::int64_t kPingsInTime = 4;
constexpr std::size_t kMaxStatusText = 512;

std::optional<std::int64_t> NumberOf(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  const std::string_view digits(text);
  std::int64_t number = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

// One datagram to the socket named in NOTIFY_SOCKET; a leading @ means the abstract namespace.
void NotifySystemd(const std::string& state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
      std::strlen(path) >= sizeof address.sun_path)
    return;
  const std::size_t length = std::strlen(path);
  std::memcpy(address.sun_path, path, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return;
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
           reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

std::string RolesText(const std::list<RoleRun>& roles) {
  std::string text;
  for (const RoleRun& role : roles) {
    if (!text.empty()) text += ", ";
    text += NameOf(role) + " " + StateName(role.state);
    if (role.state != RoleState::kReady && !role.complaint.empty()) text += ": " + role.complaint;
  }
  return base::EscapeLine(text, kMaxStatusText);
}

Watchdog Watchdog::FromEnvironment() {
  Watchdog watchdog;
  const auto pid = NumberOf("WATCHDOG_PID");
  const auto micros = NumberOf("WATCHDOG_USEC");
  const bool others = std::getenv("WATCHDOG_PID") != nullptr && pid != ::getpid();
  if (others || !micros || *micros <= 0) return watchdog;
  watchdog.interval_millis_ = std::max<std::int64_t>(1, *micros / 1000 / kPingsInTime);
  watchdog.next_ = base::Deadline::AfterMillis(watchdog.interval_millis_);
  return watchdog;
}

void Watchdog::Tick(RoleRun& front) {
  if (!next_.Expired()) return;
  next_ = base::Deadline::AfterMillis(interval_millis_);
  if (front.state == RoleState::kReady) {
    if (front.asked) {
      base::LogWarning(front.spec.name + " does not answer: no ping to the watchdog");
      return;
    }
    process::Frame request;
    request.type = process::FrameType::kStatusRequest;
    front.asked = process::TrySendFrame(front.control.get(), request).ok();
    if (!front.asked) return;
  }
  NotifySystemd("WATCHDOG=1");
}

void Watchdog::Say(const std::string& text) {
  if (text == said_) return;
  said_ = text;
  NotifySystemd("STATUS=" + text);
}

void NotifyStopping(std::int64_t millis) {
  NotifySystemd(base::Format("STOPPING=1\nSTATUS=stopping\nWATCHDOG_USEC={}", millis * 1000));
}

}  // namespace lazaret::supervisor
