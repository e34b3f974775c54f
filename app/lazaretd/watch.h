// Notices that rules, lists, policy or signatures change on disk (inotify) and says so when they
// have come to rest: editors and freshclam write a file in several steps. One thread, driven by a
// poll loop. It knows that something happened, never what: whoever asks looks for himself.
#ifndef LAZARET_APP_LAZARETD_WATCH_H_
#define LAZARET_APP_LAZARETD_WATCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/clock.h"
#include "base/fd.h"

namespace lazaret::supervisor {

inline constexpr std::int64_t kSettleMillis = 1'000;
// One that never comes to rest is looked at all the same after so long.
inline constexpr std::int64_t kLongestUnrestMillis = 20'000;

// Folders whose direct children matter. One that is missing is looked for in the one above it.
std::vector<std::string> WatchedPlaces(const config::Config& config);

class Watch {
 public:
  // Without places it sees nothing by itself; Nudge works.
  explicit Watch(std::vector<std::string> places);

  int fd() const { return inotify_.get(); }  // -1: nothing to poll
  // After fd() became readable.
  void Read();
  // As if something had happened.
  void Nudge();

  base::Deadline next() const { return settled_; }
  // True once for each unrest that has settled.
  bool TakeSettled();

 private:
  void AddAll();

  const std::vector<std::string> places_;
  base::UniqueFd inotify_;
  base::Deadline settled_;
  base::Deadline longest_;
};

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_WATCH_H_
