#include "app/process/frames.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/bytes.h"

namespace lazaret::process {

using base::ErrnoError;
using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;
using base::UniqueFd;

namespace {

bool IsKnown(std::uint16_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kGenerationHello:
    case FrameType::kWorkerReady:
    case FrameType::kWorkerGone:
    case FrameType::kNotReady:
    case FrameType::kGenerationReady:
    case FrameType::kArm:
    case FrameType::kDisarm:
    case FrameType::kKill:
    case FrameType::kRetire:
    case FrameType::kJob:
    case FrameType::kResult:
    case FrameType::kRoleReady:
    case FrameType::kStatusRequest:
    case FrameType::kStatusReply:
    case FrameType::kDrain:
    case FrameType::kReload:
    case FrameType::kReloadReply:
    case FrameType::kInForce:
    case FrameType::kEngineLoaded:
    case FrameType::kKeepSnapshots:
    case FrameType::kWorkerUp:
    case FrameType::kWorkerFailed:
    case FrameType::kControlRequest:
    case FrameType::kControlReply:
      return true;
  }
  return false;
}

template <std::size_t N>
void CopyInto(std::array<std::uint8_t, N>& out, std::string_view bytes) {
  if (bytes.size() == N) std::memcpy(out.data(), bytes.data(), N);
}

template <std::size_t N>
std::string_view View(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

void TakeDescriptors(msghdr& message, std::vector<UniqueFd>& out) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      out.emplace_back(fd);
    }
  }
}

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::kInvalid, path + ": a socket path holds 1 to 107 bytes"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// Waits for data; kTimeout when the deadline comes first.
Status WaitReadable(int socket, base::Deadline deadline) {
  for (;;) {
    pollfd entry{socket, POLLIN, 0};
    const int ready = ::poll(&entry, 1, deadline.PollMillis());
    if (ready > 0) return base::Ok();
    if (ready == 0 && deadline.Expired())
      return Error{ErrorCode::kTimeout, "frame: no answer in time"};
    if (ready < 0 && errno != EINTR) return ErrnoError("poll");
  }
}

}  // namespace

std::string EncodeFrame(const Frame& frame) {
  base::ByteWriter out;
  out.U32(kFrameMagic);
  out.U16(kFrameVersion);
  out.U16(static_cast<std::uint16_t>(frame.type));
  out.U32(static_cast<std::uint32_t>(frame.payload.size()));
  out.U32(0);
  out.Raw(View(frame.uid));
  out.Raw(View(frame.generation));
  out.U64(frame.nonce);
  out.Raw(frame.payload);
  return out.Take();
}

Result<Frame> DecodeFrame(std::string_view bytes) {
  base::ByteReader in(bytes);
  Frame frame;
  const std::uint32_t magic = in.U32();
  const std::uint16_t version = in.U16();
  const std::uint16_t type = in.U16();
  const std::uint32_t length = in.U32();
  const std::uint32_t reserved = in.U32();
  CopyInto(frame.uid, in.Raw(frame.uid.size()));
  CopyInto(frame.generation, in.Raw(frame.generation.size()));
  frame.nonce = in.U64();
  if (!in.ok() || magic != kFrameMagic) return Error{ErrorCode::kInvalid, "frame: not one of ours"};
  if (version != kFrameVersion) return Error{ErrorCode::kInvalid, "frame: unknown version"};
  if (!IsKnown(type)) return Error{ErrorCode::kInvalid, "frame: unknown type"};
  if (reserved != 0 || length != in.remaining())
    return Error{ErrorCode::kInvalid, "frame: wrong length"};
  frame.type = static_cast<FrameType>(type);
  frame.payload = std::string(in.Raw(length));
  return frame;
}

namespace {

Error SendError(int error_number) {
  Error error = ErrnoError("sending a frame", error_number);
  switch (error_number) {
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      error.code = ErrorCode::kUnavailable;
      return error;
    case EAGAIN:
      error.code = ErrorCode::kTimeout;
      return error;
    case ENOBUFS:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ETOOMANYREFS:
      error.code = ErrorCode::kLimit;
      return error;
    default:
      error.code = ErrorCode::kInternal;
      return error;
  }
}

Status Send(int socket, const Frame& frame, const std::vector<int>& fds, int flags) {
  const std::string bytes = EncodeFrame(frame);
  if (bytes.size() > kMaxFrameBytes) return Error{ErrorCode::kLimit, "frame: larger than 64 KiB"};
  if (fds.size() > kMaxFrameFds) return Error{ErrorCode::kLimit, "frame: too many descriptors"};
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFrameFds)] = {};
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(c), fds.data(), sizeof(int) * fds.size());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | flags) >= 0) return base::Ok();
    if (errno != EINTR) return SendError(errno);
  }
}

}  // namespace

Status SendFrame(int socket, const Frame& frame, const std::vector<int>& fds) {
  return Send(socket, frame, fds, 0);
}

Status TrySendFrame(int socket, const Frame& frame, const std::vector<int>& fds) {
  return Send(socket, frame, fds, MSG_DONTWAIT);
}

Result<Frame> ReceiveFrame(int socket, base::Deadline deadline) {
  LAZARET_TRY(WaitReadable(socket, deadline));
  std::string buffer(kMaxFrameBytes + 1, '\0');
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFrameFds)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return ErrnoError("receiving a frame");
  std::vector<UniqueFd> fds;
  TakeDescriptors(message, fds);
  if (got == 0) return Error{ErrorCode::kUnavailable, "closed"};
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    // With room left in the buffer it was this process that had no descriptor free.
    const bool shortage = (message.msg_flags & MSG_TRUNC) == 0 && fds.size() < kMaxFrameFds;
    return shortage ? Error{ErrorCode::kLimit, "frame: no descriptor is free to receive it"}
                    : Error{ErrorCode::kInvalid, "frame: cut"};
  }
  LAZARET_ASSIGN(Frame frame,
                 DecodeFrame(std::string_view(buffer).substr(0, static_cast<std::size_t>(got))));
  frame.fds = std::move(fds);
  return frame;
}

Result<std::pair<UniqueFd, UniqueFd>> SeqpacketPair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return ErrnoError("socketpair");
  return std::pair<UniqueFd, UniqueFd>(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<UniqueFd> ConnectSeqpacket(const std::string& path) {
  LAZARET_ASSIGN(const sockaddr_un address, AddressOf(path));
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoError("socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return ErrnoError(path);
  }
  return fd;
}

Result<UniqueFd> ListenSeqpacket(const std::string& path, unsigned mode) {
  LAZARET_ASSIGN(const sockaddr_un address, AddressOf(path));
  if (ConnectSeqpacket(path).ok()) {
    return Error{ErrorCode::kUnavailable, path + ": another process listens here"};
  }
  ::unlink(path.c_str());
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoError("socket");
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), 16) != 0) {
    return ErrnoError(path);
  }
  return fd;
}

Result<PeerCredentials> PeerOf(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return ErrnoError("SO_PEERCRED");
  return PeerCredentials{peer.pid, peer.uid, peer.gid};
}

}  // namespace lazaret::process
