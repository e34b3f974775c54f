#include "app/lazaretd/folders.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace lazaret::supervisor {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr mode_t kSocketFolderMode = 02750;

bool IsAsWanted(const std::string& path, mode_t mode,
                const std::optional<process::UserIds>& owner) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
  // The front lets readers of the log pass through.
  if (((info.st_mode & 07777) | S_IXOTH) != (mode | S_IXOTH)) return false;
  return !owner || (info.st_uid == owner->uid && info.st_gid == owner->gid);
}

bool IsDefaultAddress(const config::Config& config) {
  return config.milter.listen ==
         "unix:" + config.paths.root + "/var/spool/postfix/lazaret/milter.sock";
}

}  // namespace

ActAs::ActAs(const std::optional<process::UserIds>& user, gid_t group) {
  if (!user || ::geteuid() != 0 || user->uid == 0) return;
  const gid_t given = group == static_cast<gid_t>(-1) ? user->gid : group;
  acting_ = ::setegid(given) == 0 && ::seteuid(user->uid) == 0;
}

ActAs::~ActAs() {
  if (acting_) LAZARET_CHECK(::seteuid(0) == 0 && ::setegid(::getgid()) == 0);
}

base::Status MakeFolder(const std::string& path, mode_t mode,
                        const std::optional<process::UserIds>& owner) {
  if (IsAsWanted(path, mode, owner)) return base::Ok();
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return base::ErrnoError(path, error.value());
  if (::chmod(path.c_str(), mode) != 0) return base::ErrnoError(path);
  if (owner && ::chown(path.c_str(), owner->uid, owner->gid) != 0) return base::ErrnoError(path);
  return base::Ok();
}

base::Status MakeMilterFolder(const config::Config& config,
                              const std::optional<process::UserIds>& front) {
  const std::string& listen = config.milter.listen;
  const std::string below = config.paths.root + "/";
  if (config.paths.root.empty() || listen.rfind(kUnix.data() + below, 0) != 0) return base::Ok();
  const std::filesystem::path folder =
      std::filesystem::path(listen.substr(kUnix.size())).parent_path();
  std::error_code error;
  if (std::filesystem::exists(folder, error)) return base::Ok();
  if (IsDefaultAddress(config)) std::filesystem::create_directories(folder.parent_path(), error);
  if (error) return base::ErrnoError(folder.parent_path().string(), error.value());
  // As the same user the front makes it itself.
  if (!front) return base::Ok();
  const std::string& name = config.milter.socket_group;
  const group* postfix = name.empty() ? nullptr : ::getgrnam(name.c_str());
  process::UserIds owner = *front;
  if (postfix != nullptr) owner.gid = postfix->gr_gid;
  LAZARET_TRY(MakeFolder(folder.string(), 0750, owner));
  // Last: the change of owner drops the set-group-id bit.
  if (::chmod(folder.c_str(), kSocketFolderMode) != 0) return base::ErrnoError(folder.string());
  return base::Ok();
}

}  // namespace lazaret::supervisor
