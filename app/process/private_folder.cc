#include "app/process/private_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace lazaret::process {
namespace {

constexpr std::size_t kSuffix = 6;  // of mkdtemp

std::string PrefixOf(std::string_view kind) {
  return std::string("lazaret-").append(kind).append("-");
}

base::UniqueFd OpenFolder(const std::string& path) {
  return base::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The process that made a folder of this name, or -1 when it is no such name.
pid_t MakerOf(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return -1;
  const std::string_view rest = name.substr(prefix.size());
  pid_t pid = -1;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), pid);
  const std::size_t digits = static_cast<std::size_t>(end - rest.data());
  const bool whole =
      error == std::errc() && pid > 0 && rest.size() == digits + 1 + kSuffix && rest[digits] == '-';
  return whole ? pid : -1;
}

// Ended, waited for or not: a process that nobody has waited for yet holds nothing any more.
bool IsGone(pid_t pid) {
  if (::kill(pid, 0) != 0 && errno == ESRCH) return true;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // "PID (NAME) STATE ...", where the name may hold anything.
  const std::size_t name_end = line.rfind(')');
  const char state =
      name_end != std::string::npos && name_end + 2 < line.size() ? line[name_end + 2] : '?';
  return state == 'Z' || state == 'X';
}

// Open and locked by us: its maker, and whatever it forked, is gone.
base::UniqueFd TakeOver(const std::string& path) {
  base::UniqueFd folder = OpenFolder(path);
  struct stat facts {};
  const bool free = folder.valid() && ::fstat(folder.get(), &facts) == 0 &&
                    facts.st_uid == ::geteuid() && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0;
  return free ? std::move(folder) : base::UniqueFd();
}

}  // namespace

base::Result<PrivateFolder> PrivateFolder::Make(std::string_view kind, const std::string& parent) {
  std::string path =
      parent + "/" + PrefixOf(kind) + std::to_string(::getpid()) + "-" + std::string(kSuffix, 'X');
  if (::mkdtemp(path.data()) == nullptr) return base::ErrnoError(parent);
  PrivateFolder folder;
  folder.path_ = path;
  folder.maker_ = ::getpid();
  folder.lock_ = OpenFolder(path);
  if (!folder.lock_.valid() || ::flock(folder.lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return base::ErrnoError(path);
  return folder;
}

PrivateFolder::PrivateFolder(PrivateFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      lock_(std::move(other.lock_)),
      maker_(std::exchange(other.maker_, -1)) {}

PrivateFolder& PrivateFolder::operator=(PrivateFolder&& other) noexcept {
  if (this == &other) return *this;
  Remove();
  path_ = std::exchange(other.path_, {});
  lock_ = std::move(other.lock_);
  maker_ = std::exchange(other.maker_, -1);
  return *this;
}

void PrivateFolder::Remove() {
  std::error_code ignored;
  // An empty one goes without a descriptor, of which there may be none.
  if (!path_.empty() && maker_ == ::getpid() && ::rmdir(path_.c_str()) != 0)
    std::filesystem::remove_all(path_, ignored);
  path_.clear();
  lock_.Reset();
  maker_ = -1;
}

int SweepPrivateFolders(std::string_view kind, const std::string& parent) {
  const std::string prefix = PrefixOf(kind);
  int removed = 0;
  std::error_code error;
  std::filesystem::directory_iterator entry(parent, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const pid_t maker = MakerOf(entry->path().filename().string(), prefix);
    // The maker locks its folder a moment after it made it; until then its life protects it.
    if (maker < 0 || !IsGone(maker)) continue;
    const base::UniqueFd locked = TakeOver(entry->path().string());
    if (!locked.valid()) continue;
    std::error_code ignored;
    std::filesystem::remove_all(entry->path(), ignored);
    if (!ignored) ++removed;
  }
  return removed;
}

}  // namespace lazaret::process
