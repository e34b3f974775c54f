// The order of the fields of each event, once for writing and reading. An Archive has Array, Text,
// Uint, Enum, Flag, Time, Digest, Bytes, Personal and List; a writer leaves the fields as they are,
// a reader fills them. Changing an order or a count is a new kFormat and a second page here, never
// an edit: stored events must read the same for ever.
#ifndef LAZARET_DB_AUDIT_EVENT_FIELDS_H_
#define LAZARET_DB_AUDIT_EVENT_FIELDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "db/event.h"

namespace lazaret::db {

inline constexpr std::uint64_t kFormat = 1;

// Recipients mostly share one plan, so it is stored once and named by its index.
struct RecipientPlan {
  policy::Action action = policy::Action::kAccept;
  std::string block;
  std::string block_origin;
  bool observed = false;
  policy::Steps steps;
};

struct PlannedRecipient {
  std::uint64_t plan = 0;
  std::string address;  // only when it is not the envelope's recipient at the same place
};

template <typename Archive>
void Fields(Archive& a, policy::Envelope& e) {
  a.Array(12);
  a.Personal(e.sender);
  a.List(e.recipients, [](Archive& b, std::string& address) { b.Personal(address); });
  a.Personal(e.client_address);
  a.Personal(e.client_name);
  a.Personal(e.helo);
  a.Personal(e.auth_user);
  a.Text(e.daemon_name);
  a.Text(e.queue_id);
  a.Personal(e.message_id);
  a.Enum(e.direction, 2);
  a.Flag(e.assumed);
  a.Array(5);
  a.Text(e.tls.version);
  a.Text(e.tls.cipher);
  a.Uint(e.tls.bits);
  a.Personal(e.tls.cert_subject);
  a.Personal(e.tls.cert_issuer);
}

template <typename Archive>
void Fields(Archive& a, policy::Finding& f) {
  a.Array(14);
  a.Text(f.code);
  a.Enum(f.cls, policy::kClassCount - 1);
  a.Text(f.rule);
  a.Text(f.rule_version);
  a.Text(f.scanner);
  a.Personal(f.path);
  a.Uint(f.artifact);
  a.Optional(f.span, [](Archive& b, policy::Span& span) {
    b.Array(3);
    b.Enum(span.unit, 1);
    b.Uint(span.begin);
    b.Uint(span.end);
  });
  a.Personal(f.evidence);
  a.Enum(f.severity, 4);
  a.Enum(f.confidence, 2);
  a.Uint(f.count);
  a.Optional(f.proposed,
             [](Archive& b, policy::Action& action) { b.Enum(action, policy::kActionCount - 1); });
  a.Flag(f.shadow);
}

template <typename Archive>
void Fields(Archive& a, policy::ArtifactRecord& node) {
  a.Array(8);
  a.Enum(node.kind, 3);
  a.Uint(node.parent);
  a.Personal(node.path);
  a.Personal(node.claimed_name);
  a.Text(node.declared_type);
  a.Text(node.detected_type);
  a.Uint(node.size);
  a.Bytes(node.sha256);
}

template <typename Archive>
void Fields(Archive& a, RecipientPlan& plan) {
  a.Array(5);
  a.Enum(plan.action, policy::kActionCount - 1);
  a.Text(plan.block);
  a.Text(plan.block_origin);
  a.Flag(plan.observed);
  a.List(plan.steps.Own(), [](Archive& b, policy::Step& step) {
    b.Array(4);
    b.Uint(step.finding);
    b.Enum(step.action, policy::kActionCount - 1);
    b.Enum(step.source, 4);
    b.Text(step.key);
  });
}

template <typename Archive>
void Fields(Archive& a, policy::Analysis& analysis) {
  a.Array(6);
  a.List(analysis.tree, [](Archive& b, policy::ArtifactRecord& node) { Fields(b, node); });
  a.List(analysis.looked, [](Archive& b, std::string& scanner) { b.Text(scanner); });
  a.List(analysis.not_looked, [](Archive& b, policy::NotLooked& one) {
    b.Array(2);
    b.Text(one.scanner);
    b.Text(one.reason);
  });
  a.List(analysis.timing, [](Archive& b, policy::Timing& one) {
    b.Array(2);
    b.Text(one.stage);
    b.Uint(one.micros);
  });
  a.List(analysis.detectors, [](Archive& b, policy::DetectorCount& one) {
    b.Array(3);
    b.Text(one.detector);
    b.Uint(one.distinct);
    b.Enum(one.confidence, 2);
  });
  a.Personal(analysis.subject);
}

struct VerdictFields {
  policy::Verdict& verdict;
  std::vector<RecipientPlan>& plans;
  std::vector<PlannedRecipient>& recipients;
};

template <typename Archive>
void Fields(Archive& a, const VerdictFields& v) {
  a.Array(8);
  a.Enum(v.verdict.cls, policy::kClassCount - 1);
  a.Enum(v.verdict.action, policy::kActionCount - 1);
  a.Enum(v.verdict.wanted, policy::kActionCount - 1);
  a.Flag(v.verdict.observed);
  a.Text(v.verdict.reason);
  a.List(v.verdict.findings, [](Archive& b, policy::Finding& finding) { Fields(b, finding); });
  a.List(v.plans, [](Archive& b, RecipientPlan& plan) { Fields(b, plan); });
  a.List(v.recipients, [](Archive& b, PlannedRecipient& one) {
    b.Array(2);
    b.Uint(one.plan);
    b.Personal(one.address);
  });
}

template <typename Archive>
void Fields(Archive& a, DecisionEvent& e, const VerdictFields& verdict) {
  a.Array(13);
  a.Format(kFormat);
  a.Text(e.verdict_id);
  a.Time(e.time);
  a.Text(e.node);
  Fields(a, e.envelope);
  a.Array(3);
  a.Digest(e.message_sha256);
  a.Digest(e.body_sha256);
  a.Uint(e.message_bytes);
  Fields(a, e.analysis);
  Fields(a, verdict);
  a.Text(e.generation);
  a.Text(e.engine);
  a.Text(e.confinement);
  a.Text(e.smtp_reply);
  a.Uint(e.millis);
}

template <typename Archive>
void Fields(Archive& a, UpdateEvent& e) {
  a.Array(9);
  a.Format(kFormat);
  a.Text(e.verdict_id);
  a.Time(e.time);
  a.Text(e.node);
  a.Personal(e.actor);
  a.Text(e.reason);
  a.Enum(e.cls, policy::kClassCount - 1);
  a.Enum(e.action, policy::kActionCount - 1);
  a.List(e.findings, [](Archive& b, policy::Finding& finding) { Fields(b, finding); });
}

template <typename Archive>
void Fields(Archive& a, ReleaseEvent& e) {
  a.Array(8);
  a.Format(kFormat);
  a.Text(e.verdict_id);
  a.Time(e.time);
  a.Text(e.node);
  a.Personal(e.actor);
  a.Flag(e.discarded);
  a.List(e.recipients, [](Archive& b, std::string& address) { b.Personal(address); });
  a.Text(e.note);
}

template <typename Archive>
void Fields(Archive& a, ForgetEvent& e) {
  a.Array(10);
  a.Format(kFormat);
  a.Time(e.time);
  a.Text(e.node);
  a.Personal(e.actor);
  a.Enum(e.scope, 2);
  a.Uint(e.through_seq);
  a.Digest(e.through_hash);
  a.Text(e.verdict_id);
  a.Time(e.before);
  a.Text(e.reason);
}

}  // namespace lazaret::db

#endif  // LAZARET_DB_AUDIT_EVENT_FIELDS_H_
