// The reading half of the SQLite store, on its own connection, so that a query never waits for the
// writer. Thread-safe by one mutex. It reads older schemas as well (ReadableSchema): a search then
// walks what no index leads, and one by `wanted` or queue id is kUnsupported; so is NewestDecision
// before kSpanSchema.
#ifndef LAZARET_DB_SQLITE_READER_H_
#define LAZARET_DB_SQLITE_READER_H_

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/sqlite/connection.h"
#include "db/verdict_store.h"

namespace lazaret::db {

class SqliteReader {
 public:
  SqliteReader(Connection connection, std::int64_t schema)
      : connection_(std::move(connection)), schema_(schema) {}

  base::Result<ChainPosition> Last();
  base::Result<ChainPosition> Anchor();
  base::Result<std::vector<ChainedRecord>> Read(std::uint64_t after, std::uint32_t limit);
  base::Result<ChainPosition> OldPrefix(const OldBounds& bounds);
  base::Result<std::optional<base::UnixTime>> NewestDecision(base::UnixTime before);
  base::Result<std::vector<StoredVerdict>> Find(const Query& query);
  base::Result<StoredVerdict> Get(std::string_view verdict_id);
  base::Result<std::vector<std::string>> IdsWithPrefix(std::string_view prefix,
                                                       std::uint32_t limit);
  base::Result<bool> HistoryContains(std::span<const std::string> keys);

 private:
  base::Status ReadIndex(ChainedRecord& record);
  // Takes the columns that the schema has not got from the body.
  void FillNewColumns(ChainedRecord& record) const;
  base::Status ReadRecipients(ChainedRecord& record);
  base::Status ReadFindings(ChainedRecord& record);
  base::Result<StoredVerdict> ReadVerdict(std::uint64_t seq);
  // Whether the first decision after `seq` that has a time is old; false when there is none.
  base::Result<bool> NextIsOld(std::uint64_t seq, const OldBounds& bounds);

  std::mutex mutex_;
  Connection connection_;
  const std::int64_t schema_;
};

// Reads one position from a query that gives (seq, hash) or nothing.
base::Result<ChainPosition> ReadPosition(Connection& connection, Sql sql);

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_READER_H_
