#include "app/analyzer/gentle.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/catch.h"

namespace lazaret::analyzer {
namespace {

int NiceOfCaller() {
  errno = 0;
  const int value = ::getpriority(PRIO_PROCESS, 0);
  REQUIRE(errno == 0);
  return value;
}

TEST_CASE("gentle: the work alone runs at a low priority, and its answer comes back") {
  const int before = NiceOfCaller();
  int during = 0;
  const base::Status done = RunGently([&]() -> base::Status {
    during = ::getpriority(PRIO_PROCESS, 0);
    return base::Error{base::ErrorCode::kInvalid, "why"};
  });
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().text == "why");
  CHECK(during >= 10);
  CHECK(during > before);
  CHECK(NiceOfCaller() == before);
  CHECK(RunGently([] { return base::Ok(); }).ok());
}

TEST_CASE("gentle: the peak of memory is at least what is in use") {
  const std::string block(32U << 20, 'x');
  CHECK(PeakMemoryBytes() > block.size());
}

}  // namespace
}  // namespace lazaret::analyzer
