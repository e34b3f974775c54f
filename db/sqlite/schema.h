// The schema of verdicts.db and the way to it. docs/formats.md explains each column.
#ifndef LAZARET_DB_SQLITE_SCHEMA_H_
#define LAZARET_DB_SQLITE_SCHEMA_H_

#include <cstdint>

#include "base/result.h"
#include "db/sqlite/connection.h"

namespace lazaret::db {

inline constexpr std::int64_t kSchemaVersion = 3;
// The first versions with the table span, and with marks by number and the columns wanted and
// queue_id.
inline constexpr std::int64_t kSpanSchema = 2;
inline constexpr std::int64_t kWantedSchema = 3;
inline constexpr std::int64_t kApplicationId = 0x4C5A5254;  // "LZRT"

// Events of one row of `span`: a search by time walks at most so many that do not fit at each end.
inline constexpr std::int64_t kSpanEvents = 1024;

// Brings an empty or older database to kSchemaVersion, one migration a transaction; refuses a newer
// one (kUnsupported) and a database of another program (kCorrupt).
base::Status Migrate(Connection& connection);

// For readers: the version, 1 to kSchemaVersion, with the same refusals; kUnsupported for a
// database that is still empty. Changes nothing.
base::Result<std::int64_t> ReadableSchema(Connection& connection);

// What a reader answers to a question that only a column of today's schema can answer.
base::Error NeedsSchema(std::int64_t found);

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_SCHEMA_H_
