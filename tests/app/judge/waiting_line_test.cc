#include "app/judge/waiting_line.h"

#include "tests/support/catch.h"

using namespace lazaret;
using judge::LineLimits;
using judge::WaitingLine;

namespace {
constexpr base::Nanoseconds kMilli = 1'000'000;
}  // namespace

TEST_CASE("waiting line: a small message goes before a large one that came in soon before",
          "[app][judge]") {
  WaitingLine line({});
  const auto large = line.NewEntry(0, 1U << 20);
  const auto small = line.NewEntry(500 * kMilli, 2048);
  line.Add(large);
  CHECK(line.IsFirst(large));
  line.Add(small);
  CHECK(line.IsFirst(small));
  line.Remove(small);
  CHECK(line.IsFirst(large));
  CHECK(line.bytes() == 1U << 20);
}

TEST_CASE("waiting line: messages of one size go in the order they came", "[app][judge]") {
  WaitingLine line({});
  const auto first = line.NewEntry(0, 100);
  const auto second = line.NewEntry(0, 100);
  line.Add(second);
  line.Add(first);
  CHECK(line.IsFirst(first));
}

TEST_CASE("waiting line: small messages cannot starve a large one", "[app][judge]") {
  LineLimits limits;
  limits.overtake_millis = 1000;
  WaitingLine line(limits);
  const auto huge = line.NewEntry(0, 1ULL << 40);
  line.Add(huge);
  const auto before = line.NewEntry(999 * kMilli, 0);
  const auto at = line.NewEntry(1000 * kMilli, 0);
  const auto after = line.NewEntry(1001 * kMilli, 0);
  line.Add(after);
  line.Add(at);
  CHECK(line.IsFirst(huge));
  line.Add(before);
  CHECK(line.IsFirst(before));
}

TEST_CASE("waiting line: the predicted wait is service time by those ahead over workers",
          "[app][judge]") {
  LineLimits limits;
  limits.wait_millis = 1000;
  WaitingLine line(limits);
  line.Served(1000 * kMilli);
  CHECK(line.ServiceMicros() == 1'000'000);
  for (int i = 0; i < 2; ++i) line.Add(line.NewEntry(0, 0));
  const auto next = line.NewEntry(kMilli, 0);
  CHECK(line.PredictedMillis(next, 2) == 1000);
  CHECK(line.WhyNot(next, 2).empty());
  line.Add(line.NewEntry(0, 0));
  CHECK(line.WhyNot(next, 2) == "the wait for a worker would be too long");
  CHECK(line.WhyNot(next, 0).empty());
  // Whom it overtakes it does not wait for.
  CHECK(line.PredictedMillis(line.NewEntry(-kMilli, 0), 2) == 0);
  for (int i = 0; i < 50; ++i) line.Served(0);
  CHECK(line.WhyNot(next, 2).empty());
}

TEST_CASE("waiting line: at its bounds the next may not wait", "[app][judge]") {
  LineLimits limits;
  limits.messages = 2;
  limits.bytes = 10;
  WaitingLine line(limits);
  CHECK(line.WhyNot(line.NewEntry(0, 11), 1).empty());
  line.Add(line.NewEntry(0, 9));
  CHECK(line.WhyNot(line.NewEntry(0, 1), 1).empty());
  CHECK_FALSE(line.WhyNot(line.NewEntry(0, 2), 1).empty());
  line.Add(line.NewEntry(0, 1));
  CHECK(line.WhyNot(line.NewEntry(0, 0), 1) == "too many messages are waiting for a worker");
}
