#include "app/lazaret/log_command.h"

#include "app/lazaret/log_parts.h"
#include "base/format.h"
#include "base/text.h"
#include "db/audit/chain.h"
#include "db/sqlite/sqlite_store.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kShortestPrefix = 6;

constexpr std::string_view kNewest = "last";  // shorter than any prefix of an id may be

base::Result<db::StoredVerdict> Newest(db::VerdictStore& store) {
  db::Query query;
  query.limit = 1;
  LAZARET_ASSIGN(const std::vector<db::StoredVerdict> found, store.Find(query));
  if (found.empty()) return base::Error{base::ErrorCode::kNotFound, "no verdict yet"};
  return store.Get(found.front().event.verdict_id);
}

// The newest verdict of a message that Postfix named so.
base::Result<db::StoredVerdict> OfQueueId(db::VerdictStore& store, std::string_view queue_id) {
  db::Query query;
  query.queue_id = queue_id;
  query.limit = 1;
  LAZARET_ASSIGN(const std::vector<db::StoredVerdict> found, store.Find(query));
  if (!found.empty()) return store.Get(found.front().event.verdict_id);
  return base::Error{
      base::ErrorCode::kNotFound,
      base::Format("no verdict {}, and not the queue id of one (a 451 whose verdict could not be "
                   "recorded is named in the daemon's own log, with the reason)",
                   base::EscapeLine(queue_id, 64))};
}

// The one verdict that the id, a prefix of it, or a queue id names.
base::Result<db::StoredVerdict> Resolve(db::VerdictStore& store, const std::string& text) {
  const std::string prefix = base::AsciiLower(base::TrimAscii(text));
  if (prefix == kNewest) return Newest(store);
  const std::string shown = base::EscapeLine(prefix, 64);
  if (prefix.size() < kShortestPrefix) {
    return base::Error{
        base::ErrorCode::kInvalid,
        base::Format("{}: give at least {} characters of the id", shown, kShortestPrefix)};
  }
  LAZARET_ASSIGN(const std::vector<std::string> ids, store.IdsWithPrefix(prefix, 2));
  if (ids.empty()) return OfQueueId(store, base::TrimAscii(text));
  if (ids.size() > 1) {
    return base::Error{
        base::ErrorCode::kInvalid,
        base::Format("{}: more than one verdict begins so ({}, {} ...)", shown, ids[0], ids[1])};
  }
  return store.Get(ids.front());
}

int RunOnOne(db::VerdictStore& store, const LogArguments& arguments, LogStreams& streams) {
  const auto stored = Resolve(store, arguments.id);
  if (!stored.ok()) return LogFailure(stored.error(), streams);
  if (arguments.command == LogCommand::kExplain) return RunExplain(*stored, streams);
  return RunShow(*stored, arguments.json, streams);
}

}  // namespace

int LogFailure(const base::Error& error, LogStreams& streams) {
  streams.err << "lazaret: " << base::EscapeLine(error.text, 4096) << "\n";
  return error.code == base::ErrorCode::kNotFound ? kLogNothing : kLogUsage;
}

int RunVerify(db::VerdictStore& store, LogStreams& streams) {
  const auto report = db::VerifyChain(store);
  if (!report.ok()) {
    LogFailure(report.error(), streams);
    return kLogUsage;
  }
  const std::string head = base::Hex(base::AsBytes(report->head.hash));
  if (!report->whole) {
    streams.out << streams.paint.Bad("broken")
                << base::Format(" at event {}: {}\n{} events before it are in order\n",
                                report->broken_seq, base::EscapeLine(report->why), report->events);
    return kLogNothing;
  }
  streams.out << streams.paint.Good("whole")
              << base::Format(
                     ": {} events from {} to {}, personal values forgotten in {}\nhead {}\n",
                     report->events, report->first.seq + 1, report->head.seq, report->forgotten,
                     head);
  return kLogFine;
}

int RunLog(const LogArguments& arguments, std::ostream& out, std::ostream& err, bool color) {
  LogStreams streams{out, err, Paint(color)};
  // What the options say wrongly is said even where there is no log.
  const auto query = ParseQuery(arguments, base::RealtimeNow());
  if (!query.ok()) return LogFailure(query.error(), streams);
  db::SqliteOptions options;
  options.path = arguments.database;
  options.read_only = true;
  const auto store = db::OpenSqliteStore(options);
  if (!store.ok()) {
    const bool missing = store.error().code == base::ErrorCode::kNotFound;
    err << "lazaret: cannot read the verdict log: " << base::EscapeLine(store.error().text, 4096)
        << (missing ? " (it is made when lazaretd first starts)" : "") << "\n";
    return kLogUsage;
  }
  switch (arguments.command) {
    case LogCommand::kQuery:
      return RunQuery(**store, *query, arguments, streams);
    case LogCommand::kVerify:
      return RunVerify(**store, streams);
    case LogCommand::kShow:
    case LogCommand::kExplain:
      return RunOnOne(**store, arguments, streams);
  }
  return kLogUsage;
}

}  // namespace lazaret::cli
