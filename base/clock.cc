#include "base/clock.h"

#include <climits>
#include <cstdio>
#include <ctime>

namespace lazaret::base {

Nanoseconds MonotonicNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Nanoseconds>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

UnixTime RealtimeNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return UnixTime{static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000};
}

std::string FormatRfc3339(UnixTime time) {
  std::int64_t seconds = time.micros / 1'000'000;
  std::int64_t micros = time.micros % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    seconds -= 1;
  }
  const std::time_t when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (gmtime_r(&when, &parts) == nullptr) return "invalid-time";
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%06dZ", static_cast<int>(micros));
  return text;
}

int Deadline::PollMillis() const {
  if (never()) return -1;
  const Nanoseconds left = at_ - MonotonicNow();
  if (left <= 0) return 0;
  const Nanoseconds millis = (left + 999'999) / 1'000'000;
  return millis > INT_MAX ? INT_MAX : static_cast<int>(millis);
}

}  // namespace lazaret::base
