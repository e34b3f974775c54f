#include "db/sqlite/reader.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"
#include "db/sqlite/find_sql.h"
#include "db/sqlite/schema.h"

namespace lazaret::db {
namespace {

// An enum column that was changed to a number outside its enum must not read as a number inside it.
template <typename E>
E EnumOf(std::int64_t value) {
  constexpr std::int64_t kOutside = 255;
  return static_cast<E>(value < 0 || value > kOutside ? kOutside : value);
}

base::Sha256Digest DigestOf(const std::string& blob) {
  base::Sha256Digest digest{};
  if (blob.size() != digest.size()) return digest;
  std::copy(blob.begin(), blob.end(), digest.begin());
  return digest;
}

AckMark MarkOf(std::int64_t value) {
  if (value == static_cast<std::int64_t>(AckMark::kNextCommand)) return AckMark::kNextCommand;
  return value == static_cast<std::int64_t>(AckMark::kClose) ? AckMark::kClose : AckMark::kNone;
}

// Columns: body, personal, verdict_id, time, mark.
void FillVerdict(const Statement& row, StoredVerdict& stored) {
  auto event = DecodeEvent(EventKind::kDecision, row.ColumnBlob(0), row.ColumnBlob(1));
  stored.mark = MarkOf(row.ColumnInt(4));
  if (event.ok()) {
    stored.event = std::get<DecisionEvent>(std::move(*event));
    return;
  }
  stored.fault = event.error().text;
  stored.event.verdict_id = row.ColumnText(2);
  stored.event.time.micros = row.ColumnInt(3);
}

#define LAZARET_IN_SPAN                                 \
  "EXISTS (SELECT 1 FROM span WHERE block = seq / 1024" \
  " AND time BETWEEN first_time AND last_time)"
#define LAZARET_DECISION(in_span, wanted, queue_id)                                       \
  "SELECT class, action, sender, sender_domain, time, " in_span ", " wanted ", " queue_id \
  " FROM decision WHERE seq = ?1"

Sql DecisionSql(std::int64_t schema) {
  if (schema < kSpanSchema) return LAZARET_DECISION("1", "0", "''");
  if (schema < kWantedSchema) return LAZARET_DECISION(LAZARET_IN_SPAN, "0", "''");
  return LAZARET_DECISION(LAZARET_IN_SPAN, "wanted", "queue_id");
}

#define LAZARET_VERDICT(marks)                                                            \
  "SELECT e.body, e.personal, e.verdict_id, e.time, m.mark FROM event e LEFT JOIN " marks \
  " WHERE e.seq = ?1"

Sql VerdictSql(std::int64_t schema) {
  if (schema < kWantedSchema) {
    return LAZARET_VERDICT("acknowledgement m ON m.verdict_id = e.verdict_id");
  }
  return LAZARET_VERDICT("mark m USING (seq)");
}

}  // namespace

base::Result<ChainPosition> ReadPosition(Connection& connection, Sql sql) {
  LAZARET_ASSIGN(Statement statement, connection.Prepare(sql));
  LAZARET_ASSIGN(const bool row, statement.Next());
  if (!row) return ChainPosition{};
  const std::string hash = statement.ColumnBlob(1);
  if (hash.size() != sizeof(base::Sha256Digest)) {
    return base::Error{base::ErrorCode::kCorrupt, "verdict log: a hash is not 32 bytes long"};
  }
  return ChainPosition{static_cast<std::uint64_t>(statement.ColumnInt(0)), DigestOf(hash)};
}

base::Result<ChainPosition> SqliteReader::Last() {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(
      const ChainPosition last,
      ReadPosition(connection_, "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"));
  if (last.seq != 0) return last;
  return ReadPosition(connection_, "SELECT seq, hash FROM anchor");
}

base::Result<ChainPosition> SqliteReader::Anchor() {
  const std::lock_guard lock(mutex_);
  return ReadPosition(connection_, "SELECT seq, hash FROM anchor");
}

base::Result<std::vector<ChainedRecord>> SqliteReader::Read(std::uint64_t after,
                                                            std::uint32_t limit) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(
      Statement events,
      connection_.Prepare("SELECT seq, kind, hash, body, personal, verdict_id, time, node"
                          " FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2"));
  events.Int(1, static_cast<std::int64_t>(after)).Int(2, limit);
  std::vector<ChainedRecord> records;
  for (;;) {
    LAZARET_ASSIGN(const bool row, events.Next());
    if (!row) return records;
    ChainedRecord& record = records.emplace_back();
    record.seq = static_cast<std::uint64_t>(events.ColumnInt(0));
    record.kind = EnumOf<EventKind>(events.ColumnInt(1));
    record.hash = DigestOf(events.ColumnBlob(2));
    record.body = events.ColumnBlob(3);
    record.personal = events.ColumnBlob(4);
    record.index.verdict_id = events.ColumnText(5);
    record.index.time.micros = events.ColumnInt(6);
    record.index.node = events.ColumnText(7);
    LAZARET_TRY(ReadIndex(record));
  }
}

