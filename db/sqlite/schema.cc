#include "db/sqlite/schema.h"

#include <span>

#include "base/clock.h"
#include "base/format.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"

namespace lazaret::db {
namespace {

constexpr Sql kVersion1[] = {
    "CREATE TABLE migration(version INTEGER PRIMARY KEY, applied INTEGER NOT NULL) STRICT",
    // The chain. time, node and verdict_id repeat what the body says, to be found by.
    "CREATE TABLE event("
    "  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL,"
    "  personal BLOB NOT NULL, verdict_id TEXT NOT NULL, time INTEGER NOT NULL,"
    "  node TEXT NOT NULL) STRICT",
    "CREATE INDEX event_verdict ON event(verdict_id)",
    "CREATE UNIQUE INDEX event_decision ON event(verdict_id) WHERE kind = 1",
    "CREATE TABLE anchor(id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL,"
    "  hash BLOB NOT NULL) STRICT",
    // What decisions are found by; derived from the bodies.
    "CREATE TABLE decision("
    "  seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, class INTEGER NOT NULL,"
    "  action INTEGER NOT NULL, sender TEXT NOT NULL, sender_domain TEXT NOT NULL) STRICT",
    "CREATE INDEX decision_time ON decision(time)",
    "CREATE INDEX decision_class ON decision(class)",
    "CREATE INDEX decision_action ON decision(action)",
    "CREATE INDEX decision_sender ON decision(sender)",
    "CREATE INDEX decision_sender_domain ON decision(sender_domain)",
    "CREATE TABLE recipient("
    "  seq INTEGER NOT NULL, position INTEGER NOT NULL, address TEXT NOT NULL,"
    "  domain TEXT NOT NULL, action INTEGER NOT NULL,"
    "  PRIMARY KEY (seq, position)) STRICT, WITHOUT ROWID",
    "CREATE INDEX recipient_address ON recipient(address, seq)",
    "CREATE INDEX recipient_domain ON recipient(domain, seq)",
    "CREATE TABLE finding("
    "  seq INTEGER NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL, rule TEXT NOT NULL,"
    "  class INTEGER NOT NULL, PRIMARY KEY (seq, position)) STRICT, WITHOUT ROWID",
    "CREATE INDEX finding_code ON finding(code, seq)",
    "CREATE INDEX finding_rule ON finding(rule, seq)",
    // Outside the chain.
    "CREATE TABLE acknowledgement(verdict_id TEXT PRIMARY KEY, mark INTEGER NOT NULL)"
    "  STRICT, WITHOUT ROWID",
    "CREATE TABLE history(key BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX history_seq ON history(seq)",
    "PRAGMA application_id = 1280987732",
    "PRAGMA user_version = 1",
};
// The times of each block of decisions take the place of an index of times, which could not give
// the newest first.
constexpr Sql kVersion2[] = {
    "CREATE TABLE span(block INTEGER PRIMARY KEY, first_time INTEGER NOT NULL,"
    "  last_time INTEGER NOT NULL) STRICT",
    "INSERT INTO span SELECT seq / 1024, min(time), max(time) FROM decision GROUP BY seq / 1024",
    "DROP INDEX decision_time",
    "PRAGMA user_version = 2",
};
// Ids are random, so each index of them costs every event a page of its own: decisions are found by
// one, and what lies beside them by their number. What is common (clean, accepted) is in no index
// of its column, as it leads to almost everything.
constexpr Sql kVersion3[] = {
    "DROP INDEX event_verdict",
    "CREATE INDEX event_later ON event(verdict_id) WHERE kind IN (2, 3)",
    "CREATE TABLE mark(seq INTEGER PRIMARY KEY, mark INTEGER NOT NULL) STRICT",
    "INSERT INTO mark SELECT e.seq, a.mark FROM event e JOIN acknowledgement a"
    "  ON a.verdict_id = e.verdict_id WHERE e.kind = 1",
    "DROP TABLE acknowledgement",
    "DROP INDEX decision_class",
    "DROP INDEX decision_action",
    "ALTER TABLE decision ADD COLUMN wanted INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE decision ADD COLUMN queue_id TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX decision_class ON decision(class) WHERE class != 0",
    "CREATE INDEX decision_action ON decision(action) WHERE action != 0",
    "CREATE INDEX decision_wanted ON decision(wanted) WHERE wanted != 0",
    "CREATE INDEX decision_queue_id ON decision(queue_id) WHERE queue_id != ''",
    "PRAGMA user_version = 3",
};
static_assert(kSpanEvents == 1024);
static_assert(kApplicationId == 1280987732);

base::Error Foreign() {
  return {base::ErrorCode::kCorrupt, "the database is not a Lazaret verdict log"};
}

base::Error TooNew(std::int64_t version) {
  return {base::ErrorCode::kUnsupported,
          base::Format("the verdict log has schema version {}, this Lazaret knows up to {}: it was "
                       "written by a newer release",
                       version, kSchemaVersion)};
}

// The columns of version 3 are filled from the bodies. One that cannot be read keeps the defaults:
// verify names it either way.
base::Status FillVersion3(Connection& connection) {
  LAZARET_ASSIGN(Statement events,
                 connection.Prepare("SELECT seq, body FROM event WHERE kind = 1 ORDER BY seq"));
  LAZARET_ASSIGN(Statement fill, connection.Prepare("UPDATE decision SET wanted = ?2, queue_id = ?3"
                                                    " WHERE seq = ?1"));
  for (;;) {
    LAZARET_ASSIGN(const bool row, events.Next());
    if (!row) return base::Ok();
    const auto event = DecodeEvent(EventKind::kDecision, events.ColumnBlob(1), {});
    if (!event.ok()) continue;
    const IndexRows index = DeriveIndex(*event);
    fill.Int(1, events.ColumnInt(0)).Int(2, static_cast<std::int64_t>(index.wanted));
    LAZARET_TRY(fill.Text(3, index.queue_id).Run());
  }
}

base::Status Step(Connection& connection, std::int64_t version, std::span<const Sql> statements) {
  LAZARET_ASSIGN(Transaction transaction, Transaction::Begin(connection));
  for (const Sql sql : statements) LAZARET_TRY(connection.Run(sql));
  if (version == 3) LAZARET_TRY(FillVersion3(connection));
  LAZARET_ASSIGN(Statement note,
                 connection.Prepare("INSERT INTO migration(version, applied) VALUES (?1, ?2)"));
  LAZARET_TRY(note.Int(1, version).Int(2, base::RealtimeNow().micros).Run());
  return transaction.Commit();
}

// The version found; 0 for a database without any table.
base::Result<std::int64_t> VersionOf(Connection& connection) {
  LAZARET_ASSIGN(const std::int64_t tables,
                 connection.Number("SELECT count(*) FROM sqlite_schema"));
  if (tables == 0) return std::int64_t{0};
  LAZARET_ASSIGN(const std::int64_t id, connection.Number("PRAGMA application_id"));
  if (id != kApplicationId) return Foreign();
  LAZARET_ASSIGN(const std::int64_t version, connection.Number("PRAGMA user_version"));
  if (version < 1) return Foreign();
  if (version > kSchemaVersion) return TooNew(version);
  return version;
}

}  // namespace

base::Status Migrate(Connection& connection) {
  LAZARET_ASSIGN(const std::int64_t version, VersionOf(connection));
  if (version < 1) LAZARET_TRY(Step(connection, 1, kVersion1));
  if (version < 2) LAZARET_TRY(Step(connection, 2, kVersion2));
  if (version < 3) LAZARET_TRY(Step(connection, 3, kVersion3));
  return base::Ok();
}

base::Error NeedsSchema(std::int64_t found) {
  return {base::ErrorCode::kUnsupported,
          base::Format("the verdict log has schema version {}, and this needs {}: start the daemon "
                       "once to bring it up to date",
                       found, kSchemaVersion)};
}

base::Result<std::int64_t> ReadableSchema(Connection& connection) {
  LAZARET_ASSIGN(const std::int64_t version, VersionOf(connection));
  if (version < 1) return NeedsSchema(version);
  return version;
}

}  // namespace lazaret::db
