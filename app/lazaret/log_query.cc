#include <algorithm>
#include <optional>

#include "app/lazaret/log_json.h"
#include "app/lazaret/log_parts.h"
#include "app/lazaret/shown_action.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

// Read and printed so many at a time: a whole log need not fit into memory.
constexpr std::uint32_t kPage = 500;

constexpr std::string_view kNullSender = "<>";

base::Error Invalid(std::string text) { return {base::ErrorCode::kInvalid, std::move(text)}; }

base::Error Unknown(const char* what, std::string_view value, const char* known) {
  return {base::ErrorCode::kInvalid,
          base::Format("--{} {}: not one of {}", what, base::EscapeLine(value, 64), known)};
}

// Empty = any.
base::Result<std::optional<policy::Action>> ParseActionOption(const char* name,
                                                              const std::string& text) {
  if (text.empty()) return std::optional<policy::Action>();
  const auto action = policy::ParseAction(text);
  if (action) return action;
  return Unknown(name, text, "accept, tag, strip, redirect, hold, quarantine, tempfail, reject");
}

base::Result<std::optional<base::UnixTime>> ParseTimeOption(const char* name,
                                                            const std::string& text,
                                                            base::UnixTime now) {
  if (text.empty()) return std::optional<base::UnixTime>();
  const auto time = ParseLogTime(text, now);
  if (!time.ok()) return Invalid(base::Format("--{} {}", name, time.error().text));
  return std::optional<base::UnixTime>(*time);
}

bool IsAddressOrDomain(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at + 1 == text.size()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '<' && c != '>';
  });
}

// "<a@b>" is read as "a@b".
base::Result<std::string> ParseAddressOption(const char* name, const std::string& text,
                                             const char* wanted) {
  if (text.empty() || text == kNullSender) return text;
  std::string_view address = text;
  if (address.front() == '<' && address.back() == '>')
    address = address.substr(1, address.size() - 2);
  if (IsAddressOrDomain(address)) return std::string(address);
  return Invalid(base::Format("--{} {}: {} is expected", name, base::EscapeLine(text, 64), wanted));
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
              << base::Format("{:<10}  ", ShownAction(event.verdict)) << ShownSender(event)
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
  LAZARET_ASSIGN(query.since, ParseTimeOption("since", arguments.since, now));
  LAZARET_ASSIGN(query.until, ParseTimeOption("until", arguments.until, now));
  if (query.since && query.until && query.since->micros >= query.until->micros) {
    return Invalid(base::Format("--since {}: not before --until {}",
                                base::EscapeLine(arguments.since, 64),
                                base::EscapeLine(arguments.until, 64)));
  }
  if (arguments.limit == 0) return Invalid("--limit 0: at least 1 is expected");
  if (!arguments.cls.empty()) {
    query.cls = policy::ParseClass(arguments.cls);
    if (!query.cls) {
      return Unknown("class", arguments.cls,
                     "clean, suspicious, ambiguous, policy, unscannable, error, malicious");
    }
  }
  LAZARET_ASSIGN(query.action, ParseActionOption("action", arguments.action));
  LAZARET_ASSIGN(query.wanted, ParseActionOption("wanted", arguments.wanted));
  query.rule = arguments.rule;
  LAZARET_ASSIGN(query.sender,
                 ParseAddressOption("sender", arguments.sender, "user@domain, @domain or <>"));
  LAZARET_ASSIGN(query.recipient,
                 ParseAddressOption("recipient", arguments.recipient, "user@domain or @domain"));
  if (query.recipient == kNullSender)
    return Invalid("--recipient <>: user@domain or @domain is expected");
  return query;
}

int RunQuery(db::VerdictStore& store, db::Query query, const LogArguments& arguments,
             LogStreams& streams) {
  if (arguments.csv) streams.out << kCsvHeader;
  bool found = false;
  std::uint32_t left = arguments.limit;
  while (left > 0) {
    query.limit = std::min(left, kPage);
    const auto page = store.Find(query);
    if (!page.ok()) {
      LogFailure(page.error(), streams);
      return kLogUsage;
    }
    for (const db::StoredVerdict& stored : *page) {
      WriteOne(stored, arguments, streams);
      found = true;
      --left;
    }
    if (page->size() < query.limit) break;
    query.before_seq = page->back().seq;
  }
  if (found) return kLogFine;
  streams.out.flush();
  streams.err << "lazaret: no verdict fits\n";
  return kLogNothing;
}

}  // namespace lazaret::cli
