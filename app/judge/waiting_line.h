// Who waits for a worker, and who is next: small messages first, since most mail is small and looks
// at it are short, but a large one is overtaken only by what came in soon after it. Not
// thread-safe; times are on CLOCK_MONOTONIC.
#ifndef LAZARET_APP_JUDGE_WAITING_LINE_H_
#define LAZARET_APP_JUDGE_WAITING_LINE_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"

namespace lazaret::judge {

struct LineLimits {
  // Above either the answer is at once. They stop a flood from filling a queue that can only end in
  // timeouts, and its messages from filling memory. One message alone may always wait.
  std::size_t messages = 256;
  std::uint64_t bytes = 256U << 20;
  // Who would wait longer, by what looks have taken so far, is answered at once: the sender's own
  // queue is the better place to wait in. 0: no such limit.
  std::int64_t wait_millis = 0;
  // A message is overtaken by smaller ones that come in up to so long after it: stops a stream of
  // small messages from starving a large one.
  std::int64_t overtake_millis = 12'000;
};

class WaitingLine {
 public:
  struct Entry {
    std::int64_t rank = 0;
    std::uint64_t ticket = 0;
    std::uint64_t bytes = 0;
    bool operator<(const Entry& other) const {
      return rank != other.rank ? rank < other.rank : ticket < other.ticket;
    }
  };

  explicit WaitingLine(LineLimits limits) : limits_(limits) {}

  Entry NewEntry(base::Nanoseconds arrived, std::uint64_t bytes);
  // Why it may not wait; empty when it may. `workers` of 0: how long it would wait is not known.
  std::string WhyNot(const Entry& entry, std::uint32_t workers) const;
  void Add(const Entry& entry);
  void Remove(const Entry& entry);
  bool IsFirst(const Entry& entry) const;

  // A worker had a message for so long, and answered.
  void Served(base::Nanoseconds took);
  std::int64_t PredictedMillis(const Entry& entry, std::uint32_t workers) const;
  std::int64_t ServiceMicros() const { return service_ / 1000; }

  std::size_t size() const { return entries_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  const LineLimits limits_;
  std::set<Entry> entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_ticket_ = 1;
  base::Nanoseconds service_ = 0;  // moving average; 0 until the first
};

}  // namespace lazaret::judge

#endif  // LAZARET_APP_JUDGE_WAITING_LINE_H_
