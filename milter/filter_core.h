// Inside milter/ only: what the callbacks and the filter share.
#ifndef LAZARET_MILTER_FILTER_CORE_H_
#define LAZARET_MILTER_FILTER_CORE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/clock.h"
#include "base/counters.h"
#include "milter/filter.h"

namespace lazaret::milter {

// What the callbacks of all sessions share. Thread-safe.
class FilterCore {
 public:
  FilterCore(const FilterOptions& filter_options, MessageHandler& message_handler,
             base::Counters& role_counters)
      : options(filter_options), handler(message_handler), counters(role_counters) {}

  void SessionOpened() { ++sessions_; }
  void SessionClosed() { --sessions_; }
  bool TooManySessions() const { return sessions_ > options.sessions; }
  void BeginStop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

  void MessageBegan();
  void MessageAnswered();
  bool WaitIdle(base::Deadline deadline);
  FilterLoad Load() const { return {sessions_, in_flight_}; }

  const FilterOptions options;
  MessageHandler& handler;
  base::Counters& counters;

 private:
  std::atomic<std::uint32_t> sessions_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint32_t> in_flight_ = 0;
  std::mutex mutex_;
  std::condition_variable answered_;
  base::Nanoseconds last_answer_ = 0;  // under mutex_
};

// The core that callbacks of new sessions use: libmilter gives its callbacks no context before the
// session's first one. Set once before libmilter starts.
void SetCore(FilterCore* core);

// Gives libmilter the callbacks. False when it refuses.
bool RegisterCallbacks();

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_FILTER_CORE_H_
