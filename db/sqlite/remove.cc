// Retention: whole prefixes of the chain go, a batch a transaction.
#include <algorithm>
#include <mutex>

#include "db/sqlite/reader.h"
#include "db/sqlite/schema.h"
#include "db/sqlite/writer.h"

namespace lazaret::db {
namespace {

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

base::Result<base::Sha256Digest> HashAt(Connection& connection, std::uint64_t seq) {
  LAZARET_ASSIGN(Statement row, connection.Prepare("SELECT hash FROM event WHERE seq = ?1"));
  LAZARET_ASSIGN(const bool found, row.Int(1, Signed(seq)).Next());
  const std::string hash = found ? row.ColumnBlob(0) : std::string();
  base::Sha256Digest digest{};
  if (hash.size() != digest.size()) {
    return base::Error{base::ErrorCode::kInvalid, "verdict log: no such event is kept"};
  }
  std::copy(hash.begin(), hash.end(), digest.begin());
  return digest;
}

}  // namespace

base::Result<ChainPosition> SqliteWriter::RemoveSome(const ChainPosition& through) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Transaction transaction, Transaction::Begin(connection_));
  LAZARET_ASSIGN(const base::Sha256Digest hash, HashAt(connection_, through.seq));
  if (hash != through.hash) {
    return base::Error{base::ErrorCode::kInvalid, "verdict log: no such event is kept"};
  }
  LAZARET_ASSIGN(const ChainPosition anchor,
                 ReadPosition(connection_, "SELECT seq, hash FROM anchor"));
  ChainPosition last;
  last.seq = std::min(through.seq, anchor.seq + kRemovedAtOnce);
  LAZARET_ASSIGN(last.hash, HashAt(connection_, last.seq));
  LAZARET_TRY(RemoveRows(last));
  LAZARET_TRY(transaction.Commit());
  TidyLocked();
  return last;
}

base::Status SqliteWriter::RemoveRows(const ChainPosition& last) {
  constexpr Sql kAll[] = {
      "DELETE FROM mark WHERE seq <= ?1",    "DELETE FROM recipient WHERE seq <= ?1",
      "DELETE FROM finding WHERE seq <= ?1", "DELETE FROM decision WHERE seq <= ?1",
      "DELETE FROM event WHERE seq <= ?1",
  };
  for (const Sql sql : kAll) {
    LAZARET_ASSIGN(Statement remove, connection_.Prepare(sql));
    LAZARET_TRY(remove.Int(1, Signed(last.seq)).Run());
  }
  LAZARET_ASSIGN(Statement spans, connection_.Prepare("DELETE FROM span WHERE block < ?1"));
  LAZARET_TRY(spans.Int(1, Signed(last.seq + 1) / kSpanEvents).Run());
  LAZARET_ASSIGN(Statement anchor, connection_.Prepare("INSERT INTO anchor(id, seq, hash)"
                                                       " VALUES (1, ?1, ?2) ON CONFLICT(id) DO"
                                                       " UPDATE SET seq = ?1, hash = ?2"));
  return anchor.Int(1, Signed(last.seq)).Blob(2, base::AsBytes(last.hash)).Run();
}

}  // namespace lazaret::db
