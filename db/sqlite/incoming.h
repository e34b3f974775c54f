// Rows in the caller's memory that SQL of one connection reads as the table `incoming` (columns c0
// to c7), so that a batch is one statement a table and not one a row: SQLite then keeps its place
// in each tree, and nothing is bound, begun and ended for each row.
#ifndef LAZARET_DB_SQLITE_INCOMING_H_
#define LAZARET_DB_SQLITE_INCOMING_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "db/sqlite/connection.h"

struct sqlite3_context;

namespace lazaret::db {

// Where the value of one column goes. The bytes must stay until the statement has run.
class Cell {
 public:
  explicit Cell(sqlite3_context* context) : context_(context) {}
  void Int(std::int64_t value);
  void Text(std::string_view value);
  void Blob(std::string_view value);

 private:
  sqlite3_context* context_;
};

// One pass over some rows. Must not throw: SQLite calls it.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // To the first row, to the next one; false when there is none.
  virtual bool Start() = 0;
  virtual bool Next() = 0;
  virtual void Put(int column, Cell cell) const = 0;
};

class Incoming {
 public:
  // Statements that name `incoming` can be prepared from then on; outside Run it is empty. Must
  // live as long as the connection.
  static base::Result<std::unique_ptr<Incoming>> Make(Connection& connection);

  // Runs the statement over the rows.
  base::Status Run(Statement& statement, RowSource& rows);
  RowSource* rows() const { return rows_; }

 private:
  Incoming() = default;
  RowSource* rows_ = nullptr;
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_INCOMING_H_
