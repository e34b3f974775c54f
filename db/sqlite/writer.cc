#include "db/sqlite/writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"
#include "db/sqlite/reader.h"
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

base::Status SqliteWriter::Prepare() {
  LAZARET_ASSIGN(insert_event_, connection_.Prepare(
                                    "INSERT INTO event(seq, kind, hash, body, personal, verdict_id,"
                                    " time, node) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  LAZARET_ASSIGN(insert_decision_,
                 connection_.Prepare("INSERT INTO decision(seq, time, class, action, sender,"
                                     " sender_domain, wanted, queue_id)"
                                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  LAZARET_ASSIGN(widen_span_,
                 connection_.Prepare("INSERT INTO span(block, first_time, last_time)"
                                     " VALUES (?1, ?2, ?3) ON CONFLICT(block) DO UPDATE SET"
                                     " first_time = min(first_time, excluded.first_time),"
                                     " last_time = max(last_time, excluded.last_time)"));
  LAZARET_ASSIGN(insert_recipient_,
                 connection_.Prepare("INSERT INTO recipient(seq, position, address, domain, action)"
                                     " VALUES (?1, ?2, ?3, ?4, ?5)"));
  LAZARET_ASSIGN(insert_finding_,
                 connection_.Prepare("INSERT INTO finding(seq, position, code, rule, class)"
                                     " VALUES (?1, ?2, ?3, ?4, ?5)"));
  LAZARET_ASSIGN(find_history_, connection_.Prepare("SELECT seq FROM history WHERE key = ?1"));
  LAZARET_ASSIGN(update_history_,
                 connection_.Prepare("UPDATE history SET seq = ?1 WHERE key = ?2"));
  LAZARET_ASSIGN(insert_history_,
                 connection_.Prepare(
                     "INSERT INTO history(seq, key) VALUES (?1, ?2) ON CONFLICT(key) DO NOTHING"));
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
    LAZARET_TRY(Insert(records[i]));
    LAZARET_TRY(NoteHistory(records[i], pairs));
  }
  LAZARET_TRY(WidenSpans(records));
  if (pairs > max_history_pairs_) LAZARET_TRY(TrimHistory(pairs));
  LAZARET_TRY(transaction.Commit());
  history_pairs_ = pairs;
  return base::Ok();
}

base::Status SqliteWriter::CheckFollows(const ChainedRecord& first) {
  LAZARET_ASSIGN(const std::int64_t last,
                 connection_.Number("SELECT max(ifnull((SELECT max(seq) FROM event), 0),"
                                    " ifnull((SELECT seq FROM anchor), 0))"));
  if (Signed(first.seq) == last + 1) return base::Ok();
  return base::Error{base::ErrorCode::kInvalid,
                     base::Format("verdict log: event {} does not follow {}", first.seq, last)};
}

base::Status SqliteWriter::Insert(const ChainedRecord& record) {
  insert_event_.Int(1, Signed(record.seq))
      .Int(2, static_cast<std::int64_t>(record.kind))
      .BlobInPlace(3, base::AsBytes(record.hash))
      .BlobInPlace(4, record.body)
      .BlobInPlace(5, record.personal)
      .TextInPlace(6, record.index.verdict_id)
      .Int(7, record.index.time.micros)
      .TextInPlace(8, record.index.node);
  LAZARET_TRY(insert_event_.Run());
  return record.kind == EventKind::kDecision ? InsertIndex(record) : base::Ok();
}

base::Status SqliteWriter::InsertIndex(const ChainedRecord& record) {
  const IndexRows& index = record.index;
  insert_decision_.Int(1, Signed(record.seq))
      .Int(2, index.time.micros)
      .Int(3, static_cast<std::int64_t>(index.cls))
      .Int(4, static_cast<std::int64_t>(index.action))
      .TextInPlace(5, index.sender)
      .TextInPlace(6, index.sender_domain)
      .Int(7, static_cast<std::int64_t>(index.wanted))
      .TextInPlace(8, index.queue_id);
  LAZARET_TRY(insert_decision_.Run());
  LAZARET_TRY(InsertRecipients(record));
  for (std::size_t i = 0; i < index.findings.size(); ++i) {
    insert_finding_.Int(1, Signed(record.seq))
        .Int(2, Signed(i))
        .TextInPlace(3, index.findings[i].code)
        .TextInPlace(4, index.findings[i].rule)
        .Int(5, static_cast<std::int64_t>(index.findings[i].cls));
    LAZARET_TRY(insert_finding_.Run());
  }
  return base::Ok();
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

base::Status SqliteWriter::InsertRecipients(const ChainedRecord& record) {
  const std::vector<IndexedRecipient>& recipients = record.index.recipients;
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    insert_recipient_.Int(1, Signed(record.seq))
        .Int(2, Signed(i))
        .TextInPlace(3, recipients[i].address)
        .TextInPlace(4, recipients[i].domain)
        .Int(5, static_cast<std::int64_t>(recipients[i].action));
    LAZARET_TRY(insert_recipient_.Run());
  }
  return base::Ok();
}

base::Status SqliteWriter::NoteHistory(const ChainedRecord& record, std::uint64_t& pairs) {
  for (const std::string& key : record.history) {
    LAZARET_TRY(NoteHistoryKey(key, Signed(record.seq), pairs));
  }
  return base::Ok();
}

base::Status SqliteWriter::NoteHistoryKey(const std::string& key, std::int64_t seq,
                                          std::uint64_t& pairs) {
  LAZARET_TRY(insert_history_.Int(1, seq).BlobInPlace(2, key).Run());
  if (connection_.Changes() != 0) {
    ++pairs;
    return base::Ok();
  }
  LAZARET_ASSIGN(const bool known, find_history_.BlobInPlace(1, key).Next());
  const std::int64_t seen = known ? find_history_.ColumnInt(0) : 0;
  find_history_.Reset();
  // Which pair went longest unseen need not be exact: one that writes often would cost two pages a
  // message.
  if (seq - seen < Signed(max_history_pairs_ / 16)) return base::Ok();
  return update_history_.Int(1, seq).BlobInPlace(2, key).Run();
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
  return InsertRecipients(record);
}

}  // namespace lazaret::db
