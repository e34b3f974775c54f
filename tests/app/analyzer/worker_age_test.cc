#include "app/analyzer/worker_age.h"

#include "tests/support/catch.h"

using namespace lazaret;
using analyzer::ShouldRetire;
using analyzer::WorkerAge;

TEST_CASE("worker age: at each of its limits a worker retires, below none of them",
          "[app][analyzer]") {
  config::Limits limits;
  limits.worker_messages = 500;
  limits.worker_growth_bytes = 64U << 20;
  limits.worker_seconds = 600;
  constexpr base::Nanoseconds kSecond = 1'000'000'000;
  CHECK_FALSE(ShouldRetire({499, 64U << 20, 600 * kSecond - 1}, limits));
  CHECK(ShouldRetire({500, 0, 0}, limits));
  CHECK(ShouldRetire({1, (64U << 20) + 1, 0}, limits));
  CHECK(ShouldRetire({1, 0, 600 * kSecond}, limits));
}
