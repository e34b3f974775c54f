#include "db/sqlite/incoming.h"

#include <sqlite3.h>

#include <new>

namespace lazaret::db {
namespace {

// What the planner is told: a usual batch.
constexpr sqlite3_int64 kUsualRows = 64;

struct Table : sqlite3_vtab {
  const Incoming* incoming = nullptr;
};

struct Cursor : sqlite3_vtab_cursor {
  RowSource* rows = nullptr;
  bool at_row = false;
  sqlite3_int64 number = 0;
};

Cursor& Of(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }

int Connect(sqlite3* handle, void* incoming, int, const char* const*, sqlite3_vtab** out, char**) {
  const int declared =
      sqlite3_declare_vtab(handle, "CREATE TABLE incoming(c0, c1, c2, c3, c4, c5, c6, c7)");
  if (declared != SQLITE_OK) return declared;
  sqlite3_vtab_config(handle, SQLITE_VTAB_DIRECTONLY);
  auto* table = new (std::nothrow) Table();
  if (table == nullptr) return SQLITE_NOMEM;
  table->incoming = static_cast<const Incoming*>(incoming);
  *out = table;
  return SQLITE_OK;
}

int Disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) {
  info->estimatedCost = static_cast<double>(kUsualRows);
  info->estimatedRows = kUsualRows;
  return SQLITE_OK;
}

int Open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto* cursor = new (std::nothrow) Cursor();
  if (cursor == nullptr) return SQLITE_NOMEM;
  *out = cursor;
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* cursor) {
  delete &Of(cursor);
  return SQLITE_OK;
}

int Filter(sqlite3_vtab_cursor* base, int, const char*, int, sqlite3_value**) {
  Cursor& cursor = Of(base);
  cursor.rows = static_cast<Table*>(base->pVtab)->incoming->rows();
  cursor.at_row = cursor.rows != nullptr && cursor.rows->Start();
  cursor.number = 0;
  return SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* base) {
  Cursor& cursor = Of(base);
  cursor.at_row = cursor.rows->Next();
  ++cursor.number;
  return SQLITE_OK;
}

int Eof(sqlite3_vtab_cursor* cursor) { return Of(cursor).at_row ? 0 : 1; }

int Column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
  Of(cursor).rows->Put(column, Cell(context));
  return SQLITE_OK;
}

int Rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  *out = Of(cursor).number;
  return SQLITE_OK;
}

// Without xCreate the table is there by its name alone and stands in no schema.
sqlite3_module MakeModule() {
  sqlite3_module module{};
  module.xConnect = Connect;
  module.xDisconnect = Disconnect;
  module.xBestIndex = BestIndex;
  module.xOpen = Open;
  module.xClose = Close;
  module.xFilter = Filter;
  module.xNext = Next;
  module.xEof = Eof;
  module.xColumn = Column;
  module.xRowid = Rowid;
  return module;
}

}  // namespace

void Cell::Int(std::int64_t value) { sqlite3_result_int64(context_, value); }

void Cell::Text(std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  sqlite3_result_text64(context_, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Cell::Blob(std::string_view value) {
  const char* bytes = value.data() != nullptr ? value.data() : "";
  sqlite3_result_blob64(context_, bytes, value.size(), SQLITE_STATIC);
}

base::Result<std::unique_ptr<Incoming>> Incoming::Make(Connection& connection) {
  static const sqlite3_module module = MakeModule();
  std::unique_ptr<Incoming> incoming(new Incoming());
  LAZARET_TRY(connection.AddModule("incoming", module, incoming.get()));
  return incoming;
}

base::Status Incoming::Run(Statement& statement, RowSource& rows) {
  rows_ = &rows;
  base::Status status = statement.Run();
  rows_ = nullptr;
  return status;
}

}  // namespace lazaret::db
