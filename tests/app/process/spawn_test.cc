#include "app/process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::process;

namespace {

// Runs a shell line in a spawned child; gives what it printed.
std::string Output(const std::string& line, const std::vector<int>& fds, int* code = nullptr) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  SpawnOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", line};
  options.fds = fds;
  options.standard_output = write_end.get();
  auto child = Spawn(options);
  REQUIRE(child.ok());
  write_end.Reset();
  std::string out;
  char chunk[4096];
  for (ssize_t got = ::read(ends[0], chunk, sizeof chunk); got > 0;
       got = ::read(ends[0], chunk, sizeof chunk)) {
    out.append(chunk, static_cast<std::size_t>(got));
  }
  const auto status = WaitChild(*child, base::Deadline::AfterMillis(10'000));
  REQUIRE(status.has_value());
  if (code != nullptr) *code = WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  return out;
}

}  // namespace

TEST_CASE("spawn: descriptors arrive at 3 and up, nothing else is open", "[app][spawn]") {
  auto a = base::SealedMemfd("a", "first");
  auto b = base::SealedMemfd("b", "second");
  REQUIRE((a.ok() && b.ok()));
  CHECK(Output("cat /proc/self/fd/3 /proc/self/fd/4", {a->get(), b->get()}) == "firstsecond");
  CHECK(Output("cat /proc/self/fd/3 /proc/self/fd/4", {b->get(), a->get()}) == "secondfirst");
  // ls itself opens one more to read the folder.
  CHECK(Output("ls /proc/self/fd | tr '\\n' ' '", {a->get()}) == "0 1 2 3 4 ");
}

TEST_CASE("spawn: the environment is the fixed one", "[app][spawn]") {
  CHECK(Output("echo $LC_ALL $TZ ${HOME:-none}", {}) == "C.UTF-8 UTC0 none\n");
}

TEST_CASE("spawn: a missing program is an error that names it", "[app][spawn]") {
  SpawnOptions options;
  options.program = "/nonexistent/program";
  const auto child = Spawn(options);
  REQUIRE_FALSE(child.ok());
  CHECK(child.error().text.find("/nonexistent/program") == 0);
}

TEST_CASE("spawn: a running child is waited for until the deadline and can be ended",
          "[app][spawn]") {
  SpawnOptions options;
  options.program = "/bin/sleep";
  options.arguments = {"1000"};
  auto child = Spawn(options);
  REQUIRE(child.ok());
  CHECK_FALSE(WaitChild(*child, base::Deadline::AfterMillis(10)).has_value());
  SignalChild(*child, SIGKILL);
  const auto status = WaitChild(*child, base::Deadline::AfterMillis(10'000));
  REQUIRE(status.has_value());
  CHECK(ExitText(*status) == "signal 9");
}

TEST_CASE("spawn: an unknown user is an error, no user means no change", "[app][spawn]") {
  CHECK_FALSE(FindUser("no-such-user-here").ok());
  const auto none = FindUser("");
  REQUIRE(none.ok());
  CHECK_FALSE(none->has_value());
}