base::Status SqliteReader::ReadIndex(ChainedRecord& record) {
  LAZARET_ASSIGN(Statement decision, connection_.Prepare(DecisionSql(schema_)));
  decision.Int(1, static_cast<std::int64_t>(record.seq));
  LAZARET_ASSIGN(const bool row, decision.Next());
  if (row) {
    record.index.cls = EnumOf<policy::Class>(decision.ColumnInt(0));
    record.index.action = EnumOf<policy::Action>(decision.ColumnInt(1));
    record.index.sender = decision.ColumnText(2);
    record.index.sender_domain = decision.ColumnText(3);
    record.index.wanted = EnumOf<policy::Action>(decision.ColumnInt(6));
    record.index.queue_id = decision.ColumnText(7);
    if (schema_ < kWantedSchema) FillNewColumns(record);
  }
  // The time stands in two tables and in its block's: when they part, the one that does not fit
  // shows.
  const bool is_decision = record.kind == EventKind::kDecision;
  if (row != is_decision) record.index.sender = "(wrong decision row)";
  const bool in_span = !row || decision.ColumnInt(5) != 0;
  if (!in_span || (row && decision.ColumnInt(4) != record.index.time.micros)) {
    record.index.time.micros = -1;
  }
  LAZARET_TRY(ReadRecipients(record));
  return ReadFindings(record);
}

void SqliteReader::FillNewColumns(ChainedRecord& record) const {
  const auto event = DecodeEvent(EventKind::kDecision, record.body, {});
  if (!event.ok()) return;
  const IndexRows derived = DeriveIndex(*event);
  record.index.wanted = derived.wanted;
  record.index.queue_id = derived.queue_id;
}

base::Status SqliteReader::ReadRecipients(ChainedRecord& record) {
  LAZARET_ASSIGN(Statement rows, connection_.Prepare("SELECT address, domain, action FROM recipient"
                                                     " WHERE seq = ?1 ORDER BY position"));
  rows.Int(1, static_cast<std::int64_t>(record.seq));
  for (;;) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) return base::Ok();
    record.index.recipients.push_back(
        {rows.ColumnText(0), rows.ColumnText(1), EnumOf<policy::Action>(rows.ColumnInt(2))});
  }
}

base::Status SqliteReader::ReadFindings(ChainedRecord& record) {
  LAZARET_ASSIGN(Statement rows, connection_.Prepare("SELECT code, rule, class FROM finding"
                                                     " WHERE seq = ?1 ORDER BY position"));
  rows.Int(1, static_cast<std::int64_t>(record.seq));
  for (;;) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) return base::Ok();
    record.index.findings.push_back(
        {rows.ColumnText(0), rows.ColumnText(1), EnumOf<policy::Class>(rows.ColumnInt(2))});
  }
}

