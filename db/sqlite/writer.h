// The writing half of the SQLite store. Thread-safe by one mutex; each call is one transaction
// (Forget: one for each 200 numbers, so that it never holds up decisions for long).
#ifndef LAZARET_DB_SQLITE_WRITER_H_
#define LAZARET_DB_SQLITE_WRITER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/incoming.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// Moves keys on that were last seen at least ?1 events before. Led by the rows of the batch, never
// by the table, which may hold a million.
inline constexpr Sql kRefreshHistory =
    "UPDATE OR FAIL history SET seq = c1 FROM incoming WHERE key = c0 AND c1 - seq >= ?1";

class SqliteWriter {
 public:
  // Sets the journal mode, migrates, prepares.
  static base::Result<std::unique_ptr<SqliteWriter>> Make(Connection connection,
                                                          std::uint64_t max_history_pairs,
                                                          std::uint32_t wal_limit_pages);

  base::Status AppendBatch(std::span<const ChainedRecord> records);
  base::Status Mark(std::span<const Acknowledgement> marks);
  base::Result<std::uint64_t> Forget(const ForgetSelector& selector);
  base::Result<ChainPosition> RemoveSome(const ChainPosition& through);
  // Keeps the write-ahead log at about wal_limit_pages while no reader stays long.
  void Tidy();

 private:
  SqliteWriter(Connection connection, std::uint64_t max_history_pairs,
               std::uint32_t wal_limit_pages)
      : connection_(std::move(connection)),
        max_history_pairs_(max_history_pairs),
        wal_limit_pages_(wal_limit_pages) {}

  base::Status Prepare();
  base::Status CheckFollows(const ChainedRecord& first);
  base::Status Insert(std::span<const ChainedRecord> records);
  base::Status WidenSpans(std::span<const ChainedRecord> records);
  base::Status NoteHistory(std::span<const ChainedRecord> records, std::uint64_t& pairs);
  base::Status TrimHistory(std::uint64_t& pairs);
  base::Result<std::uint64_t> ForgetOlder(base::UnixTime before);
  // `rows` gives seq, kind and body.
  base::Result<std::uint64_t> ForgetRows(Statement rows);
  base::Result<std::uint64_t> ForgetVerdict(const std::string& verdict_id);
  void TidyLocked();
  void Truncate(std::int64_t pages);
  base::Status RemoveRows(const ChainPosition& last);
  base::Status ForgetOne(std::uint64_t seq, EventKind kind, const std::string& body);

  std::mutex mutex_;
  std::unique_ptr<Incoming> incoming_;  // before the connection, which uses it to its end
  Connection connection_;
  std::uint64_t max_history_pairs_;
  const std::int64_t wal_limit_pages_;
  std::int64_t copied_at_pages_ = 0;      // size of the write-ahead log at the last copying
  std::int64_t warned_at_pages_ = 0;      // the same at the last warning
  base::Nanoseconds truncate_after_ = 0;  // monotonic; set when readers stood in the way
  std::uint64_t history_pairs_ = 0;
  Statement last_seq_;
  Statement insert_event_;
  Statement insert_decision_;
  Statement widen_span_;
  Statement insert_recipient_;
  Statement insert_finding_;
  Statement insert_history_;
  Statement refresh_history_;
  Statement mark_;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_WRITER_H_
