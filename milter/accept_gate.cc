#include "milter/accept_gate.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace lazaret::milter {
namespace {

// libmilter's listener lock is held while we wait: a stop must not wait for long.
constexpr int kStepMillis = 20;

std::atomic<AcceptGate*> g_gate = nullptr;

bool HasWholePacket(int fd) {
  unsigned char head[4];
  if (recv(fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT) != sizeof head) return false;
  const std::uint64_t size = (std::uint64_t{head[0]} << 24) | (std::uint64_t{head[1]} << 16) |
                             (std::uint64_t{head[2]} << 8) | head[3];
  int there = 0;
  return ioctl(fd, FIONREAD, &there) == 0 && static_cast<std::uint64_t>(there) >= 4 + size;
}

}  // namespace

void AcceptGate::Install() {
  thread_ = pthread_self();
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (epoll_.get() >= 0) g_gate = this;
}

void AcceptGate::Watch(int listener) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  // EEXIST from the second call on.
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener, &event);
}

void AcceptGate::TakeNew(int listener) {
  Peer peer;
  peer.length = sizeof peer.address;
  auto* address = reinterpret_cast<sockaddr*>(&peer.address);
  const int fd = accept4(listener, address, &peer.length, 0);
  if (fd < 0) return;
  peer.fd.Reset(fd);
  if (waiting_.size() >= core_.options.half_open_peers) {
    const auto oldest = std::min_element(
        waiting_.begin(), waiting_.end(),
        [](const auto& a, const auto& b) { return a.second.closes < b.second.closes; });
    waiting_.erase(oldest);
    core_.counters.Add("half_open_peers_closed_total");
  }
  peer.closes = base::MonotonicNow() + core_.options.half_open_seconds * 1'000'000'000LL;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  event.data.fd = fd;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) waiting_[fd] = std::move(peer);
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
  Watch(listener);
  do {
    epoll_event event{};
    const int got = epoll_wait(epoll_.get(), &event, 1, kStepMillis);
    CloseLate();
    if (got == 1 && event.data.fd == listener) {
      TakeNew(listener);
    } else if (got == 1 && waiting_.count(event.data.fd) != 0 &&
               ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ||
                HasWholePacket(event.data.fd))) {
      return HandOn(event.data.fd, address, length);
    }
  } while (!waiting_.empty() && !core_.stopping());
  errno = EINTR;
  return -1;
}

}  // namespace lazaret::milter

extern "C" __attribute__((visibility("default"))) int accept(int fd, sockaddr* address,
                                                             socklen_t* length) {
  lazaret::milter::AcceptGate* gate = lazaret::milter::g_gate;
  if (gate != nullptr && gate->OnItsThread()) return gate->Accept(fd, address, length);
  return accept4(fd, address, length, 0);
}
