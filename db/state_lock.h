// One daemon a state folder: an open-file-description lock on <folder>/lock, held as long as this
// object (and any descriptor duplicated or inherited from it) lives. No pid file: the kernel drops
// the lock when the holder dies.
#ifndef LAZARET_DB_STATE_LOCK_H_
#define LAZARET_DB_STATE_LOCK_H_

#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace lazaret::db {

class StateLock {
 public:
  // Creates the folder (0750) and the file (0600) when missing. kUnavailable when another holds it
  // at the deadline: one whose supervisor was killed ends too, but not in the same instant.
  static base::Result<StateLock> Take(const std::string& folder, base::Deadline patience);

 private:
  explicit StateLock(base::UniqueFd fd) : fd_(std::move(fd)) {}
  base::UniqueFd fd_;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_STATE_LOCK_H_
