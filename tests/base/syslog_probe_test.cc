#include "base/syslog_probe.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/fd.h"
#include "tests/support/catch.h"

namespace lazaret::base {
namespace {

UniqueFd ListenAt(const std::string& path, int type) {
  UniqueFd fd(::socket(AF_UNIX, type, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(fd.get(), 1) == 0);
  return fd;
}

TEST_CASE("syslog: nobody there, a file in its place and a socket left behind are said") {
  char folder[] = "/tmp/syslog-probe-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/log";
  CHECK(SyslogProblem(path) == path + ": No such file or directory");
  for (const int type : {SOCK_DGRAM, SOCK_STREAM}) {
    {
      const UniqueFd listener = ListenAt(path, type);
      CHECK(SyslogProblem(path).empty());
    }
    CHECK(SyslogProblem(path) == path + ": Connection refused");
    std::filesystem::remove(path);
  }
  std::ofstream(path) << "no socket";
  CHECK(SyslogProblem(path) == path + ": Connection refused");
  CHECK(SyslogProblem(std::string(200, 'x')) == std::string(200, 'x') + ": too long for a socket");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lazaret::base
