#include "db/sqlite/writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"
#include "db/sqlite/reader.h"
#include "db/sqlite/record_rows.h"
#include "db/sqlite/schema.h"

namespace lazaret::db {
namespace {

base::Status ToWal(Connection& connection) {
  LAZARET_ASSIGN(Statement statement, connection.Prepare("PRAGMA journal_mode = WAL"));
  LAZARET_ASSIGN(const bool row, statement.Next());
  if (row && statement.ColumnText(0) == "wal") return base::Ok();
  return base::Error{base::ErrorCode::kUnavailable,
                     "verdict log: the file system does not allow a write-ahead log"};
}

// Numbers that one transaction of Forget covers.
constexpr std::int64_t kForgetAtOnce = 200;

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

base::Result<std::unique_ptr<SqliteWriter>> SqliteWriter::Make(Connection connection,
                                                               std::uint64_t max_history_pairs,
                                                               std::uint32_t wal_limit_pages) {
  std::unique_ptr<SqliteWriter> writer(
      new SqliteWriter(std::move(connection), max_history_pairs, wal_limit_pages));
  Connection& own = writer->connection_;
  // Forgotten values are overwritten, not only unlinked.
  LAZARET_TRY(own.Run("PRAGMA secure_delete = ON"));
  // As FULL, and the folder is synced when the rollback journal of a migration is gone: one that
  // came back after a power cut would be played into a database that has moved on.
  LAZARET_TRY(own.Run("PRAGMA synchronous = EXTRA"));
  LAZARET_TRY(own.Run("PRAGMA journal_size_limit = 67108864"));
  // In KiB: the inner pages of all indexes of a large log, which the default of 2 MiB reads again
  // and again.
  LAZARET_TRY(own.Run("PRAGMA cache_size = -16384"));
  LAZARET_TRY(Migrate(own));
  LAZARET_TRY(ToWal(own));
  own.TakeOverCheckpoints();
  LAZARET_TRY(writer->Prepare());
  LAZARET_ASSIGN(const std::int64_t pairs, own.Number("SELECT count(*) FROM history"));
  writer->history_pairs_ = static_cast<std::uint64_t>(pairs);
  return writer;
}

// OR FAIL: a batch that fails is rolled back as a whole, so SQLite need not keep what it would take
// to undo one statement of it.
base::Status SqliteWriter::Prepare() {
  LAZARET_ASSIGN(incoming_, Incoming::Make(connection_));
  LAZARET_ASSIGN(last_seq_,
                 connection_.Prepare("SELECT max(ifnull((SELECT max(seq) FROM event), 0),"
                                     " ifnull((SELECT seq FROM anchor), 0))"));
  LAZARET_ASSIGN(insert_event_,
                 connection_.Prepare("INSERT OR FAIL INTO event(seq, kind, hash, body, personal,"
                                     " verdict_id, time, node) SELECT * FROM incoming"));
  LAZARET_ASSIGN(insert_decision_,
                 connection_.Prepare("INSERT OR FAIL INTO decision(seq, time, class, action,"
                                     " sender, sender_domain, wanted, queue_id)"
                                     " SELECT * FROM incoming"));
  LAZARET_ASSIGN(widen_span_,
                 connection_.Prepare("INSERT INTO span(block, first_time, last_time)"
                                     " VALUES (?1, ?2, ?3) ON CONFLICT(block) DO UPDATE SET"
                                     " first_time = min(first_time, excluded.first_time),"
                                     " last_time = max(last_time, excluded.last_time)"));
  LAZARET_ASSIGN(insert_recipient_,
                 connection_.Prepare("INSERT OR FAIL INTO recipient(seq, position, address,"
                                     " domain, action) SELECT c0, c1, c2, c3, c4 FROM incoming"));
  LAZARET_ASSIGN(insert_finding_,
                 connection_.Prepare("INSERT OR FAIL INTO finding(seq, position, code, rule,"
                                     " class) SELECT c0, c1, c2, c3, c4 FROM incoming"));
  LAZARET_ASSIGN(insert_history_, connection_.Prepare("INSERT OR IGNORE INTO history(key, seq)"
                                                      " SELECT c0, c1 FROM incoming"));
  LAZARET_ASSIGN(refresh_history_, connection_.Prepare(kRefreshHistory));
  LAZARET_ASSIGN(mark_,
                 connection_.Prepare("INSERT INTO mark(seq, mark) SELECT seq, ?2 FROM event"
                                     " WHERE verdict_id = ?1 AND kind = 1"
                                     " ON CONFLICT(seq) DO UPDATE SET mark = excluded.mark"));
  return base::Ok();
}

base::Status SqliteWriter::AppendBatch(std::span<const ChainedRecord> records) {
  if (records.empty()) return base::Ok();
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Transaction transaction, Transaction::Begin(connection_));
  LAZARET_TRY(CheckFollows(records.front()));
  std::uint64_t pairs = history_pairs_;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].seq != records.front().seq + i) {
      return base::Error{base::ErrorCode::kInvalid, "verdict log: a batch with a gap"};
    }
  }
  LAZARET_TRY(Insert(records));
  LAZARET_TRY(NoteHistory(records, pairs));
  if (pairs > max_history_pairs_) LAZARET_TRY(TrimHistory(pairs));
  LAZARET_TRY(transaction.Commit());
  history_pairs_ = pairs;
  return base::Ok();
}

