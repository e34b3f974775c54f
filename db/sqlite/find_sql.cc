#include "db/sqlite/find_sql.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "db/audit/index.h"

// A macro, because only it makes one literal of two.
#define LAZARET_FIND(lead)                                                            \
  "SELECT d.seq FROM decision d WHERE " lead                                          \
  " AND d.seq < ?10 AND (?1 IS NULL OR d.time >= ?1) AND (?2 IS NULL OR d.time < ?2)" \
  " AND (?3 IS NULL OR d.class = ?3) AND (?4 IS NULL OR d.action = ?4)"               \
  " AND (?5 IS NULL OR d.seq IN (SELECT seq FROM finding WHERE code = ?5"             \
  "   UNION SELECT seq FROM finding WHERE rule = ?5))"                                \
  " AND (?6 IS NULL OR d.sender = ?6) AND (?7 IS NULL OR d.sender_domain = ?7)"       \
  " AND (?8 IS NULL OR d.seq IN (SELECT seq FROM recipient WHERE address = ?8))"      \
  " AND (?9 IS NULL OR d.seq IN (SELECT seq FROM recipient WHERE domain = ?9))"       \
  " ORDER BY d.seq DESC LIMIT ?11"

namespace lazaret::db {
namespace {

constexpr Sql kByRule = LAZARET_FIND(
    "d.seq IN (SELECT seq FROM finding WHERE code = ?5"
    " UNION SELECT seq FROM finding WHERE rule = ?5)");
constexpr Sql kBySender = LAZARET_FIND("d.sender = ?6");
constexpr Sql kBySenderDomain = LAZARET_FIND("d.sender_domain = ?7");
constexpr Sql kByRecipient =
    LAZARET_FIND("d.seq IN (SELECT seq FROM recipient WHERE address = ?8)");
constexpr Sql kByRecipientDomain =
    LAZARET_FIND("d.seq IN (SELECT seq FROM recipient WHERE domain = ?9)");
constexpr Sql kByClass = LAZARET_FIND("d.class = ?3");
constexpr Sql kByAction = LAZARET_FIND("d.action = ?4");
constexpr Sql kByTime = LAZARET_FIND("d.time >= ?1");
constexpr Sql kNewest = LAZARET_FIND("1");

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
  if (!query.recipient.empty()) {
    return IsDomain(query.recipient) ? kByRecipientDomain : kByRecipient;
  }
  if (!query.sender.empty()) return IsDomain(query.sender) ? kBySenderDomain : kBySender;
  if (!query.rule.empty()) return kByRule;
  // A clean, accepted message is the common case: its index would lead through almost everything.
  if (query.cls && *query.cls != policy::Class::kClean) return kByClass;
  if (query.action && *query.action != policy::Action::kAccept) return kByAction;
  if (query.since) return kByTime;
  return kNewest;
}

base::Status BindFind(const Query& query, Statement& statement) {
  if (query.since) statement.Int(1, query.since->micros);
  if (query.until) statement.Int(2, query.until->micros);
  if (query.cls) statement.Int(3, static_cast<std::int64_t>(*query.cls));
  if (query.action) statement.Int(4, static_cast<std::int64_t>(*query.action));
  if (!query.rule.empty()) statement.Text(5, query.rule);
  BindAddress(query.sender, 6, statement);
  BindAddress(query.recipient, 8, statement);
  const auto last = std::numeric_limits<std::int64_t>::max();
  statement.Int(10, query.before_seq == 0 ? last : static_cast<std::int64_t>(query.before_seq));
  statement.Int(11, query.limit);
  return base::Ok();
}

}  // namespace lazaret::db
