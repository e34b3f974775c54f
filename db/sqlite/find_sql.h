// The search, once for each index that can lead it. Every text is a whole literal; all filters are
// bound, and one that is not given is NULL. Parameters:
//   1 since  2 until  3 class  4 action  5 rule or code  6 sender  7 sender domain
//   8 recipient  9 recipient domain  10 before seq  11 limit  12 first seq  13 wanted
//   14 queue id
#ifndef LAZARET_DB_SQLITE_FIND_SQL_H_
#define LAZARET_DB_SQLITE_FIND_SQL_H_

#include <cstdint>

#include "base/result.h"
#include "db/sqlite/connection.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// The text whose index leaves the fewest rows for this query.
Sql FindSql(const Query& query);

// For schemas before kWantedSchema: led by no index, and without parameters 13 and 14.
Sql OlderFindSql();

// Events [begin, end) that a query can fit at all.
struct SeqBounds {
  std::uint64_t begin = 0;
  std::uint64_t end = UINT64_MAX;
};

// From the times of the query, by the blocks of events whose times overlap them: events are
// numbered as they are written and timed by a clock that may jump, so neither order gives the
// other.
base::Result<SeqBounds> BoundsOf(const Query& query, Connection& connection);

void BindFind(const Query& query, const SeqBounds& bounds, Statement& statement);

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_FIND_SQL_H_
