// The search, once for each index that can lead it. Every text is a whole literal; all filters are
// bound, and one that is not given is NULL. Parameters:
//   1 since  2 until  3 class  4 action  5 rule or code  6 sender  7 sender domain
//   8 recipient  9 recipient domain  10 before seq  11 limit
#ifndef LAZARET_DB_SQLITE_FIND_SQL_H_
#define LAZARET_DB_SQLITE_FIND_SQL_H_

#include "db/sqlite/connection.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// The text whose index leaves the fewest rows for this query.
Sql FindSql(const Query& query);

base::Status BindFind(const Query& query, Statement& statement);

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_FIND_SQL_H_
