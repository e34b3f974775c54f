#include "app/analyzer/snapshot_shelf.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fd.h"
#include "base/log.h"

namespace lazaret::analyzer {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::SignatureFile;
using base::Status;

constexpr int kTries = 3;
constexpr long kPauseNanos = 300'000'000;
constexpr std::size_t kChunk = 64U << 20;
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0400;
constexpr const char* kUnfinished = "unfinished";

struct Originals {
  std::vector<SignatureFile> database;
  std::vector<SignatureFile> own;
  friend bool operator==(const Originals&, const Originals&) = default;
};

base::Result<Originals> LookAt(const SnapshotSources& sources) {
  Originals originals;
  LAZARET_ASSIGN(originals.database, base::ListSignatures(sources.database));
  LAZARET_ASSIGN(originals.own, base::ListSignatures(sources.own));
  if (originals.database.empty() && !sources.builtin_only)
    return base::NoDatabase(sources.database);
  return originals;
}

bool IsReplacedWhole(const std::string& name) {
  const std::string ending = fs::path(name).extension().string();
  return ending == ".cvd" || ending == ".cld";
}

Status CopyBytes(int from, int to, const std::string& name) {
  if (::ioctl(to, FICLONE, from) == 0) return base::Ok();
  for (;;) {
    const ssize_t sent = ::sendfile(to, from, nullptr, kChunk);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return base::ErrnoError(name);
    if (sent == 0) return base::Ok();
  }
}

Status Copy(const std::string& from, const std::string& to) {
  const base::UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!source.valid() || ::fstat(source.get(), &facts) != 0) return base::ErrnoError(from);
  const base::UniqueFd target(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!target.valid()) return base::ErrnoError(to);
  LAZARET_TRY(CopyBytes(source.get(), target.get(), to));
  // The age of signatures is that of their files.
  const timespec times[2] = {facts.st_mtim, facts.st_mtim};
  if (::futimens(target.get(), times) != 0) return base::ErrnoError(to);
  return base::Ok();
}

Status PutAll(const std::vector<SignatureFile>& files, const std::string& folder) {
  if (::mkdir(folder.c_str(), kFolderMode) != 0) return base::ErrnoError(folder);
  for (const SignatureFile& file : files) {
    const std::string name = fs::path(file.path).filename().string();
    const std::string target = folder + "/" + name;
    const bool linked = IsReplacedWhole(name) && ::linkat(AT_FDCWD, file.path.c_str(), AT_FDCWD,
                                                          target.c_str(), AT_SYMLINK_FOLLOW) == 0;
    if (!linked) LAZARET_TRY(Copy(file.path, target));
  }
  return base::Ok();
}

void Remove(const std::string& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) base::LogWarning(folder + ": " + error.message());
}

base::Result<std::string> HashOf(const Snapshot& snapshot) {
  LAZARET_ASSIGN(std::vector<SignatureFile> files, base::ListSignatures(snapshot.database));
  LAZARET_ASSIGN(const auto own, base::ListSignatures(snapshot.own));
  files.insert(files.end(), own.begin(), own.end());
  return base::HashSignatures(files);
}

}  // namespace

Snapshot SnapshotShelf::Named(const std::string& name) const {
  const std::string place = folder_ + "/" + name;
  return {name, place + "/database", place + "/own"};
}

base::Result<Snapshot> SnapshotShelf::TryOnce(const SnapshotSources& sources) const {
  LAZARET_ASSIGN(const Originals before, LookAt(sources));
  const Snapshot unfinished = Named(kUnfinished + std::to_string(::getpid()));
  const std::string place = folder_ + "/" + unfinished.hash;
  Remove(place);
  if (::mkdir(place.c_str(), kFolderMode) != 0) return base::ErrnoError(place);
  LAZARET_TRY(PutAll(before.database, unfinished.database));
  LAZARET_TRY(PutAll(before.own, unfinished.own));
  if (copied_) copied_();
  LAZARET_ASSIGN(const std::string hash, HashOf(unfinished));
  LAZARET_ASSIGN(const Originals after, LookAt(sources));
  if (!(after == before))
    return Error{ErrorCode::kUnavailable, sources.database + ": changed while it was copied"};
  // One of the same name may have been damaged since.
  const std::string final_place = folder_ + "/" + hash;
  Remove(final_place);
  if (::rename(place.c_str(), final_place.c_str()) != 0) return base::ErrnoError(final_place);
  return Named(hash);
}

base::Result<Snapshot> SnapshotShelf::Take(const SnapshotSources& sources) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return base::ErrnoError(folder_, error.value());
  for (int attempt = 1;; ++attempt) {
    auto snapshot = TryOnce(sources);
    if (snapshot.ok()) return snapshot;
    Remove(folder_ + "/" + kUnfinished + std::to_string(::getpid()));
    // Whoever writes the originals is not done yet; or a file went away under our hands.
    const ErrorCode code = snapshot.error().code;
    const bool again =
        code == ErrorCode::kUnavailable || (code == ErrorCode::kNotFound && LookAt(sources).ok());
    if (!again || attempt == kTries) return snapshot;
    const timespec pause{0, kPauseNanos};
    ::nanosleep(&pause, nullptr);
  }
}

base::Result<Snapshot> SnapshotShelf::Open(const std::string& hash) const {
  struct stat facts {};
  Snapshot snapshot = Named(hash);
  if (::stat(snapshot.database.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode))
    return base::ErrnoError(snapshot.database);
  LAZARET_ASSIGN(const std::string held, HashOf(snapshot));
  if (held != hash)
    return Error{ErrorCode::kCorrupt, folder_ + "/" + hash + ": is not what it was"};
  return snapshot;
}

void SnapshotShelf::KeepOnly(const std::vector<std::string>& hashes) const {
  std::error_code error;
  std::vector<fs::path> old;
  for (fs::directory_iterator it(folder_, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (std::count(hashes.begin(), hashes.end(), it->path().filename().string()) == 0)
      old.push_back(it->path());
  }
  for (const fs::path& one : old) Remove(one.string());
}

}  // namespace lazaret::analyzer
