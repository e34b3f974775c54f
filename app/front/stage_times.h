// Where the time of a message goes: one histogram a stage and one a scanner. Thread-safe.
#ifndef LAZARET_APP_FRONT_STAGE_TIMES_H_
#define LAZARET_APP_FRONT_STAGE_TIMES_H_

#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "policy/finding.h"

namespace lazaret::front {

// The messages between their end and their answer, to tell how old the oldest is.
class OpenMessages {
 public:
  class Entry {
   public:
    Entry(OpenMessages& open, base::Nanoseconds began);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry();

   private:
    OpenMessages& open_;
    std::multiset<base::Nanoseconds>::iterator at_;
  };

  // 0 when there is none.
  std::uint64_t OldestMillis() const;

 private:
  mutable std::mutex mutex_;
  std::multiset<base::Nanoseconds> began_;
};

struct StageTimes {
  // The histograms live in `counters`, which outlive this.
  explicit StageTimes(base::Counters& counters);

  // `looked` from `asked` on, of it `waited_micros` in the queue; `timing` as the worker says,
  // under the names that are ours: a worker that was taken over must not fill the front with names.
  void Looked(base::Nanoseconds asked, std::uint64_t waited_micros,
              const std::vector<policy::Timing>& timing);

  base::Histogram& message;  // from the message's end to the answer
  base::Histogram& history;  // what the log knows of the sender
  base::Histogram& queue;    // waiting for a worker
  base::Histogram& look;     // a worker's answer, without the queue
  base::Histogram& decide;
  base::Histogram& record;  // until the record is durable

 private:
  base::Counters& counters_;
};

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_STAGE_TIMES_H_
