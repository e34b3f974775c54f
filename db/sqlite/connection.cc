#include "db/sqlite/connection.h"

#include <sqlite3.h>

#include "base/format.h"

namespace lazaret::db {
namespace {

base::ErrorCode CodeOf(int result) {
  switch (result & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::ErrorCode::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::ErrorCode::kTimeout;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return base::ErrorCode::kPermission;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
      return base::ErrorCode::kUnavailable;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
      return base::ErrorCode::kInvalid;
    default:
      return base::ErrorCode::kInternal;
  }
}

base::Error ErrorOf(sqlite3* handle, int result) {
  const char* file = handle != nullptr ? sqlite3_db_filename(handle, "main") : nullptr;
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : result;
  return {
      CodeOf(result),
      base::Format("{}: {} (SQLite {})", file != nullptr && *file != '\0' ? file : "verdict log",
                   handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result), extended)};
}

void Harden(sqlite3* handle) {
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // Without it the last writer to leave removes the WAL files, and a reader of another user, who
  // may not create them, could no longer open the database.
  int keep_wal = 1;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_PERSIST_WAL, &keep_wal);
}

}  // namespace

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(statement_, other.statement_);
  std::swap(bind_error_, other.bind_error_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Int(int at, std::int64_t value) {
  if (const int result = sqlite3_bind_int64(statement_, at, value)) bind_error_ = result;
  return *this;
}

Statement& Statement::Text(int at, std::string_view value) {
  // A null pointer would bind NULL, not the empty string.
  const char* bytes = value.data() != nullptr ? value.data() : "";
  const int result =
      sqlite3_bind_text64(statement_, at, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (result != SQLITE_OK) bind_error_ = result;
  return *this;
}

Statement& Statement::Blob(int at, std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  const int result = sqlite3_bind_blob64(statement_, at, bytes, value.size(), SQLITE_TRANSIENT);
  if (result != SQLITE_OK) bind_error_ = result;
  return *this;
}

Statement& Statement::TextInPlace(int at, std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  const int result =
      sqlite3_bind_text64(statement_, at, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (result != SQLITE_OK) bind_error_ = result;
  return *this;
}

Statement& Statement::Null(int at) {
  if (const int result = sqlite3_bind_null(statement_, at)) bind_error_ = result;
  return *this;
}

base::Result<bool> Statement::Next() {
  if (bind_error_ != SQLITE_OK) {
    return base::Error{CodeOf(bind_error_), base::Format("verdict log: binding a value: {}",
                                                         sqlite3_errstr(bind_error_))};
  }
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  base::Error error = ErrorOf(connection_, result);
  sqlite3_reset(statement_);
  return error;
}

base::Status Statement::Run() {
  for (;;) {
    auto row = Next();
    if (!row.ok()) {
      Reset();
      return std::move(row).error();
    }
    if (!*row) break;
  }
  Reset();
  return base::Ok();
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bind_error_ = SQLITE_OK;
}

std::int64_t Statement::ColumnInt(int at) const { return sqlite3_column_int64(statement_, at); }

std::string Statement::ColumnText(int at) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, at));
  if (text == nullptr) return {};
  return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
}

std::string Statement::ColumnBlob(int at) const {
  const auto* blob = static_cast<const char*>(sqlite3_column_blob(statement_, at));
  if (blob == nullptr) return {};
  return std::string(blob, static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)));
}

bool Statement::ColumnIsNull(int at) const {
  return sqlite3_column_type(statement_, at) == SQLITE_NULL;
}

base::Result<Connection> Connection::Open(const ConnectionOptions& options) {
  // SQLite's count of memory, which nobody reads, takes a lock of the whole process for each
  // allocation. Refused once SQLite runs, which changes nothing but the speed.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(uncounted);
  sqlite3* handle = nullptr;
  const int flags = (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
  const int result = sqlite3_open_v2(options.path.c_str(), &handle, flags, nullptr);
  Connection connection(handle);
  if (result != SQLITE_OK) {
    return base::Error{CodeOf(result), base::Format("{}: {}", options.path,
                                                    handle != nullptr ? sqlite3_errmsg(handle)
                                                                      : sqlite3_errstr(result))};
  }
  Harden(handle);
  sqlite3_busy_timeout(handle, options.busy_millis);
  connection.busy_millis_ = options.busy_millis;
  return connection;
}

Connection& Connection::operator=(Connection&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(begin_, other.begin_);
  std::swap(commit_, other.commit_);
  std::swap(busy_millis_, other.busy_millis_);
  std::swap(wal_pages_, other.wal_pages_);
  return *this;
}

Connection::~Connection() {
  begin_ = Statement();
  commit_ = Statement();
  sqlite3_close_v2(handle_);
}

base::Result<Statement> Connection::Prepare(Sql sql) {
  sqlite3_stmt* statement = nullptr;
  const int result =
      sqlite3_prepare_v3(handle_, sql.text().data(), static_cast<int>(sql.text().size()),
                         SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) return ErrorOf(handle_, result);
  return Statement(handle_, statement);
}

base::Status Connection::Run(Sql sql) {
  LAZARET_ASSIGN(Statement statement, Prepare(sql));
  return statement.Run();
}

base::Result<std::int64_t> Connection::Number(Sql sql) {
  LAZARET_ASSIGN(Statement statement, Prepare(sql));
  LAZARET_ASSIGN(const bool row, statement.Next());
  return row ? statement.ColumnInt(0) : 0;
}

std::int64_t Connection::Changes() const { return sqlite3_changes64(handle_); }

base::Status Connection::AddModule(const char* name, const sqlite3_module& module, void* context) {
  const int result = sqlite3_create_module_v2(handle_, name, &module, context, nullptr);
  return result == SQLITE_OK ? base::Ok() : base::Status(ErrorOf(handle_, result));
}

void Connection::TakeOverCheckpoints() {
  wal_pages_ = std::make_unique<std::int64_t>(0);
  const auto note = [](void* pages, sqlite3*, const char*, int count) {
    *static_cast<std::int64_t*>(pages) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, note, wal_pages_.get());
}

base::Result<bool> Connection::Checkpoint(CheckpointMode mode, int wait_millis) {
  const bool truncate = mode == CheckpointMode::kTruncate;
  sqlite3_busy_timeout(handle_, wait_millis);
  int pages = 0;
  int copied = 0;
  const int result = sqlite3_wal_checkpoint_v2(
      handle_, "main", truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &pages,
      &copied);
  sqlite3_busy_timeout(handle_, busy_millis_);
  if ((result & 0xFF) == SQLITE_BUSY) return false;
  if (result != SQLITE_OK) return ErrorOf(handle_, result);
  if (truncate && wal_pages_) *wal_pages_ = 0;
  return pages == copied;
}

void Connection::Rollback() {
  if (handle_ != nullptr && sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

base::Status Connection::Begin() {
  if (!commit_) {
    LAZARET_ASSIGN(begin_, Prepare("BEGIN IMMEDIATE"));
    LAZARET_ASSIGN(commit_, Prepare("COMMIT"));
  }
  return begin_.Run();
}

base::Status Connection::Commit() { return commit_.Run(); }

base::Result<Transaction> Transaction::Begin(Connection& connection) {
  LAZARET_TRY(connection.Begin());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->Rollback();
}

base::Status Transaction::Commit() {
  LAZARET_TRY(connection_->Commit());
  connection_ = nullptr;
  return base::Ok();
}

}  // namespace lazaret::db
