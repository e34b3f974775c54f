#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/fd.h"
#include "tests/support/catch.h"

namespace lazaret::base {
namespace {

constexpr int kLines = 20'000;
constexpr std::int64_t kQuick = 20'000;  // milliseconds; a blocked write waits for ever

struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    read_end.Reset(ends[0]);
    write_end.Reset(ends[1]);
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

bool Readable(int fd, std::int64_t millis) {
  pollfd wait{fd, POLLIN, 0};
  return poll(&wait, 1, static_cast<int>(millis)) == 1;
}

// Logs into a pipe nobody reads, says so, and ends once it could write everything out.
[[noreturn]] void RunChild(const Pipe& log, const Pipe& said) {
  dup2(log.write_end.get(), STDERR_FILENO);
  InitLog("test", LogTarget::kStderr, LogLevel::kInfo);
  StartLogWriter();
  for (int i = 0; i < kLines; ++i) LogInfo("line " + std::to_string(i));
  const bool flushed = FlushLog(Deadline::AfterMillis(50));
  const bool dropped = LogLinesDropped() > 0;
  if (!WriteAll(said.write_end.get(), !flushed && dropped ? "y" : "n").ok()) _exit(2);
  _exit(FlushLog(Deadline::AfterMillis(kQuick)) ? 0 : 3);
}

TEST_CASE("log: a reader that stands still blocks no caller, and what is lost is said") {
  Pipe log;
  Pipe said;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) RunChild(log, said);
  said.write_end.Reset();
  log.write_end.Reset();
  REQUIRE(Readable(said.read_end.get(), kQuick));
  char answer = 0;
  REQUIRE(read(said.read_end.get(), &answer, 1) == 1);
  CHECK(answer == 'y');
  std::string text;
  char buffer[65536];
  while (Readable(log.read_end.get(), kQuick)) {
    const ssize_t got = read(log.read_end.get(), buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  CHECK(text.find("line 0\n") != std::string::npos);
  CHECK(text.find("log lines dropped") != std::string::npos);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace lazaret::base
