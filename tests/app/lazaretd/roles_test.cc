#include "app/lazaretd/roles.h"

#include "tests/support/catch.h"

namespace lazaret::supervisor {
namespace {

constexpr base::Nanoseconds kMilli = 1'000'000;
constexpr base::Nanoseconds kStart = 1'000'000 * kMilli;

// Ends at these times, each life short.
RoleRun EndedAt(const std::vector<std::int64_t>& millis) {
  RoleRun role;
  role.spec.name = "front";
  role.complaint = "disk full";
  for (const std::int64_t at : millis) {
    role.started = kStart + (at - 1) * kMilli;
    PlanRestart(role, kStart + at * kMilli);
  }
  return role;
}

std::vector<std::int64_t> Times(std::size_t count, std::int64_t apart) {
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < count; ++i) times.push_back(static_cast<std::int64_t>(i) * apart);
  return times;
}

TEST_CASE("roles: one end below the crash-loop limit starts again, at and above it never") {
  const RoleRun below = EndedAt(Times(kCrashLoopEnds - 1, 5'000));
  CHECK_FALSE(below.next_start.never());
  CHECK(below.complaint == "disk full");
  for (const std::size_t count : {kCrashLoopEnds, kCrashLoopEnds + 1}) {
    const RoleRun role = EndedAt(Times(count, 5'000));
    CHECK(role.next_start.never());
    CHECK_FALSE(role.next_start.Expired());
    CHECK(role.state == RoleState::kDown);
    CHECK(role.restarts == count);
    CHECK(role.complaint.find("20 times within 10 minutes") != std::string::npos);
    CHECK(role.complaint.find("disk full") != std::string::npos);
    CHECK(role.complaint.find("restart lazaretd") != std::string::npos);
  }
}

TEST_CASE("roles: ends count for the time of the crash-loop limit and no longer") {
  std::vector<std::int64_t> times = Times(kCrashLoopEnds - 1, 1);
  times.push_back(kCrashLoopMillis);  // the first is just old enough to count
  CHECK(EndedAt(times).next_start.never());
  times.back() = kCrashLoopMillis + 1;
  CHECK_FALSE(EndedAt(times).next_start.never());
}

TEST_CASE("roles: a role that ends once a minute is always started again, and keeps no old ends") {
  const RoleRun role = EndedAt(Times(1'000, 60'000));
  CHECK_FALSE(role.next_start.never());
  CHECK(role.ends.size() <= kCrashLoopEnds);
  CHECK(role.restarts == 1'000);
}

TEST_CASE("roles: the pause grows with short lives up to 5 s and is gone after a long one") {
  RoleRun role;
  base::Nanoseconds now = kStart;
  for (const std::int64_t pause : {200, 400, 800, 1'600, 3'200, 5'000, 5'000}) {
    role.started = now;
    PlanRestart(role, now);
    CHECK(role.backoff_millis == pause);
    CHECK(role.next_start.monotonic() == now + pause * kMilli);
    now += pause * kMilli;
  }
  role.started = now;
  PlanRestart(role, now + 30'001 * kMilli);
  CHECK(role.backoff_millis == 0);
}

}  // namespace
}  // namespace lazaret::supervisor
