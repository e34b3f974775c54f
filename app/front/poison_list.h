// Messages that workers died of or hung over: SHA-256 and time of the last such delivery, kept in
// one small file of the state folder so that a restart forgets none. docs/formats.md, "Poison
// list". A delivery counts once, whether it cost one worker or two.
#ifndef LAZARET_APP_FRONT_POISON_LIST_H_
#define LAZARET_APP_FRONT_POISON_LIST_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/result.h"

namespace lazaret::front {

struct PoisonOptions {
  std::string path;  // empty: in memory alone
  // Above it the oldest is forgotten: stops a stream of ever new fatal messages from filling memory
  // and disk. What is forgotten costs a temporary failure, never a look.
  std::uint32_t entries = 1000;
  std::uint32_t days = 7;  // two deliveries further apart have nothing to do with each other
};

// Thread-safe.
class PoisonList {
 public:
  // A file that is missing, damaged or cannot be read is an empty list, with a line in the log: the
  // list only makes an answer better, and must not keep mail from being judged.
  PoisonList(PoisonOptions options, base::UnixTime now);
  PoisonList(const PoisonList&) = delete;
  PoisonList& operator=(const PoisonList&) = delete;
  ~PoisonList();  // what is not saved yet is saved

  // Counts one delivery that began at `came`. True when another one within the days had ended by
  // then: it is poison. Copies that come at the same time count once: one crash of the analyzer
  // takes them all. Waits for no disk.
  bool Strike(const base::Sha256Digest& message, base::UnixTime came, base::UnixTime now);

  std::size_t size() const;

 private:
  void Load(std::string_view text, base::UnixTime now);
  void Shrink();
  std::string Text() const;
  base::Status Save(const std::string& text) const;
  void SaveAll();
  bool IsOld(std::int64_t seconds, base::UnixTime now) const;

  const PoisonOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::int64_t> last_;  // guarded by mutex_; hex digest, seconds since 1970
  bool unsaved_ = false;                      // guarded by mutex_, like the next
  bool stopping_ = false;
  std::thread saver_;
};

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_POISON_LIST_H_
