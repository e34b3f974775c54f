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
  bool stopping() const { return stopping_; }

  // smfi_main sets up what smfi_stop uses, so one must not run into the other's start.
  // False when a stop came first: then smfi_main is not to be called.
  bool ServeBegins();
  void Accepts();
  void ServeEnds();
  // True when smfi_stop is needed: smfi_main is accepting, or is not after the time it may take.
  bool BeginStop();

  // Around each callback.
  void CallbackBegins() { ++callbacks_; }
  void CallbackEnds() { --callbacks_; }
  bool InCallback() const { return callbacks_ > 0; }

  void MessageBegan();
  void MessageAnswered();
  bool WaitIdle(base::Deadline deadline);
  FilterLoad Load() const { return {sessions_, in_flight_}; }

  const FilterOptions options;
  MessageHandler& handler;
  base::Counters& counters;

 private:
  enum class Phase { kNew, kStarting, kAccepting, kEnded };

  std::atomic<std::uint32_t> sessions_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint32_t> in_flight_ = 0;
  std::atomic<std::uint32_t> callbacks_ = 0;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::atomic<Phase> phase_ = Phase::kNew;  // changed under mutex_
  std::condition_variable phase_changed_;
  base::Nanoseconds last_answer_ = 0;  // under mutex_
};

// The core that callbacks of new sessions use: libmilter gives its callbacks no context before the
// session's first one. Set once before libmilter starts.
void SetCore(FilterCore* core);

// Gives libmilter the callbacks. False when it refuses.
bool RegisterCallbacks();

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_FILTER_CORE_H_
