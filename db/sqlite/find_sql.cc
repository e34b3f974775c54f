#include "db/sqlite/find_sql.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "db/audit/index.h"
#include "db/sqlite/schema.h"

// Macros, because only they make one literal of several. Conditions that do not lead are asked of
// each row by its number, so that none makes a list of everything it fits. `likely`: many
// conditions make the planner expect so few rows that it would rather sort them than walk in order.
#define LAZARET_OLDER_FILTERS                                                                \
  " AND likely(?1 IS NULL OR d.time >= ?1) AND likely(?2 IS NULL OR d.time < ?2)"            \
  " AND likely(?3 IS NULL OR d.class = ?3) AND likely(?4 IS NULL OR d.action = ?4)"          \
  " AND likely(?5 IS NULL OR EXISTS (SELECT 1 FROM finding f"                                \
  "   WHERE f.seq = d.seq AND (f.code = ?5 OR f.rule = ?5)))"                                \
  " AND likely(?6 IS NULL OR d.sender = ?6)"                                                 \
  " AND likely(?7 IS NULL OR d.sender_domain = ?7)"                                          \
  " AND likely(?8 IS NULL OR EXISTS (SELECT 1 FROM recipient a INDEXED BY recipient_address" \
  "   WHERE a.address = ?8 AND a.seq = d.seq))"                                              \
  " AND likely(?9 IS NULL OR EXISTS (SELECT 1 FROM recipient b INDEXED BY recipient_domain"  \
  "   WHERE b.domain = ?9 AND b.seq = d.seq))"

#define LAZARET_FILTERS LAZARET_OLDER_FILTERS " AND likely(?13 IS NULL OR d.wanted = ?13)"

#define LAZARET_NEWEST_FIRST " ORDER BY 1 DESC LIMIT ?11"

// Led by an index of `decision`.
#define LAZARET_FIND(table, lead)           \
  "SELECT d.seq FROM " table " WHERE " lead \
  "d.seq < ?10 AND d.seq >= ?12" LAZARET_FILTERS LAZARET_NEWEST_FIRST

// Led by an index of a table with several rows a message.
#define LAZARET_FIND_ARM(table, index, column, value)        \
  "SELECT DISTINCT l.seq FROM " table " l INDEXED BY " index \
  " CROSS JOIN decision d"                                   \
  " ON d.seq = l.seq WHERE l." column " = " value            \
  " AND l.seq < ?10 AND l.seq >= ?12" LAZARET_FILTERS

