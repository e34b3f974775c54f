#include "milter/waker.h"

#include <netdb.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>

#include "base/fd.h"
#include "base/format.h"

namespace lazaret::milter {
namespace {

constexpr std::chrono::milliseconds kPeriod(25);
constexpr std::string_view kUnixPrefix = "unix:";

base::Error NoAddress(const std::string& listen) {
  return {base::ErrorCode::kInvalid, base::Format("milter.listen {}: no address", listen)};
}

// "inet:PORT@HOST" and "inet6:PORT@HOST"; no host = any, reached through loopback.
base::Result<std::string> Resolve(const std::string& listen) {
  const std::size_t colon = listen.find(':');
  if (colon == std::string::npos) return NoAddress(listen);
  const std::size_t at = listen.find('@', colon);
  const std::string port = listen.substr(colon + 1, at == std::string::npos ? at : at - colon - 1);
  const std::string host = at == std::string::npos ? "" : listen.substr(at + 1);
  addrinfo hints{};
  hints.ai_family = listen.rfind("inet6:", 0) == 0 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &hints, &found) != 0) {
    return NoAddress(listen);
  }
  std::string bytes(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen);
  freeaddrinfo(found);
  return bytes;
}

}  // namespace

base::Status Waker::Start(const std::string& listen, std::function<bool()> needed) {
  if (listen.rfind(kUnixPrefix, 0) == 0) {
    const std::string path = listen.substr(kUnixPrefix.size());
    auto* local = reinterpret_cast<sockaddr_un*>(&address_);
    if (path.size() >= sizeof local->sun_path) return NoAddress(listen);
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
    address_bytes_ = sizeof *local;
  } else {
    LAZARET_ASSIGN(const std::string bytes, Resolve(listen));
    std::memcpy(&address_, bytes.data(), bytes.size());
    address_bytes_ = static_cast<socklen_t>(bytes.size());
  }
  // Start and Stop come from different threads.
  const std::lock_guard lock(mutex_);
  needed_ = std::move(needed);
  if (!stop_) thread_ = std::thread([this] { Run(); });
  return base::Ok();
}

void Waker::Stop() {
  std::thread running;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    running.swap(thread_);
  }
  changed_.notify_all();
  if (running.joinable()) running.join();
}

void Waker::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPeriod, [this] { return stop_; })) {
    lock.unlock();
    if (needed_()) Touch();
    lock.lock();
  }
}

// A full backlog or a filter that is stopping fails the connect, which is fine.
void Waker::Touch() const {
  const base::UniqueFd fd(
      socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return;
  (void)connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), address_bytes_);
}

}  // namespace lazaret::milter
