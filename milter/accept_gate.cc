#include "milter/accept_gate.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>

namespace lazaret::milter {
namespace {

// libmilter's listener lock is held while we wait: a stop must not wait for long.
constexpr int kStepMillis = 20;
constexpr std::int64_t kSettleMillis = 50;

std::atomic<AcceptGate*> g_gate = nullptr;

// The negotiation is 13 bytes, with macro lists a few hundred: a longer first packet is no MTA's.
constexpr std::uint64_t kMaxFirstPacket = 4096;

// The process's own descriptors: log, sockets of roles and workers, epoll and event descriptors.
constexpr rlim_t kOwnDescriptors = 32;
constexpr rlim_t kLeastForMessages = 16;
// A session has one, and two more while its message is looked at: the kernel gives the lowest free
// number, so a number above this says how many are in use.
constexpr rlim_t kDescriptorsOfSession = 3;

int MostDescriptor() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return INT_MAX;
  const rlim_t all = std::max(limit.rlim_cur, kLeastForMessages);
  const rlim_t most =
      std::min(kOwnDescriptors + all / kDescriptorsOfSession, all - kLeastForMessages);
  return static_cast<int>(std::min<rlim_t>(most, INT_MAX));
}

base::UniqueFd NewSpare() { return base::UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool NoDescriptor(int error_number) { return error_number == EMFILE || error_number == ENFILE; }

enum class First { kPartial, kWhole, kClosed, kBad };

First LookAtFirst(int fd) {
  unsigned char head[4];
  const ssize_t got = recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0) return First::kClosed;
  if (got < 0) return errno == EAGAIN || errno == EINTR ? First::kPartial : First::kClosed;
  if (got != sizeof head) return First::kPartial;
  const std::uint64_t size = (std::uint64_t{head[0]} << 24) | (std::uint64_t{head[1]} << 16) |
                             (std::uint64_t{head[2]} << 8) | head[3];
  if (size == 0 || size > kMaxFirstPacket) return First::kBad;
  int there = 0;
  if (ioctl(fd, FIONREAD, &there) != 0) return First::kClosed;
  return static_cast<std::uint64_t>(there) >= 4 + size ? First::kWhole : First::kPartial;
}

}  // namespace

void AcceptGate::Install() {
  thread_ = pthread_self();
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  spare_ = NewSpare();
  most_descriptor_ = MostDescriptor();
  if (epoll_.get() >= 0) g_gate = this;
}

void AcceptGate::Watch(int listener) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  // EEXIST from the second call on.
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener, &event);
}

void AcceptGate::CloseOldest() {
  const auto oldest = std::min_element(
      waiting_.begin(), waiting_.end(),
      [](const auto& a, const auto& b) { return a.second.closes < b.second.closes; });
  waiting_.erase(oldest);
  core_.counters.Add("half_open_peers_closed_total");
}

// A peer counts once it has been silent for a moment: the waker's connections come and go, and must
// not push out others. A flood within that moment is stopped at twice the limit.
void AcceptGate::KeepLimit() {
  const std::size_t limit = core_.options.half_open_peers;
  const base::Nanoseconds settled =
      base::MonotonicNow() + (core_.options.half_open_seconds * 1000LL - kSettleMillis) * 1'000'000;
  const auto silent = std::count_if(waiting_.begin(), waiting_.end(), [settled](const auto& peer) {
    return peer.second.closes <= settled;
  });
  for (auto over = static_cast<std::size_t>(silent); over > limit; --over) CloseOldest();
  while (waiting_.size() > 2 * limit) CloseOldest();
}

void AcceptGate::RefuseOne(int listener) {
  core_.counters.Add("connections_refused_total");
  spare_.Reset();
  base::UniqueFd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)).Reset();
  spare_ = NewSpare();
  // Another thread took what was given up: what waits is refused a moment later.
  if (!spare_.valid()) usleep(kStepMillis * 1000);
}

// The new connection's descriptor when it can be handed on at once, else -1.
int AcceptGate::TakeNew(int listener) {
  Peer peer;
  peer.length = sizeof peer.address;
  auto* address = reinterpret_cast<sockaddr*>(&peer.address);
  const int fd = accept4(listener, address, &peer.length, 0);
  if (fd < 0) {
    if (NoDescriptor(errno)) RefuseOne(listener);
    return -1;
  }
  peer.fd.Reset(fd);
  if (IsShort(fd)) {
    core_.counters.Add("connections_refused_total");
    if (!waiting_.empty()) CloseOldest();
    return -1;
  }
  const First first = LookAtFirst(fd);
  if (first == First::kBad) return -1;
  peer.closes = base::MonotonicNow() + core_.options.half_open_seconds * 1'000'000'000LL;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return -1;
  waiting_[fd] = std::move(peer);
  return first == First::kPartial ? -1 : fd;
}

// Whether a waiting peer can be handed on; one that cannot be an MTA is closed.
bool AcceptGate::IsReady(const epoll_event& event) {
  const auto found = waiting_.find(event.data.fd);
  if (found == waiting_.end()) return false;
  if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return true;
  const First first = LookAtFirst(event.data.fd);
  if (first == First::kBad) waiting_.erase(found);
  return first == First::kWhole || first == First::kClosed;
}

void AcceptGate::CloseLate() {
  const base::Nanoseconds now = base::MonotonicNow();
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    if (next->second.closes > now) {
      ++next;
      continue;
    }
    next = waiting_.erase(next);
    core_.counters.Add("half_open_peers_closed_total");
  }
}

int AcceptGate::HandOn(int fd, sockaddr* address, socklen_t* length) {
  const auto found = waiting_.find(fd);
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  Peer peer = std::move(found->second);
  waiting_.erase(found);
  if (address != nullptr && length != nullptr) {
    std::memcpy(address, &peer.address, std::min(*length, peer.length));
    *length = peer.length;
  }
  return peer.fd.Release();
}

int AcceptGate::Accept(int listener, sockaddr* address, socklen_t* length) {
  core_.Accepts();
  Watch(listener);
  do {
    epoll_event event{};
    const int got = epoll_wait(epoll_.get(), &event, 1, kStepMillis);
    CloseLate();
    KeepLimit();
    if (got != 1) continue;
    const int ready = event.data.fd == listener ? TakeNew(listener)
                      : IsReady(event)          ? event.data.fd
                                                : -1;
    if (ready < 0) continue;
    const int fd = HandOn(ready, address, length);
    has_waiting_ = !waiting_.empty();
    return fd;
  } while (!waiting_.empty() && !core_.stopping());
  has_waiting_ = !waiting_.empty();
  errno = EINTR;
  return -1;
}

}  // namespace lazaret::milter

extern "C" __attribute__((visibility("default"))) int accept(int fd, sockaddr* address,
                                                             socklen_t* length) {
  lazaret::milter::AcceptGate* gate = lazaret::milter::g_gate;
  if (gate == nullptr || !gate->OnItsThread()) return accept4(fd, address, length, 0);
  try {
    return gate->Accept(fd, address, length);
  } catch (...) {
    // No memory for one peer more: libmilter asks again after an interruption.
    gate->MayHaveWaiting();
    errno = EINTR;
    return -1;
  }
}

// libmilter's own thread waits for HUP, TERM and INT and stops the filter when it gets one, before
// the front has answered what is in work. Signals are the front's alone: that thread never gets
// one. Blocking them everywhere is not enough, for sigwait takes what the main thread does not take
// at once.
extern "C" __attribute__((visibility("default"))) int sigwait(const sigset_t*, int*) {
  for (;;) pause();
}
