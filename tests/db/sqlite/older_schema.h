// Logs as earlier releases left them.
#ifndef LAZARET_TESTS_DB_SQLITE_OLDER_SCHEMA_H_
#define LAZARET_TESTS_DB_SQLITE_OLDER_SCHEMA_H_

#include <string>

#include "db/sqlite/connection.h"
#include "tests/support/catch.h"

namespace lazaret::db::testing {

inline void RunOn(Connection& raw, Sql sql) {
  const base::Status done = raw.Run(sql);
  if (!done.ok()) FAIL(done.error().text);
}

// From version 3.
inline void MakeVersion2(const std::string& path) {
  auto opened = Connection::Open({path, false, 1000});
  REQUIRE(opened.ok());
  constexpr Sql kBack[] = {
      "DROP INDEX event_later",
      "DROP INDEX decision_class",
      "DROP INDEX decision_action",
      "DROP INDEX decision_wanted",
      "DROP INDEX decision_queue_id",
      "ALTER TABLE decision DROP COLUMN wanted",
      "ALTER TABLE decision DROP COLUMN queue_id",
      "CREATE INDEX event_verdict ON event(verdict_id)",
      "CREATE INDEX decision_class ON decision(class)",
      "CREATE INDEX decision_action ON decision(action)",
      "CREATE TABLE acknowledgement(verdict_id TEXT PRIMARY KEY, mark INTEGER NOT NULL)"
      "  STRICT, WITHOUT ROWID",
      "INSERT INTO acknowledgement SELECT e.verdict_id, m.mark FROM mark m"
      " JOIN event e USING (seq)",
      "DROP TABLE mark",
      "DELETE FROM migration WHERE version > 2",
      "PRAGMA user_version = 2",
  };
  for (const Sql sql : kBack) RunOn(*opened, sql);
}

// From version 2.
inline void MakeVersion1(const std::string& path) {
  auto opened = Connection::Open({path, false, 1000});
  REQUIRE(opened.ok());
  constexpr Sql kBack[] = {
      "DROP TABLE span",
      "CREATE INDEX decision_time ON decision(time)",
      "DELETE FROM migration WHERE version > 1",
      "PRAGMA user_version = 1",
  };
  for (const Sql sql : kBack) RunOn(*opened, sql);
}

}  // namespace lazaret::db::testing

#endif  // LAZARET_TESTS_DB_SQLITE_OLDER_SCHEMA_H_