base::Status SqliteWriter::CheckFollows(const ChainedRecord& first) {
  LAZARET_ASSIGN(const bool row, last_seq_.Next());
  const std::int64_t last = row ? last_seq_.ColumnInt(0) : 0;
  last_seq_.Reset();
  if (Signed(first.seq) == last + 1) return base::Ok();
  return base::Error{base::ErrorCode::kInvalid,
                     base::Format("verdict log: event {} does not follow {}", first.seq, last)};
}

base::Status SqliteWriter::Insert(std::span<const ChainedRecord> records) {
  EventRows events(records);
  LAZARET_TRY(incoming_->Run(insert_event_, events));
  DecisionRows decisions(records);
  LAZARET_TRY(incoming_->Run(insert_decision_, decisions));
  RecipientRows recipients(records);
  LAZARET_TRY(incoming_->Run(insert_recipient_, recipients));
  FindingRows findings(records);
  LAZARET_TRY(incoming_->Run(insert_finding_, findings));
  return WidenSpans(records);
}

// One row a block, not one an event: they follow each other.
base::Status SqliteWriter::WidenSpans(std::span<const ChainedRecord> records) {
  for (std::size_t i = 0; i < records.size();) {
    const std::int64_t block = Signed(records[i].seq) / kSpanEvents;
    std::int64_t first = INT64_MAX;
    std::int64_t last = INT64_MIN;
    for (; i < records.size() && Signed(records[i].seq) / kSpanEvents == block; ++i) {
      if (records[i].kind != EventKind::kDecision) continue;
      first = std::min(first, records[i].index.time.micros);
      last = std::max(last, records[i].index.time.micros);
    }
    if (first > last) continue;
    LAZARET_TRY(widen_span_.Int(1, block).Int(2, first).Int(3, last).Run());
  }
  return base::Ok();
}

base::Status SqliteWriter::NoteHistory(std::span<const ChainedRecord> records,
                                       std::uint64_t& pairs) {
  std::uint64_t keys = 0;
  for (const ChainedRecord& one : records) keys += one.history.size();
  if (keys == 0) return base::Ok();
  HistoryRows rows(records);
  LAZARET_TRY(incoming_->Run(insert_history_, rows));
  const auto added = static_cast<std::uint64_t>(connection_.Changes());
  pairs += added;
  if (added == keys) return base::Ok();
  // Which pair went longest unseen need not be exact: one that writes often would cost two pages a
  // message.
  return incoming_->Run(refresh_history_.Int(1, Signed(max_history_pairs_ / 16)), rows);
}

base::Status SqliteWriter::TrimHistory(std::uint64_t& pairs) {
  // A sixteenth more than needed, so that this is rare.
  const std::uint64_t surplus = pairs - max_history_pairs_ + max_history_pairs_ / 16;
  LAZARET_ASSIGN(Statement trim,
                 connection_.Prepare("DELETE FROM history WHERE key IN"
                                     " (SELECT key FROM history ORDER BY seq LIMIT ?1)"));
  LAZARET_TRY(trim.Int(1, Signed(surplus)).Run());
  pairs -= static_cast<std::uint64_t>(connection_.Changes());
  return base::Ok();
}

base::Status SqliteWriter::Mark(std::span<const Acknowledgement> marks) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Transaction transaction, Transaction::Begin(connection_));
  for (const Acknowledgement& one : marks) {
    LAZARET_TRY(
        mark_.TextInPlace(1, one.verdict_id).Int(2, static_cast<std::int64_t>(one.mark)).Run());
  }
  return transaction.Commit();
}

