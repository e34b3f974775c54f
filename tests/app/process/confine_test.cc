#include "app/process/confine.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/process/confine_steps.h"
#include "base/fd.h"
#include "tests/support/catch.h"

using namespace lazaret;

namespace {

// Says what Confine answers in a child that may make no user namespaces.
std::string AnswerWithoutNamespaces(const process::ConfineOptions& options) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const base::Status entered = process::EnterNamespaces();
    const base::UniqueFd limit(::open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC));
    std::string text = entered.ok() ? "no limit" : entered.error().text;
    if (limit.valid() && ::write(limit.get(), "0", 1) == 1) {
      const auto box = process::Confine(options);
      text = box.ok() ? std::string(process::Name(box->level)) : box.error().text;
    }
    ::_exit(base::WriteAll(ends[1], text).ok() ? 0 : 1);
  }
  ::close(ends[1]);
  char text[4096];
  const ssize_t got = ::read(ends[0], text, sizeof text);
  ::close(ends[0]);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
  REQUIRE(got > 0);
  return std::string(text, static_cast<std::size_t>(got));
}

}  // namespace

TEST_CASE("confine: a refusal names both ways out", "[app][confine]") {
  const std::string answer = AnswerWithoutNamespaces({});
  CAPTURE(answer);
  CHECK(answer.find("confinement: user namespaces are refused") == 0);
  CHECK(answer.find("users.scan empty") != std::string::npos);
  CHECK(answer.find("confine.level: reduced") != std::string::npos);
}

TEST_CASE("confine: the reduced level needs a folder of its own", "[app][confine]") {
  process::ConfineOptions options;
  options.policy = process::ConfinePolicy::kReducedAllowed;
  const std::string answer = AnswerWithoutNamespaces(options);
  CAPTURE(answer);
  CHECK(answer.find("no folder for temporary files") != std::string::npos);
}
