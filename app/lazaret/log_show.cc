#include "app/lazaret/log_json.h"
#include "app/lazaret/log_parts.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

class Sheet {
 public:
  explicit Sheet(LogStreams& streams) : streams_(streams) {}

  // `value` is escaped here.
  void Row(std::string_view name, std::string_view value) { Raw(name, Shown(value)); }
  // `value` is fit to be shown.
  void Raw(std::string_view name, std::string_view value) {
    streams_.out << streams_.paint.Dim(base::Format("{:<14}", name)) << value << "\n";
  }
  void Title(std::string_view title) { streams_.out << "\n" << streams_.paint.Bold(title) << "\n"; }
  void Line(std::string_view line) { streams_.out << "  " << line << "\n"; }
  const Paint& paint() const { return streams_.paint; }

 private:
  LogStreams& streams_;
};

void ShowVerdict(Sheet& sheet, const db::StoredVerdict& stored) {
  const db::DecisionEvent& event = stored.event;
  const policy::Verdict& verdict = event.verdict;
  sheet.Row("verdict", event.verdict_id);
  sheet.Row("time", base::FormatRfc3339(event.time));
  sheet.Row("node", event.node);
  sheet.Raw("event", base::Format("{}", stored.seq));
  sheet.Raw("class", sheet.paint().Class(verdict.cls));
  sheet.Raw("action", policy::Name(verdict.action));
  if (verdict.observed) {
    sheet.Raw("observed",
              verdict.wanted == verdict.action
                  ? std::string("for some recipients")
                  : base::Format("yes, would have been {}", policy::Name(verdict.wanted)));
  }
  sheet.Row("reason", verdict.reason);
  sheet.Row("smtp reply", event.smtp_reply);
  sheet.Raw("acknowledged", db::Name(stored.mark));
  sheet.Row("generation", event.generation);
  sheet.Row("engine", event.engine);
  sheet.Row("confinement", event.confinement);
  sheet.Raw("took", base::Format("{} ms", event.millis));
}

void ShowMessage(Sheet& sheet, const db::DecisionEvent& event) {
  const policy::Envelope& envelope = event.envelope;
  sheet.Title("Message");
  sheet.Raw("direction", policy::Name(envelope.direction));
  sheet.Raw("sender", envelope.sender.empty() ? "<>" : base::EscapeLine(envelope.sender));
  sheet.Row("client", envelope.client_address);
  sheet.Row("client name", envelope.client_name);
  sheet.Row("helo", envelope.helo);
  sheet.Row("auth user", envelope.auth_user);
  sheet.Row("daemon", envelope.daemon_name);
  sheet.Row("tls", envelope.tls.version);
  if (!envelope.tls.cert_subject.empty()) sheet.Row("certificate", envelope.tls.cert_subject);
  sheet.Row("queue id", envelope.queue_id);
  sheet.Row("message id", envelope.message_id);
  sheet.Row("subject", event.analysis.subject);
  sheet.Raw("size", base::Format("{} bytes", event.message_bytes));
  sheet.Raw("sha256", base::Hex(base::AsBytes(event.message_sha256)));
  sheet.Raw("body sha256", base::Hex(base::AsBytes(event.body_sha256)));
  if (envelope.assumed) sheet.Raw("envelope", "assumed from the header");
}

void ShowRecipients(Sheet& sheet, const policy::Verdict& verdict) {
  sheet.Title("Recipients");
  for (const policy::RecipientVerdict& one : verdict.recipients) {
    sheet.Line(base::Format("{:<10}  {}{}", policy::Name(one.action), Shown(one.recipient),
                            one.observed ? "  (observed only)" : ""));
  }
}

void ShowFindings(Sheet& sheet, const std::vector<policy::Finding>& findings) {
  sheet.Title("Findings");
  if (findings.empty()) sheet.Line("none");
  for (const policy::Finding& one : findings) {
    sheet.Line(base::Format("{}  {}  severity {}  confidence {}  count {}{}",
                            base::EscapeLine(one.code), sheet.paint().Class(one.cls),
                            policy::Name(one.severity), policy::Name(one.confidence), one.count,
                            one.shadow ? "  (shadow)" : ""));
    sheet.Line(base::Format("    scanner {}  rule {}  version {}", Shown(one.scanner),
                            Shown(one.rule), Shown(one.rule_version)));
    sheet.Line("    at " + Shown(one.path));
    if (!one.evidence.empty()) sheet.Line("    evidence " + base::EscapeLine(one.evidence));
  }
}

void ShowAnalysis(Sheet& sheet, const policy::Analysis& analysis) {
  sheet.Title("Parts");
  for (const policy::ArtifactRecord& node : analysis.tree) {
    sheet.Line(base::Format("{}  declared {}  detected {}  {} bytes", Shown(node.path),
                            Shown(node.declared_type), Shown(node.detected_type), node.size));
    if (!node.sha256.empty()) sheet.Line("    sha256 " + base::Hex(node.sha256));
  }
  sheet.Title("Scanners");
  for (const std::string& one : analysis.looked) sheet.Line("looked      " + base::EscapeLine(one));
  for (const policy::NotLooked& one : analysis.not_looked) {
    sheet.Line("NOT looked  " + base::EscapeLine(one.scanner) + ": " + Shown(one.reason));
  }
  for (const policy::DetectorCount& one : analysis.detectors) {
    sheet.Line(base::Format("detector    {}: {} distinct, confidence {}",
                            base::EscapeLine(one.detector), one.distinct,
                            policy::Name(one.confidence)));
  }
  for (const policy::Timing& one : analysis.timing) {
    sheet.Line(base::Format("time        {}: {} us", base::EscapeLine(one.stage), one.micros));
  }
}

void ShowLater(Sheet& sheet, const std::vector<db::Event>& later) {
  if (later.empty()) return;
  sheet.Title("Later");
  for (const db::Event& event : later) {
    if (const auto* update = std::get_if<db::UpdateEvent>(&event)) {
      sheet.Line(base::Format("{}  update by {}: {}, {}  {}", base::FormatRfc3339(update->time),
                              Shown(update->actor), policy::Name(update->cls),
                              policy::Name(update->action), base::EscapeLine(update->reason)));
    } else if (const auto* release = std::get_if<db::ReleaseEvent>(&event)) {
      sheet.Line(base::Format("{}  {} by {}  {}", base::FormatRfc3339(release->time),
                              release->discarded ? "discarded" : "released", Shown(release->actor),
                              base::EscapeLine(release->note)));
    }
  }
}

}  // namespace

int RunShow(const db::StoredVerdict& stored, bool json, LogStreams& streams) {
  if (json) {
    streams.out << VerdictJson(stored, JsonDetail::kFull) << "\n";
    return kLogFine;
  }
  if (!stored.fault.empty()) {
    streams.err << "lazaret: event " << stored.seq << " cannot be read: " << stored.fault << "\n";
    return kLogUsage;
  }
  Sheet sheet(streams);
  ShowVerdict(sheet, stored);
  ShowMessage(sheet, stored.event);
  ShowRecipients(sheet, stored.event.verdict);
  ShowFindings(sheet, stored.event.verdict.findings);
  ShowAnalysis(sheet, stored.event.analysis);
  ShowLater(sheet, stored.later);
  return kLogFine;
}

}  // namespace lazaret::cli
