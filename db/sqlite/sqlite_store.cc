#include "db/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fd.h"
#include "base/format.h"
#include "base/log.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/reader.h"
#include "db/sqlite/schema.h"
#include "db/sqlite/writer.h"

namespace lazaret::db {
namespace {

constexpr mode_t kFolderMode = 0750;
constexpr mode_t kSharedFolderMode = 02750;
constexpr mode_t kFileMode = 0640;

base::Error ReadOnlyError() {
  return {base::ErrorCode::kPermission, "verdict log: opened for reading only"};
}

struct OpenedReader {
  Connection connection;
  std::int64_t schema = 0;
};

class SqliteStore : public VerdictStore {
 public:
  SqliteStore(std::unique_ptr<SqliteWriter> writer, OpenedReader reader)
      : writer_(std::move(writer)), reader_(std::move(reader.connection), reader.schema) {}

  base::Status AppendBatch(std::span<const ChainedRecord> records) override {
    if (writer_ == nullptr) return ReadOnlyError();
    return writer_->AppendBatch(records);
  }
  base::Result<ChainPosition> Last() override { return reader_.Last(); }
  base::Result<ChainPosition> Anchor() override { return reader_.Anchor(); }
  base::Result<std::vector<ChainedRecord>> Read(std::uint64_t after, std::uint32_t limit) override {
    return reader_.Read(after, limit);
  }
  base::Result<std::vector<StoredVerdict>> Find(const Query& query) override {
    return reader_.Find(query);
  }
  base::Result<StoredVerdict> Get(std::string_view verdict_id) override {
    return reader_.Get(verdict_id);
  }
  base::Result<std::vector<std::string>> IdsWithPrefix(std::string_view prefix,
                                                       std::uint32_t limit) override {
    return reader_.IdsWithPrefix(prefix, limit);
  }
  base::Result<ChainPosition> OldPrefix(const OldBounds& bounds) override {
    return reader_.OldPrefix(bounds);
  }
  base::Result<std::optional<base::UnixTime>> NewestDecision(base::UnixTime before) override {
    return reader_.NewestDecision(before);
  }
  base::Result<ChainPosition> RemoveSome(const ChainPosition& through) override {
    if (writer_ == nullptr) return ReadOnlyError();
    return writer_->RemoveSome(through);
  }
  base::Result<std::uint64_t> Forget(const ForgetSelector& selector) override {
    if (writer_ == nullptr) return ReadOnlyError();
    return writer_->Forget(selector);
  }
  base::Status Mark(std::span<const Acknowledgement> marks) override {
    if (writer_ == nullptr) return ReadOnlyError();
    return writer_->Mark(marks);
  }
  void Tidy() override {
    if (writer_ != nullptr) writer_->Tidy();
  }
  base::Result<bool> HistoryContains(std::span<const std::string> keys) override {
    return reader_.HistoryContains(keys);
  }

 private:
  std::unique_ptr<SqliteWriter> writer_;  // null when opened for reading
  SqliteReader reader_;
};

// Creates what is missing of the path, each folder for the group to read.
base::Status MakeFolders(const std::string& folder) {
  if (folder.empty() || folder == "/") return base::Ok();
  if (::mkdir(folder.c_str(), kFolderMode) == 0) {
    if (::chmod(folder.c_str(), kFolderMode) != 0) return base::ErrnoError(folder);
    return base::Ok();
  }
  if (errno == EEXIST) return base::Ok();
  const std::size_t slash = folder.rfind('/');
  if (errno != ENOENT || slash == std::string::npos || slash == 0) return base::ErrnoError(folder);
  LAZARET_TRY(MakeFolders(folder.substr(0, slash)));
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) return base::ErrnoError(folder);
  if (::chmod(folder.c_str(), kFolderMode) != 0) return base::ErrnoError(folder);
  return base::Ok();
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

// SQLite gives the WAL files the mode of the database, so its mode is set before SQLite sees it.
base::Status MakeFile(const std::string& path) {
  const std::string folder = FolderOf(path);
  LAZARET_TRY(MakeFolders(folder));
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!fd.valid()) {
    if (errno == EEXIST) return base::Ok();
    return base::ErrnoError(path);
  }
  if (::fchmod(fd.get(), kFileMode) != 0) return base::ErrnoError(path);
  base::UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid() || ::fsync(directory.get()) != 0) return base::ErrnoError(folder);
  return base::Ok();
}

void GiveTo(const std::string& path, gid_t group, mode_t mode) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return;
  if (info.st_gid == group && (info.st_mode & 07777) == mode) return;
  // The group first: chown may drop the set-group-id bit.
  if (info.st_gid != group && ::chown(path.c_str(), static_cast<uid_t>(-1), group) != 0) {
    base::LogWarning(
        base::Format("{}: its readers' group cannot be set ({}); make this user a "
                     "member of it",
                     path, std::strerror(errno)));
    return;
  }
  static_cast<void>(::chmod(path.c_str(), mode));
}

// After SQLite made its files. New ones of the folder inherit the group.
void GiveToReaders(const SqliteOptions& options) {
  if (options.readers_group.empty()) return;
  const struct group* found = ::getgrnam(options.readers_group.c_str());
  if (found == nullptr) return;
  if (options.folder_is_ours) GiveTo(FolderOf(options.path), found->gr_gid, kSharedFolderMode);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    GiveTo(options.path + suffix, found->gr_gid, kFileMode);
  }
}

base::Error WithPath(base::Error error, const std::string& path) {
  if (error.text.find(path) == std::string::npos) error.text = path + ": " + error.text;
  return error;
}

base::Result<OpenedReader> OpenReader(const SqliteOptions& options) {
  LAZARET_ASSIGN(Connection connection,
                 Connection::Open({options.path, true, options.busy_millis}));
  LAZARET_ASSIGN(const std::int64_t schema, ReadableSchema(connection));
  return OpenedReader{std::move(connection), schema};
}

base::Result<std::unique_ptr<VerdictStore>> OpenWriting(const SqliteOptions& options) {
  LAZARET_TRY(MakeFile(options.path));
  LAZARET_ASSIGN(Connection connection,
                 Connection::Open({options.path, false, options.busy_millis}));
  LAZARET_ASSIGN(std::unique_ptr<SqliteWriter> writer,
                 SqliteWriter::Make(std::move(connection), options.max_history_pairs,
                                    options.wal_limit_pages));
  LAZARET_ASSIGN(OpenedReader reader, OpenReader(options));
  GiveToReaders(options);
  return std::unique_ptr<VerdictStore>(
      std::make_unique<SqliteStore>(std::move(writer), std::move(reader)));
}

base::Result<std::unique_ptr<VerdictStore>> OpenReading(const SqliteOptions& options) {
  struct stat info {};
  if (::stat(options.path.c_str(), &info) != 0) return base::ErrnoError(options.path);
  LAZARET_ASSIGN(OpenedReader reader, OpenReader(options));
  return std::unique_ptr<VerdictStore>(std::make_unique<SqliteStore>(nullptr, std::move(reader)));
}

}  // namespace

base::Result<std::unique_ptr<VerdictStore>> OpenSqliteStore(const SqliteOptions& options) {
  auto store = options.read_only ? OpenReading(options) : OpenWriting(options);
  if (!store.ok()) return WithPath(std::move(store).error(), options.path);
  return store;
}

}  // namespace lazaret::db