namespace lazaret::db {
namespace {

constexpr Sql kByRule = LAZARET_FIND_ARM("finding", "finding_code", "code", "?5") " UNION "  //
    LAZARET_FIND_ARM("finding", "finding_rule", "rule", "?5") LAZARET_NEWEST_FIRST;
constexpr Sql kBySender =
    LAZARET_FIND("decision d INDEXED BY decision_sender", "d.sender = ?6 AND ");
constexpr Sql kBySenderDomain =
    LAZARET_FIND("decision d INDEXED BY decision_sender_domain", "d.sender_domain = ?7 AND ");
constexpr Sql kByRecipient =
    LAZARET_FIND_ARM("recipient", "recipient_address", "address", "?8") LAZARET_NEWEST_FIRST;
constexpr Sql kByRecipientDomain =
    LAZARET_FIND_ARM("recipient", "recipient_domain", "domain", "?9") LAZARET_NEWEST_FIRST;
// The first conditions of these are their index's own, without which it cannot lead.
constexpr Sql kByClass =
    LAZARET_FIND("decision d INDEXED BY decision_class", "d.class != 0 AND d.class = ?3 AND ");
constexpr Sql kByAction =
    LAZARET_FIND("decision d INDEXED BY decision_action", "d.action != 0 AND d.action = ?4 AND ");
constexpr Sql kByWanted =
    LAZARET_FIND("decision d INDEXED BY decision_wanted", "d.wanted != 0 AND d.wanted = ?13 AND ");
constexpr Sql kByQueueId = LAZARET_FIND("decision d INDEXED BY decision_queue_id",
                                        "d.queue_id != '' AND d.queue_id = ?14 AND ");
constexpr Sql kNewest = LAZARET_FIND("decision d NOT INDEXED", "");
constexpr Sql kOlder =
    "SELECT d.seq FROM decision d NOT INDEXED WHERE"
    " d.seq < ?10 AND d.seq >= ?12" LAZARET_OLDER_FILTERS LAZARET_NEWEST_FIRST;

bool IsDomain(std::string_view filter) { return filter.substr(0, 1) == "@"; }

void BindAddress(std::string_view filter, int address_at, Statement& statement) {
  if (filter.empty()) return;
  const std::string key = AddressKey(filter);
  if (IsDomain(filter)) {
    statement.Text(address_at + 1, DomainKey(key));
  } else {
    statement.Text(address_at, key);
  }
}

}  // namespace

Sql FindSql(const Query& query) {
  const bool from_domain = IsDomain(query.sender);
  const bool to_domain = IsDomain(query.recipient);
  if (!query.queue_id.empty()) return kByQueueId;
  if (!query.recipient.empty() && !to_domain) return kByRecipient;
  if (!query.sender.empty() && !from_domain) return kBySender;
  if (!query.rule.empty()) return kByRule;
  // A clean, accepted message is the common case: its index would lead through almost everything.
  if (query.cls && *query.cls != policy::Class::kClean) return kByClass;
  if (query.action && *query.action != policy::Action::kAccept) return kByAction;
  if (query.wanted && *query.wanted != policy::Action::kAccept) return kByWanted;
  if (from_domain) return kBySenderDomain;
  // Last, as one's own domain is every message's.
  return to_domain ? kByRecipientDomain : kNewest;
}

Sql OlderFindSql() { return kOlder; }

void BindFind(const Query& query, const SeqBounds& bounds, Statement& statement) {
  if (query.since) statement.Int(1, query.since->micros);
  if (query.until) statement.Int(2, query.until->micros);
  if (query.cls) statement.Int(3, static_cast<std::int64_t>(*query.cls));
  if (query.action) statement.Int(4, static_cast<std::int64_t>(*query.action));
  if (query.wanted) statement.Int(13, static_cast<std::int64_t>(*query.wanted));
  if (!query.queue_id.empty()) statement.Text(14, query.queue_id);
  if (!query.rule.empty()) statement.Text(5, query.rule);
  BindAddress(query.sender, 6, statement);
  BindAddress(query.recipient, 8, statement);
  const auto last = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t before = std::min(bounds.end, last);
  if (query.before_seq != 0) before = std::min(before, query.before_seq);
  statement.Int(10, static_cast<std::int64_t>(before));
  statement.Int(11, query.limit);
  statement.Int(12, static_cast<std::int64_t>(bounds.begin));
}

base::Result<SeqBounds> BoundsOf(const Query& query, Connection& connection) {
  SeqBounds bounds;
  if (query.since) {
    LAZARET_ASSIGN(Statement first, connection.Prepare("SELECT ifnull(min(block), -1) FROM span"
                                                       " WHERE last_time >= ?1"));
    LAZARET_ASSIGN(const bool row, first.Int(1, query.since->micros).Next());
    const std::int64_t block = row ? first.ColumnInt(0) : -1;
    if (block < 0) return SeqBounds{0, 0};
    bounds.begin = static_cast<std::uint64_t>(block) * kSpanEvents;
  }
  if (query.until) {
    LAZARET_ASSIGN(Statement last, connection.Prepare("SELECT ifnull(max(block), -1) FROM span"
                                                      " WHERE first_time < ?1"));
    LAZARET_ASSIGN(const bool row, last.Int(1, query.until->micros).Next());
    const std::int64_t block = row ? last.ColumnInt(0) : -1;
    bounds.end = static_cast<std::uint64_t>(block + 1) * kSpanEvents;
  }
  return bounds;
}

}  // namespace lazaret::db