base::Result<StoredVerdict> SqliteReader::ReadVerdict(std::uint64_t seq) {
  LAZARET_ASSIGN(Statement row, connection_.Prepare(VerdictSql(schema_)));
  row.Int(1, static_cast<std::int64_t>(seq));
  LAZARET_ASSIGN(const bool found, row.Next());
  StoredVerdict stored;
  stored.seq = seq;
  if (found) {
    FillVerdict(row, stored);
  } else {
    stored.fault = "the event is missing";
  }
  return stored;
}

base::Result<std::vector<StoredVerdict>> SqliteReader::Find(const Query& query) {
  const std::lock_guard lock(mutex_);
  const bool older = schema_ < kWantedSchema;
  if (older && (query.wanted || !query.queue_id.empty())) return NeedsSchema(schema_);
  SeqBounds bounds;
  if (schema_ >= kSpanSchema) {
    LAZARET_ASSIGN(bounds, BoundsOf(query, connection_));
  }
  LAZARET_ASSIGN(Statement rows, connection_.Prepare(older ? OlderFindSql() : FindSql(query)));
  BindFind(query, bounds, rows);
  std::vector<StoredVerdict> found;
  for (;;) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) return found;
    LAZARET_ASSIGN(StoredVerdict one, ReadVerdict(static_cast<std::uint64_t>(rows.ColumnInt(0))));
    found.push_back(std::move(one));
  }
}

base::Result<StoredVerdict> SqliteReader::Get(std::string_view verdict_id) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Statement rows,
                 connection_.Prepare("SELECT seq, kind, body, personal FROM event"
                                     " WHERE verdict_id = ?1 AND kind = 1 UNION ALL"
                                     " SELECT seq, kind, body, personal FROM event"
                                     " WHERE verdict_id = ?1 AND kind IN (2, 3) ORDER BY 1"));
  rows.Text(1, verdict_id);
  StoredVerdict stored;
  std::vector<Event> later;
  for (;;) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) break;
    const auto kind = EnumOf<EventKind>(rows.ColumnInt(1));
    if (kind == EventKind::kDecision) {
      LAZARET_ASSIGN(stored, ReadVerdict(static_cast<std::uint64_t>(rows.ColumnInt(0))));
      continue;
    }
    auto event = DecodeEvent(kind, rows.ColumnBlob(2), rows.ColumnBlob(3));
    if (event.ok()) later.push_back(std::move(*event));
  }
  if (stored.seq == 0) {
    return base::Error{base::ErrorCode::kNotFound, base::Format("no verdict {}", verdict_id)};
  }
  stored.later = std::move(later);
  return stored;
}

base::Result<std::vector<std::string>> SqliteReader::IdsWithPrefix(std::string_view prefix,
                                                                   std::uint32_t limit) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Statement rows,
                 connection_.Prepare("SELECT verdict_id FROM event WHERE kind = 1 AND"
                                     " verdict_id >= ?1 AND verdict_id < ?2"
                                     " ORDER BY verdict_id LIMIT ?3"));
  // '~' sorts after every character of base32.
  rows.Text(1, prefix).Text(2, std::string(prefix) + "~").Int(3, limit);
  std::vector<std::string> ids;
  for (;;) {
    LAZARET_ASSIGN(const bool row, rows.Next());
    if (!row) return ids;
    ids.push_back(rows.ColumnText(0));
  }
}

base::Result<bool> SqliteReader::HistoryContains(std::span<const std::string> keys) {
  const std::lock_guard lock(mutex_);
  LAZARET_ASSIGN(Statement row, connection_.Prepare("SELECT 1 FROM history WHERE key = ?1"));
  for (const std::string& key : keys) {
    LAZARET_ASSIGN(const bool known, row.Blob(1, key).Next());
    if (known) return true;
    row.Reset();
  }
  return false;
}

}  // namespace lazaret::db
