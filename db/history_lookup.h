// Asks the store's sender history on a thread of its own, so that a disk that hangs costs the asker
// no more than the time it gives.
#ifndef LAZARET_DB_HISTORY_LOOKUP_H_
#define LAZARET_DB_HISTORY_LOOKUP_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// Different recipient domains of one message that are looked up. Stops a message with ever more
// recipients from keeping the others waiting.
inline constexpr std::size_t kMaxHistoryKeys = 1000;

class HistoryLookup {
 public:
  // Lent, and outlives this. Starts the thread.
  explicit HistoryLookup(VerdictStore& store);
  ~HistoryLookup();
  HistoryLookup(const HistoryLookup&) = delete;
  HistoryLookup& operator=(const HistoryLookup&) = delete;

  // Whether any of the keys is known; nullopt when that could not be found out before the deadline,
  // or when the lookup at work has been hanging for over a second (then at once). Thread-safe.
  std::optional<bool> Contains(std::vector<std::string> keys, base::Deadline deadline);

 private:
  // Shared with the thread: the asker may leave first.
  struct Question {
    std::vector<std::string> keys;
    bool abandoned = false;
    bool done = false;
    std::optional<bool> answer;
  };

  void Run();
  void Answer(Question& question, std::unique_lock<std::mutex>& lock);
  base::Result<bool> Ask(std::span<const std::string> keys);
  bool Hangs() const;

  VerdictStore& store_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::condition_variable answered_;
  std::deque<std::shared_ptr<Question>> waiting_;
  std::optional<base::Nanoseconds> read_began_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_HISTORY_LOOKUP_H_
