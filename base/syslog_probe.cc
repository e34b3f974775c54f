#include "base/syslog_probe.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/result.h"

namespace lazaret::base {

std::string SyslogProblem(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return path + ": too long for a socket";
  std::memcpy(address.sun_path, path.data(), path.size());
  // As syslog(3): a stream where it is no datagram socket.
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    const UniqueFd probe(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe.valid()) return ErrnoError("socket").text;
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return {};
    if (errno != EPROTOTYPE) break;
  }
  return ErrnoError(path).text;
}

}  // namespace lazaret::base
