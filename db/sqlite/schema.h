// The schema of verdicts.db and the way to it. docs/formats.md explains each column.
#ifndef LAZARET_DB_SQLITE_SCHEMA_H_
#define LAZARET_DB_SQLITE_SCHEMA_H_

#include <cstdint>

#include "base/result.h"
#include "db/sqlite/connection.h"

namespace lazaret::db {

inline constexpr std::int64_t kSchemaVersion = 3;
inline constexpr std::int64_t kApplicationId = 0x4C5A5254;  // "LZRT"

// Events of one row of `span`: a search by time walks at most so many that do not fit at each end.
inline constexpr std::int64_t kSpanEvents = 1024;

// Brings an empty or older database to kSchemaVersion, one migration a transaction; refuses a newer
// one (kUnsupported) and a database of another program (kCorrupt).
base::Status Migrate(Connection& connection);

// For readers: the same refusals, and kUnsupported for an older schema; changes nothing.
base::Status CheckSchema(Connection& connection);

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_SCHEMA_H_