base::Result<std::uint64_t> SqliteWriter::Forget(const ForgetSelector& selector) {
  std::uint64_t total = 0;
  if (!selector.verdict_id.empty()) {
    LAZARET_ASSIGN(total, ForgetVerdict(selector.verdict_id));
  }
  if (selector.before) {
    LAZARET_ASSIGN(const std::uint64_t older, ForgetOlder(*selector.before));
    total += older;
  }
  const std::lock_guard lock(mutex_);
  // Old pages in the WAL still hold the values.
  if (total != 0) static_cast<void>(connection_.Run("PRAGMA wal_checkpoint(TRUNCATE)"));
  return total;
}

base::Result<std::uint64_t> SqliteWriter::ForgetVerdict(const std::string& verdict_id) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Statement rows,
                 connection_.Prepare("SELECT seq, kind, body FROM event WHERE verdict_id = ?1"
                                     " AND kind = 1 AND personal != x'' UNION ALL"
                                     " SELECT seq, kind, body FROM event WHERE verdict_id = ?1"
                                     " AND kind IN (2, 3) AND personal != x''"));
  rows.Text(1, verdict_id);
  return ForgetRows(std::move(rows));
}

base::Result<std::uint64_t> SqliteWriter::ForgetOlder(base::UnixTime before) {
  std::uint64_t total = 0;
  std::int64_t from = 0;
  for (;;) {
    const std::lock_guard lock(mutex_);
    LAZARET_ASSIGN(Statement next, connection_.Prepare("SELECT ifnull(min(seq), 0) FROM event"
                                                       " WHERE seq >= ?1"));
    LAZARET_ASSIGN(const bool row, next.Int(1, from).Next());
    from = row ? next.ColumnInt(0) : 0;
    next.Reset();
    if (from == 0) return total;
    LAZARET_ASSIGN(Statement rows,
                   connection_.Prepare("SELECT seq, kind, body FROM event WHERE seq BETWEEN ?1 AND"
                                       " ?2 AND time < ?3 AND personal != x'' AND kind != 4"));
    rows.Int(1, from).Int(2, from + kForgetAtOnce - 1).Int(3, before.micros);
    LAZARET_ASSIGN(const std::uint64_t some, ForgetRows(std::move(rows)));
    total += some;
    from += kForgetAtOnce;
    TidyLocked();
  }
}

base::Result<std::uint64_t> SqliteWriter::ForgetRows(Statement rows) {
  LAZARET_ASSIGN(Transaction transaction, Transaction::Begin(connection_));
  struct Row {
    std::uint64_t seq;
    EventKind kind;
    std::string body;
  };
  std::vector<Row> found;
  for (;;) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) break;
    found.push_back({static_cast<std::uint64_t>(rows.ColumnInt(0)),
                     static_cast<EventKind>(rows.ColumnInt(1)), rows.ColumnBlob(2)});
  }
  rows.Reset();
  for (const Row& row : found) LAZARET_TRY(ForgetOne(row.seq, row.kind, row.body));
  LAZARET_TRY(transaction.Commit());
  return static_cast<std::uint64_t>(found.size());
}

base::Status SqliteWriter::ForgetOne(std::uint64_t seq, EventKind kind, const std::string& body) {
  LAZARET_ASSIGN(Statement clear,
                 connection_.Prepare("UPDATE event SET personal = x'' WHERE seq = ?1"));
  LAZARET_TRY(clear.Int(1, Signed(seq)).Run());
  if (kind != EventKind::kDecision) return base::Ok();
  LAZARET_ASSIGN(const Event event, DecodeEvent(kind, body, {}));
  ChainedRecord record;
  record.seq = seq;
  record.index = DeriveIndex(event);
  LAZARET_ASSIGN(Statement sender, connection_.Prepare("UPDATE decision SET sender = ?2,"
                                                       " sender_domain = ?3 WHERE seq = ?1"));
  sender.Int(1, Signed(seq)).Text(2, record.index.sender).Text(3, record.index.sender_domain);
  LAZARET_TRY(sender.Run());
  LAZARET_ASSIGN(Statement drop, connection_.Prepare("DELETE FROM recipient WHERE seq = ?1"));
  LAZARET_TRY(drop.Int(1, Signed(seq)).Run());
  RecipientRows recipients(std::span(&record, 1));
  return incoming_->Run(insert_recipient_, recipients);
}

}  // namespace lazaret::db
