#include "db/state_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>

namespace lazaret::db {

namespace {

constexpr int kRetryMillis = 20;

// 0, or the errno of the last try.
int LockUntil(int fd, base::Deadline patience) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  while (::fcntl(fd, F_OFD_SETLK, &whole) != 0) {
    const int error = errno;
    if ((error != EAGAIN && error != EACCES) || patience.Expired()) return error;
    ::poll(nullptr, 0, kRetryMillis);
  }
  return 0;
}

}  // namespace

base::Result<StateLock> StateLock::Take(const std::string& folder, base::Deadline patience) {
  if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) return base::ErrnoError(folder);
  const std::string path = folder + "/lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return base::ErrnoError(path);
  const int error = LockUntil(fd.get(), patience);
  if (error == EAGAIN || error == EACCES) {
    return base::Error{base::ErrorCode::kUnavailable,
                       folder + ": another lazaretd works on this state folder"};
  }
  if (error != 0) return base::ErrnoError(path, error);
  return StateLock(std::move(fd));
}

}  // namespace lazaret::db
