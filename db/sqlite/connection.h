// A thin layer over SQLite: prepared statements, errors as base::Error. One connection is used by
// one thread at a time. SQL is always a literal: values are bound, never written into the text.
#ifndef LAZARET_DB_SQLITE_CONNECTION_H_
#define LAZARET_DB_SQLITE_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_module;
struct sqlite3_stmt;

namespace lazaret::db {

// A string literal and nothing else: SQL cannot be put together at run time.
class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&text)[N])
      : text_(text, N - 1) {}  // NOLINT(google-explicit-constructor)
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A prepared statement. Bind*, then Next for each row or Run for none; Reset before it is used
// again. A bind error shows in the next step.
class Statement {
 public:
  Statement() = default;
  Statement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  Statement(Statement&& other) noexcept
      : connection_(other.connection_),
        statement_(std::exchange(other.statement_, nullptr)),
        bind_error_(other.bind_error_) {}
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();
  explicit operator bool() const { return statement_ != nullptr; }

  // Parameters count from 1.
  Statement& Int(int at, std::int64_t value);
  Statement& Text(int at, std::string_view value);
  Statement& Blob(int at, std::string_view value);
  Statement& Null(int at);
  // The same without a copy: the bytes must stay where they are until Run has returned or Reset.
  Statement& TextInPlace(int at, std::string_view value);

  // True when there is a row.
  base::Result<bool> Next();
  // Steps to the end and resets.
  base::Status Run();
  void Reset();

  // Columns count from 0; the wrong type gives 0 or empty.
  std::int64_t ColumnInt(int at) const;
  std::string ColumnText(int at) const;
  std::string ColumnBlob(int at) const;
  bool ColumnIsNull(int at) const;

 private:
  sqlite3* connection_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  int bind_error_ = 0;
};

struct ConnectionOptions {
  std::string path;
  bool read_only = false;
  int busy_millis = 2000;
};

class Connection {
 public:
  static base::Result<Connection> Open(const ConnectionOptions& options);
  Connection() = default;
  Connection(Connection&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        begin_(std::move(other.begin_)),
        commit_(std::move(other.commit_)),
        busy_millis_(other.busy_millis_),
        wal_pages_(std::move(other.wal_pages_)) {}
  Connection& operator=(Connection&& other) noexcept;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  base::Result<Statement> Prepare(Sql sql);
  base::Status Run(Sql sql);
  // The first column of the first row; 0 when there is none.
  base::Result<std::int64_t> Number(Sql sql);
  std::int64_t Changes() const;

  // A virtual table of this connection alone; both must live as long as it.
  base::Status AddModule(const char* name, const sqlite3_module& module, void* context);

  // From now on commits leave the write-ahead log to Checkpoint, and WalPages counts what the last
  // commit left in it.
  void TakeOverCheckpoints();
  std::int64_t WalPages() const { return wal_pages_ ? *wal_pages_ : 0; }
  enum class CheckpointMode { kPassive, kTruncate };
  // Passive: copies what no reader needs, waits for nobody. Truncate: waits for readers as long as
  // said, then empties the file. False when readers stood in the way.
  base::Result<bool> Checkpoint(CheckpointMode mode, int wait_millis);

  // Rolls back what is open; nothing when there is no transaction.
  void Rollback();

 private:
  friend class Transaction;
  explicit Connection(sqlite3* handle) : handle_(handle) {}
  base::Status Begin();
  base::Status Commit();

  sqlite3* handle_ = nullptr;
  // Prepared once: a batch of one event would otherwise cost two compilations more.
  Statement begin_;
  Statement commit_;
  int busy_millis_ = 0;
  std::unique_ptr<std::int64_t> wal_pages_;  // SQLite's hook writes to it
};

// BEGIN IMMEDIATE ... COMMIT; rolls back unless committed.
class Transaction {
 public:
  static base::Result<Transaction> Begin(Connection& connection);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  base::Status Commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_CONNECTION_H_
