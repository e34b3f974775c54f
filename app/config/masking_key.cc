#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "app/config/config.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "base/format.h"

namespace lazaret::config {
namespace {

constexpr std::size_t kKeyBytes = 32;

base::Error Refused(const std::string& path, std::string_view why) {
  return base::Error{base::ErrorCode::kPermission, base::Format("{}: {}", path, why)};
}

// kNotFound when there is none.
base::Result<std::string> LoadKey(const std::string& path) {
  // O_NONBLOCK: a pipe laid there must not stop the start.
  const base::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return base::ErrnoError(path);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return base::ErrnoError(path);
  if (!S_ISREG(status.st_mode)) return Refused(path, "not a plain file");
  if ((status.st_mode & 077) != 0) return Refused(path, "others may read or write it: chmod 0600");
  LAZARET_ASSIGN(std::string key, base::ReadFdWhole(file.get(), 2 * kKeyBytes, path));
  if (key.size() != kKeyBytes)
    return base::Error{base::ErrorCode::kCorrupt, path + ": 32 bytes are expected"};
  return key;
}

base::Status SyncFolder(const std::string& folder) {
  const base::UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return base::ErrnoError(folder);
  return base::Ok();
}

// Written beside and linked into place: no one ever reads half a key, and of two writers one wins.
base::Status WriteKey(const std::string& folder, const std::string& path) {
  const std::string temporary =
      base::Format("{}/.masking.{}", folder, base::Hex(base::RandomBytes(8)));
  const base::UniqueFd file(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.valid()) return base::ErrnoError(temporary);
  base::Status written = base::WriteAll(file.get(), base::RandomBytes(kKeyBytes));
  if (written.ok() && fsync(file.get()) != 0) written = base::ErrnoError(temporary);
  if (written.ok() && link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST)
    written = base::ErrnoError(path);
  unlink(temporary.c_str());
  if (!written.ok()) return written;
  return SyncFolder(folder);
}

}  // namespace

base::Result<std::string> LoadOrCreateMaskingKey(const Config& config) {
  const std::string folder = config.paths.etc + "/keys";
  const std::string path = folder + "/masking.key";
  auto key = LoadKey(path);
  if (key.ok() || key.error().code != base::ErrorCode::kNotFound) return key;
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    base::Error error = base::ErrnoError(folder);
    if (error.code == base::ErrorCode::kNotFound)
      error.text += base::Format(": create {} first (mkdir -p)", config.paths.etc);
    return error;
  }
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) return base::ErrnoError(folder);
  if ((status.st_mode & 022) != 0) return Refused(folder, "others may write it: chmod 0700");
  LAZARET_TRY(WriteKey(folder, path));
  return LoadKey(path);
}

}  // namespace lazaret::config
