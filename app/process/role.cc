#include "app/process/role.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <clocale>
#include <csignal>

#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/log.h"

namespace lazaret::process {
namespace {

constexpr std::size_t kMaxConfigBytes = 4U << 20;
constexpr std::size_t kMaxReasonBytes = 4096;
constexpr std::size_t kMaxBundleBytes = 256U << 20;

base::LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return base::LogLevel::kDebug;
  if (name == "warning") return base::LogLevel::kWarning;
  if (name == "error") return base::LogLevel::kError;
  return base::LogLevel::kInfo;
}

bool IsSocket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_SEQPACKET;
}

Frame TextFrame(FrameType type, const std::string& text) {
  Frame frame;
  frame.type = type;
  base::ByteWriter out;
  out.String(text);
  frame.payload = out.Take();
  return frame;
}

}  // namespace

base::Result<std::unique_ptr<Role>> Role::Start(const std::string& name) {
  if (std::setlocale(LC_ALL, "C.UTF-8") == nullptr) {
    return base::Error{base::ErrorCode::kInvalid, name + ": the locale C.UTF-8 is missing"};
  }
  // Whoever reads our log may go away; mail goes on.
  std::signal(SIGPIPE, SIG_IGN);
  if (!IsSocket(kControlFd)) {
    return base::Error{base::ErrorCode::kInvalid, name + ": is started by lazaretd, not by hand"};
  }
  std::unique_ptr<Role> role(new Role());
  role->control_ = base::UniqueFd(kControlFd);
  ::fcntl(kControlFd, F_SETFD, FD_CLOEXEC);
  const base::UniqueFd config_fd(kConfigFd);
  const base::UniqueFd bundle_fd(kBundleFd);
  LAZARET_ASSIGN(const std::string config_bytes,
                 base::ReadFdWhole(kConfigFd, kMaxConfigBytes, "configuration"));
  LAZARET_ASSIGN(role->config_, config::DecodeConfig(config_bytes));
  LAZARET_ASSIGN(const std::string bundle_bytes,
                 base::ReadFdWhole(kBundleFd, kMaxBundleBytes, "generation bundle"));
  LAZARET_ASSIGN(role->bundle_, config::DecodeBundle(bundle_bytes));
  base::InitLog(
      name,
      role->config_.log.target == "syslog" ? base::LogTarget::kSyslog : base::LogTarget::kStderr,
      LevelOf(role->config_.log.level));
  return role;
}

void Role::Tell(FrameType type, const std::string& text) {
  if (!control_.valid()) return;
  const base::Status sent =
      SendFrame(control_.get(), TextFrame(type, text.substr(0, kMaxReasonBytes)));
  if (!sent.ok()) base::LogWarning("supervisor: " + sent.error().text);
}

bool Role::HandleControl(const std::function<std::string()>& status,
                         const std::function<void(std::uint32_t)>& drain) {
  auto frame = ReceiveFrame(control_.get(), base::Deadline::AfterMillis(0));
  if (!frame.ok()) return frame.error().code == base::ErrorCode::kTimeout;
  if (frame->type == FrameType::kStatusRequest) {
    const base::Status sent =
        SendFrame(control_.get(), TextFrame(FrameType::kStatusReply, status()));
    if (!sent.ok()) base::LogWarning("supervisor: " + sent.error().text);
  } else if (frame->type == FrameType::kDrain && drain) {
    base::ByteReader in(frame->payload);
    drain(in.U32());
  } else if (other_) {
    reload_nonce_ = frame->nonce;
    other_(std::move(frame).value());
  }
  return true;
}

void Role::ReplyToReload(bool ok, const std::string& text) {
  Frame frame;
  frame.type = FrameType::kReloadReply;
  frame.nonce = reload_nonce_;
  base::ByteWriter out;
  out.U8(ok ? 1 : 0);
  out.String(text.substr(0, kMaxReasonBytes));
  frame.payload = out.Take();
  const base::Status sent = SendFrame(control_.get(), frame);
  if (!sent.ok()) base::LogWarning("supervisor: " + sent.error().text);
}

base::Result<config::GenerationBundle> BundleOf(const Frame& frame) {
  if (frame.fds.size() != 1)
    return base::Error{base::ErrorCode::kInvalid, "reload: no generation bundle came along"};
  LAZARET_ASSIGN(const std::string bytes,
                 base::ReadFdWhole(frame.fds[0].get(), kMaxBundleBytes, "generation bundle"));
  return config::DecodeBundle(bytes);
}

int RunStatusOnlyRole(const std::string& name) {
  auto role = Role::Start(name);
  if (!role.ok()) {
    base::LogError(role.error().text);
    return 2;
  }
  (*role)->Tell(FrameType::kRoleReady, "");
  const std::string status = R"({"role":")" + name.substr(name.find('-') + 1) + R"("})";
  for (;;) {
    pollfd entry{(*role)->control(), POLLIN, 0};
    if (::poll(&entry, 1, -1) <= 0) continue;
    if (!(*role)->HandleControl([&status] { return status; })) return 0;
  }
}

}  // namespace lazaret::process
