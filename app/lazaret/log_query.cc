#include <algorithm>

#include "app/lazaret/log_json.h"
#include "app/lazaret/log_parts.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

// Read and printed so many at a time: a whole log need not fit into memory.
constexpr std::uint32_t kPage = 500;

base::Error Unknown(const char* what, std::string_view value, const char* known) {
  return {base::ErrorCode::kInvalid,
          base::Format("--{} {}: not one of {}", what, base::EscapeLine(value, 64), known)};
}

std::string RecipientList(const policy::Verdict& verdict, std::string_view separator) {
  std::string out;
  for (const policy::RecipientVerdict& one : verdict.recipients) {
    if (!out.empty()) out += separator;
    out += one.recipient;
  }
  return out;
}

std::string CodeList(const policy::Verdict& verdict) {
  std::string out;
  for (const policy::Finding& finding : verdict.findings) {
    if (!out.empty()) out += " ";
    out += finding.code;
  }
  return out;
}

constexpr std::string_view kCsvHeader =
    "time,id,node,class,action,wanted,observed,direction,client_address,sender,recipients,subject,"
    "reason,findings,queue_id,message_id,bytes,body_sha256,generation,ms,acknowledged\r\n";

void WriteCsv(const db::StoredVerdict& stored, std::ostream& out) {
  const db::DecisionEvent& event = stored.event;
  const policy::Verdict& verdict = event.verdict;
  const std::string cells[] = {
      base::FormatRfc3339(event.time),
      event.verdict_id,
      event.node,
      std::string(policy::Name(verdict.cls)),
      std::string(policy::Name(verdict.action)),
      std::string(policy::Name(verdict.wanted)),
      verdict.observed ? "yes" : "no",
      std::string(policy::Name(event.envelope.direction)),
      event.envelope.client_address,
      event.envelope.sender,
      RecipientList(verdict, " "),
      event.analysis.subject,
      stored.fault.empty() ? verdict.reason : "unreadable: " + stored.fault,
      CodeList(verdict),
      event.envelope.queue_id,
      event.envelope.message_id,
      std::to_string(event.message_bytes),
      base::Hex(base::AsBytes(event.body_sha256)),
      event.generation,
      std::to_string(event.millis),
      std::string(db::Name(stored.mark))};
  const char* separator = "";
  for (const std::string& cell : cells) {
    out << separator << CsvCell(cell);
    separator = ",";
  }
  out << "\r\n";
}

std::string ShownSender(const db::DecisionEvent& event) {
  return event.envelope.sender.empty() ? "<>" : base::EscapeLine(event.envelope.sender, 64);
}

std::string ShownRecipients(const policy::Verdict& verdict) {
  if (verdict.recipients.empty()) return "-";
  std::string out = base::EscapeLine(verdict.recipients.front().recipient, 64);
  if (verdict.recipients.size() > 1) {
    out += base::Format(" (+{})", verdict.recipients.size() - 1);
  }
  return out;
}

void WriteLine(const db::StoredVerdict& stored, LogStreams& streams) {
  const db::DecisionEvent& event = stored.event;
  // Whole seconds are enough for people; --json has the rest.
  const std::string time = base::FormatRfc3339(event.time).substr(0, 19) + "Z";
  streams.out << time << "  " << base::EscapeLine(event.verdict_id, 64) << "  ";
  if (!stored.fault.empty()) {
    streams.out << streams.paint.Bad("unreadable") << ": " << stored.fault << "\n";
    return;
  }
  streams.out << streams.paint.Class(event.verdict.cls, 11) << "  "
              << base::Format("{:<10}  ", policy::Name(event.verdict.action)) << ShownSender(event)
              << " -> " << ShownRecipients(event.verdict) << "  "
              << base::EscapeLine(event.verdict.reason, 160) << "\n";
}

void WriteOne(const db::StoredVerdict& stored, const LogArguments& arguments, LogStreams& streams) {
  if (arguments.json) {
    streams.out << VerdictJson(stored, JsonDetail::kShort) << "\n";
  } else if (arguments.csv) {
    WriteCsv(stored, streams.out);
  } else {
    WriteLine(stored, streams);
  }
}

}  // namespace

base::Result<db::Query> ParseQuery(const LogArguments& arguments, base::UnixTime now) {
  db::Query query;
  if (!arguments.since.empty()) {
    LAZARET_ASSIGN(query.since, ParseLogTime(arguments.since, now));
  }
  if (!arguments.until.empty()) {
    LAZARET_ASSIGN(query.until, ParseLogTime(arguments.until, now));
  }
  if (!arguments.cls.empty()) {
    query.cls = policy::ParseClass(arguments.cls);
    if (!query.cls) {
      return Unknown("class", arguments.cls,
                     "clean, suspicious, ambiguous, policy, unscannable, error, malicious");
    }
  }
  if (!arguments.action.empty()) {
    query.action = policy::ParseAction(arguments.action);
    if (!query.action) {
      return Unknown("action", arguments.action,
                     "accept, tag, strip, redirect, hold, quarantine, tempfail, reject");
    }
  }
  query.rule = arguments.rule;
  query.sender = arguments.sender;
  query.recipient = arguments.recipient;
  return query;
}

int RunQuery(db::VerdictStore& store, const LogArguments& arguments, LogStreams& streams) {
  auto query = ParseQuery(arguments, base::RealtimeNow());
  if (!query.ok()) return LogFailure(query.error(), streams);
  if (arguments.csv) streams.out << kCsvHeader;
  std::uint32_t left = arguments.limit;
  while (left > 0) {
    query->limit = std::min(left, kPage);
    const auto page = store.Find(*query);
    if (!page.ok()) {
      LogFailure(page.error(), streams);
      return kLogUsage;
    }
    for (const db::StoredVerdict& stored : *page) WriteOne(stored, arguments, streams);
    if (page->size() < query->limit) break;
    query->before_seq = page->back().seq;
    left -= query->limit;
  }
  return kLogFine;
}

}  // namespace lazaret::cli
