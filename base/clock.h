// Time. Deadlines run on CLOCK_MONOTONIC and survive clock jumps; records carry CLOCK_REALTIME, which
// the caller passes in (policy has no clock).
#ifndef LAZARET_BASE_CLOCK_H_
#define LAZARET_BASE_CLOCK_H_

#include <cstdint>
#include <string>

namespace lazaret::base {

using Nanoseconds = std::int64_t;

Nanoseconds MonotonicNow();

// Microseconds since 1970-01-01 UTC.
struct UnixTime {
  std::int64_t micros = 0;
  friend bool operator==(UnixTime a, UnixTime b) { return a.micros == b.micros; }
};
UnixTime RealtimeNow();

// "2026-03-01T12:00:00.123456Z"
std::string FormatRfc3339(UnixTime time);

// A point on CLOCK_MONOTONIC. Default: never.
class Deadline {
 public:
  Deadline() = default;
  static Deadline AfterMillis(std::int64_t millis) {
    return Deadline(MonotonicNow() + millis * 1'000'000);
  }
  static Deadline At(Nanoseconds monotonic) { return Deadline(monotonic); }
  bool never() const { return at_ == kNever; }
  bool Expired() const { return !never() && MonotonicNow() >= at_; }
  // Milliseconds left, rounded up, 0 when expired; -1 for never, so that it fits poll(2).
  int PollMillis() const;
  Nanoseconds monotonic() const { return at_; }

 private:
  static constexpr Nanoseconds kNever = INT64_MAX;
  explicit Deadline(Nanoseconds at) : at_(at) {}
  Nanoseconds at_ = kNever;
};

}  // namespace lazaret::base

#endif  // LAZARET_BASE_CLOCK_H_
