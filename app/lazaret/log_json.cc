#include "app/lazaret/log_json.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"

namespace lazaret::cli {
namespace {

void WriteSpan(base::JsonWriter& json, const policy::Span& span) {
  json.Key("span");
  json.BeginObject();
  json.Field("unit", span.unit == policy::SpanUnit::kBytes ? "bytes" : "characters");
  json.Field("begin", span.begin);
  json.Field("end", span.end);
  json.EndObject();
}

void WriteFinding(base::JsonWriter& json, const policy::Finding& finding) {
  json.BeginObject();
  json.Field("code", finding.code);
  json.Field("class", policy::Name(finding.cls));
  json.Field("rule", finding.rule);
  json.Field("rule_version", finding.rule_version);
  json.Field("scanner", finding.scanner);
  json.Field("path", finding.path);
  json.Field("artifact", finding.artifact);
  if (finding.span) WriteSpan(json, *finding.span);
  json.Field("severity", policy::Name(finding.severity));
  json.Field("confidence", policy::Name(finding.confidence));
  json.Field("count", finding.count);
  json.Field("evidence", finding.evidence);
  if (finding.proposed) json.Field("proposed", policy::Name(*finding.proposed));
  json.Field("shadow", finding.shadow);
  json.EndObject();
}

void WriteFindings(base::JsonWriter& json, const std::vector<policy::Finding>& findings) {
  json.Key("findings");
  json.BeginArray();
  for (const policy::Finding& finding : findings) WriteFinding(json, finding);
  json.EndArray();
}

void WriteSteps(base::JsonWriter& json, const policy::RecipientVerdict& one) {
  json.Field("block", one.block);
  json.Field("block_origin", one.block_origin);
  json.Key("steps");
  json.BeginArray();
  for (const policy::Step& step : one.steps) {
    json.BeginObject();
    json.Field("finding", step.finding);
    json.Field("action", policy::Name(step.action));
    json.Field("source", policy::Name(step.source));
    json.Field("key", step.key);
    json.EndObject();
  }
  json.EndArray();
}

void WriteRecipients(base::JsonWriter& json, const policy::Verdict& verdict, JsonDetail detail) {
  json.Key("recipients");
  json.BeginArray();
  for (const policy::RecipientVerdict& one : verdict.recipients) {
    json.BeginObject();
    json.Field("address", one.recipient);
    json.Field("action", policy::Name(one.action));
    json.Field("observed", one.observed);
    if (detail == JsonDetail::kFull) WriteSteps(json, one);
    json.EndObject();
  }
  json.EndArray();
}

void WriteTree(base::JsonWriter& json, const policy::Analysis& analysis) {
  json.Key("tree");
  json.BeginArray();
  for (const policy::ArtifactRecord& node : analysis.tree) {
    json.BeginObject();
    json.Field("kind", policy::Name(node.kind));
    json.Field("parent", node.parent);
    json.Field("path", node.path);
    json.Field("claimed_name", node.claimed_name);
    json.Field("declared_type", node.declared_type);
    json.Field("detected_type", node.detected_type);
    json.Field("bytes", node.size);
    json.Field("sha256", base::Hex(node.sha256));
    json.EndObject();
  }
  json.EndArray();
}

void WriteLooked(base::JsonWriter& json, const policy::Analysis& analysis) {
  json.Key("looked");
  json.BeginArray();
  for (const std::string& scanner : analysis.looked) json.String(scanner);
  json.EndArray();
  json.Key("not_looked");
  json.BeginArray();
  for (const policy::NotLooked& one : analysis.not_looked) {
    json.BeginObject();
    json.Field("scanner", one.scanner);
    json.Field("reason", one.reason);
    json.EndObject();
  }
  json.EndArray();
}

void WriteMeasures(base::JsonWriter& json, const policy::Analysis& analysis) {
  json.Key("timing");
  json.BeginArray();
  for (const policy::Timing& one : analysis.timing) {
    json.BeginObject();
    json.Field("stage", one.stage);
    json.Field("micros", one.micros);
    json.EndObject();
  }
  json.EndArray();
  json.Key("detectors");
  json.BeginArray();
  for (const policy::DetectorCount& one : analysis.detectors) {
    json.BeginObject();
    json.Field("detector", one.detector);
    json.Field("distinct", one.distinct);
    json.Field("confidence", policy::Name(one.confidence));
    json.EndObject();
  }
  json.EndArray();
}

void WriteSession(base::JsonWriter& json, const policy::Envelope& envelope) {
  json.Field("client_name", envelope.client_name);
  json.Field("helo", envelope.helo);
  json.Field("auth_user", envelope.auth_user);
  json.Field("daemon_name", envelope.daemon_name);
  json.Field("assumed", envelope.assumed);
  json.Key("tls");
  json.BeginObject();
  json.Field("version", envelope.tls.version);
  json.Field("cipher", envelope.tls.cipher);
  json.Field("bits", envelope.tls.bits);
  json.Field("cert_subject", envelope.tls.cert_subject);
  json.Field("cert_issuer", envelope.tls.cert_issuer);
  json.EndObject();
}

void WriteLater(base::JsonWriter& json, const std::vector<db::Event>& later) {
  json.Key("later");
  json.BeginArray();
  for (const db::Event& event : later) {
    json.BeginObject();
    json.Field("event", db::Name(db::KindOf(event)));
    if (const auto* update = std::get_if<db::UpdateEvent>(&event)) {
      json.Field("time", base::FormatRfc3339(update->time));
      json.Field("actor", update->actor);
      json.Field("reason", update->reason);
      json.Field("class", policy::Name(update->cls));
      json.Field("action", policy::Name(update->action));
      WriteFindings(json, update->findings);
    } else if (const auto* release = std::get_if<db::ReleaseEvent>(&event)) {
      json.Field("time", base::FormatRfc3339(release->time));
      json.Field("actor", release->actor);
      json.Field("discarded", release->discarded);
      json.Field("note", release->note);
    }
    json.EndObject();
  }
  json.EndArray();
}

void WriteHead(base::JsonWriter& json, const db::StoredVerdict& stored) {
  const db::DecisionEvent& event = stored.event;
  json.Field("v", 1);
  json.Field("id", event.verdict_id);
  json.Field("seq", stored.seq);
  json.Field("time", base::FormatRfc3339(event.time));
  if (!stored.fault.empty()) json.Field("fault", stored.fault);
}

void WriteDecision(base::JsonWriter& json, const db::StoredVerdict& stored) {
  const db::DecisionEvent& event = stored.event;
  json.Field("node", event.node);
  json.Field("class", policy::Name(event.verdict.cls));
  json.Field("action", policy::Name(event.verdict.action));
  json.Field("wanted", policy::Name(event.verdict.wanted));
  json.Field("observed", event.verdict.observed);
  json.Field("reason", event.verdict.reason);
  json.Field("direction", policy::Name(event.envelope.direction));
  json.Field("client_address", event.envelope.client_address);
  json.Field("sender", event.envelope.sender);
  json.Field("queue_id", event.envelope.queue_id);
  json.Field("message_id", event.envelope.message_id);
  json.Field("subject", event.analysis.subject);
  json.Field("bytes", event.message_bytes);
  json.Field("message_sha256", base::Hex(base::AsBytes(event.message_sha256)));
  json.Field("body_sha256", base::Hex(base::AsBytes(event.body_sha256)));
  json.Field("smtp_reply", event.smtp_reply);
  json.Field("acknowledged", db::Name(stored.mark));
  json.Field("generation", event.generation);
  json.Field("ms", event.millis);
}

}  // namespace

std::string VerdictJson(const db::StoredVerdict& stored, JsonDetail detail) {
  base::JsonWriter json;
  json.BeginObject();
  WriteHead(json, stored);
  if (stored.fault.empty()) {
    WriteDecision(json, stored);
    WriteRecipients(json, stored.event.verdict, detail);
    WriteFindings(json, stored.event.verdict.findings);
  }
  if (stored.fault.empty() && detail == JsonDetail::kFull) {
    json.Field("engine", stored.event.engine);
    json.Field("confinement", stored.event.confinement);
    WriteSession(json, stored.event.envelope);
    WriteTree(json, stored.event.analysis);
    WriteLooked(json, stored.event.analysis);
    WriteMeasures(json, stored.event.analysis);
    WriteLater(json, stored.later);
  }
  json.EndObject();
  return json.text();
}

}  // namespace lazaret::cli
