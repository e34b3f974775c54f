// What retention asks of the log.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "db/sqlite/reader.h"
#include "db/sqlite/schema.h"

namespace lazaret::db {
namespace {

base::Result<ChainPosition> PositionAt(Connection& connection, std::uint64_t seq) {
  LAZARET_ASSIGN(Statement row, connection.Prepare("SELECT hash FROM event WHERE seq = ?1"));
  LAZARET_ASSIGN(const bool found, row.Int(1, static_cast<std::int64_t>(seq)).Next());
  const std::string hash = found ? row.ColumnBlob(0) : std::string();
  ChainPosition position{seq, {}};
  if (hash.size() != position.hash.size()) {
    return base::Error{base::ErrorCode::kCorrupt, "verdict log: a hash is not 32 bytes long"};
  }
  std::copy(hash.begin(), hash.end(), position.hash.begin());
  return position;
}

// The first column of the first row; nullopt when that is NULL.
base::Result<std::optional<base::UnixTime>> TimeOf(Statement& statement) {
  LAZARET_ASSIGN(const bool row, statement.Next());
  if (!row || statement.ColumnIsNull(0)) return std::optional<base::UnixTime>();
  return std::optional(base::UnixTime{statement.ColumnInt(0)});
}

}  // namespace

base::Result<ChainPosition> SqliteReader::OldPrefix(const OldBounds& bounds) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(const ChainPosition anchor,
                 ReadPosition(connection_, "SELECT seq, hash FROM anchor"));
  LAZARET_ASSIGN(Statement rows, connection_.Prepare("SELECT seq, time FROM event WHERE seq > ?1"
                                                     " ORDER BY seq LIMIT ?2"));
  rows.Int(1, static_cast<std::int64_t>(anchor.seq));
  rows.Int(2, static_cast<std::int64_t>(bounds.limit));
  std::uint64_t end = anchor.seq;
  std::uint64_t reached = end;
  bool young = false;
  while (!young) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) break;
    const std::int64_t time = rows.ColumnInt(1);
    young = time >= bounds.before.micros && time < bounds.unknown_from.micros;
    if (!young) reached = static_cast<std::uint64_t>(rows.ColumnInt(0));
    if (time < bounds.before.micros) end = reached;
  }
  if (!young && reached != end) {
    LAZARET_ASSIGN(const bool old, NextIsOld(reached, bounds));
    if (old) end = reached;
  }
  if (end == anchor.seq) return anchor;
  return PositionAt(connection_, end);
}

base::Result<bool> SqliteReader::NextIsOld(std::uint64_t seq, const OldBounds& bounds) {
  LAZARET_ASSIGN(Statement next, connection_.Prepare("SELECT time FROM decision"
                                                     " WHERE seq > ?1 AND time < ?2"
                                                     " ORDER BY seq LIMIT 1"));
  next.Int(1, static_cast<std::int64_t>(seq)).Int(2, bounds.unknown_from.micros);
  LAZARET_ASSIGN(const bool row, next.Next());
  return row && next.ColumnInt(0) < bounds.before.micros;
}

// Whole blocks by their times. Those that `before` cuts are looked into, one as a rule, and the
// first: its times may be those of decisions that were removed.
base::Result<std::optional<base::UnixTime>> SqliteReader::NewestDecision(base::UnixTime before) {
  const std::lock_guard lock(mutex_);
  if (schema_ < kSpanSchema) return NeedsSchema(schema_);
  LAZARET_ASSIGN(Statement blocks,
                 connection_.Prepare("SELECT max(last_time) FROM span WHERE last_time < ?1"
                                     " AND block > (SELECT min(block) FROM span)"));
  LAZARET_ASSIGN(const std::optional<base::UnixTime> whole, TimeOf(blocks.Int(1, before.micros)));
  LAZARET_ASSIGN(
      Statement decisions,
      connection_.Prepare("SELECT max(d.time) FROM span s CROSS JOIN decision d"
                          " ON d.seq >= s.block * 1024 AND d.seq < (s.block + 1) * 1024"
                          " WHERE s.first_time < ?1 AND d.time < ?1 AND (s.last_time >= ?1"
                          "   OR s.block = (SELECT min(block) FROM span))"));
  LAZARET_ASSIGN(const std::optional<base::UnixTime> cut, TimeOf(decisions.Int(1, before.micros)));
  if (!whole || !cut) return whole ? whole : cut;
  return std::optional(whole->micros > cut->micros ? *whole : *cut);
}

}  // namespace lazaret::db
