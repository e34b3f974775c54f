#include "db/state_lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace lazaret::db {

base::Result<StateLock> StateLock::Take(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST) return base::ErrnoError(folder);
  const std::string path = folder + "/lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return base::ErrnoError(path);
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) != 0) {
    if (errno != EAGAIN && errno != EACCES) return base::ErrnoError(path);
    return base::Error{base::ErrorCode::kUnavailable,
                       folder + ": another lazaretd works on this state folder"};
  }
  return StateLock(std::move(fd));
}

}  // namespace lazaret::db
