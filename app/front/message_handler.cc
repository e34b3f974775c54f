#include "app/front/message_handler.h"

#include <algorithm>

#include "app/front/reply_templates.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/log.h"

namespace lazaret::front {
namespace {

// Share of the deadline that the analyzer may use; the rest is for the decision and its record.
constexpr double kLookShare = 0.90;
// How long after the deadline a record may still be waited for: the reply is due one second after.
constexpr base::Nanoseconds kRecordGrace = 500'000'000;
constexpr std::size_t kMaxCodes = 8;
constexpr std::size_t kMaxLoggedValue = 256;

std::array<std::uint8_t, 16> NewUid() {
  std::array<std::uint8_t, 16> uid{};
  base::FillRandom(uid.data(), uid.size());
  return uid;
}

std::int64_t MillisSince(base::Nanoseconds began) {
  return (base::MonotonicNow() - began) / 1'000'000;
}

// base::Log escapes the line; here a value only loses what could pass for the line's own structure.
std::string Shown(std::string_view value) {
  std::string shown(value.substr(0, kMaxLoggedValue));
  for (char& c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f || c == '<' || c == '>') c = '?';
  }
  return shown;
}

}  // namespace

std::string FindingCodes(const policy::Verdict& verdict) {
  std::vector<const policy::Finding*> counting;
  for (const policy::Finding& finding : verdict.findings) {
    if (!finding.shadow) counting.push_back(&finding);
  }
  std::stable_sort(counting.begin(), counting.end(),
                   [](const auto* a, const auto* b) { return a->cls > b->cls; });
  std::vector<std::string_view> codes;
  for (const policy::Finding* finding : counting) {
    if (codes.size() < kMaxCodes &&
        std::find(codes.begin(), codes.end(), finding->code) == codes.end()) {
      codes.push_back(finding->code);
    }
  }
  std::string line;
  for (const std::string_view code : codes) {
    if (!line.empty()) line += ", ";
    line += code;
  }
  return line;
}

std::string MessageLine(const db::DecisionEvent& event, policy::Action answered) {
  const policy::Envelope& envelope = event.envelope;
  return base::Format(
      "message queue={} message-id=<{}> from=<{}> recipients={} class={} action={} verdict={} "
      "ms={}",
      Shown(envelope.queue_id.empty() ? "-" : envelope.queue_id), Shown(envelope.message_id),
      Shown(envelope.sender), envelope.recipients.size(), policy::Name(event.verdict.cls),
      policy::Name(answered), event.verdict_id, event.millis);
}

judge::Outcome FrontHandler::Look(const milter::Transaction& transaction,
                                  const policy::Envelope& envelope, base::Nanoseconds began,
                                  const std::function<void()>& progress) {
  const auto look_millis =
      static_cast<std::int64_t>(parts_.config.limits.deadline_seconds * 1000.0 * kLookShare);
  judge::Job job;
  job.message_fd = transaction.message.fd.get();
  job.message_bytes = transaction.message.bytes;
  job.facts.envelope = envelope;
  job.facts.sender_seen_before = parts_.log.SenderSeenBefore(envelope.sender, envelope.recipients);
  job.facts.budget_millis = static_cast<std::uint32_t>(look_millis);
  job.uid = NewUid();
  job.deadline = base::Deadline::At(began + look_millis * 1'000'000);
  judge::Outcome outcome = parts_.pool.Run(std::move(job), progress);
  CheckBundle(outcome);
  if (outcome.failed) {
    parts_.counters.Add("messages_not_looked_at_total");
    base::LogWarning(base::Format("queue={}: {}", Shown(envelope.queue_id), outcome.failure));
  }
  return outcome;
}

void FrontHandler::CheckBundle(judge::Outcome& outcome) const {
  if (outcome.failed || outcome.generation.bundle_sha256 == parts_.bundle_sha256) return;
  outcome.failed = true;
  outcome.failure = "the analyzer's rules are not those of the policy in force";
  outcome.analysis = policy::AnalysisForFailure(outcome.failure);
}

milter::Disposition FrontHandler::Judge(const milter::Transaction& transaction,
                                        const std::function<void()>& progress) {
  const base::Nanoseconds began = base::MonotonicNow();
  db::DecisionEvent event;
  event.verdict_id = db::NewVerdictId();
  event.node = parts_.config.node;
  event.envelope = transaction.envelope;
  event.envelope.direction = policy::FindDirection(event.envelope, parts_.config.directions);
  event.message_sha256 = transaction.message.sha256;
  event.body_sha256 = transaction.message.body_sha256;
  event.message_bytes = transaction.message.bytes;

  judge::Outcome outcome = Look(transaction, event.envelope, began, progress);
  event.time = base::RealtimeNow();
  event.verdict = policy::Decide({event.envelope, outcome.analysis, parts_.policy, event.time});
  event.analysis = std::move(outcome.analysis);
  event.generation = std::move(outcome.generation.id);
  event.engine = std::move(outcome.generation.engine);
  event.confinement = std::move(outcome.generation.confinement);

  milter::Disposition disposition = DispositionOf(event.verdict, event.verdict_id);
  if (!disposition.reply.code.empty()) event.smtp_reply = ReplyLine(disposition.reply);
  event.millis = static_cast<std::uint64_t>(MillisSince(began));
  const auto limit = static_cast<base::Nanoseconds>(parts_.config.limits.deadline_seconds * 1e9);
  if (!Record(event, base::Deadline::At(began + limit + kRecordGrace)).ok()) {
    // No id: what may yet be written must not be marked as carried out.
    disposition = {};
    disposition.action = policy::Action::kTempfail;
    disposition.reply = NotRecordedReply(parts_.config, event.verdict_id);
  }
  Report(event, disposition.action);
  return disposition;
}

milter::Disposition FrontHandler::DispositionOf(const policy::Verdict& verdict,
                                                std::string verdict_id) const {
  milter::Disposition disposition;
  disposition.action = verdict.action;
  disposition.verdict_id = std::move(verdict_id);
  const std::string& id = disposition.verdict_id;
  switch (verdict.action) {
    case policy::Action::kReject:
      disposition.reply = RejectReply(parts_.config, id);
      return disposition;
    case policy::Action::kHold:
      disposition.hold_reason = "lazaret " + id;
      break;
    case policy::Action::kAccept:
    case policy::Action::kTag:
      break;
    case policy::Action::kTempfail:
    case policy::Action::kStrip:
    case policy::Action::kRedirect:
    case policy::Action::kQuarantine:
      disposition.action = policy::Action::kTempfail;
      disposition.reply = TempfailReply(parts_.config, id);
      return disposition;
  }
  disposition.add.push_back({"X-Lazaret-Id", id});
  disposition.add.push_back({"X-Lazaret-Class", std::string(policy::Name(verdict.cls))});
  if (verdict.action == policy::Action::kTag) {
    disposition.add.push_back({"X-Lazaret-Info", FindingCodes(verdict)});
  }
  return disposition;
}

base::Status FrontHandler::Record(db::DecisionEvent event, base::Deadline deadline) {
  const std::string id = event.verdict_id;
  base::Status recorded = parts_.log.AppendBefore(std::move(event), deadline);
  if (!recorded.ok()) {
    parts_.counters.Add("verdicts_not_recorded_total");
    base::LogError(base::Format("verdict {} could not be recorded, answering 451: {}", id,
                                recorded.error().text));
  }
  parts_.counters.Set("verdict_log_failing_bool", recorded.ok() ? 0 : 1);
  return recorded;
}

void FrontHandler::Report(const db::DecisionEvent& event, policy::Action answered) {
  base::Counters& counters = parts_.counters;
  counters.Add("messages_total");
  counters.Add("message_bytes_total", event.message_bytes);
  counters.Add(base::Format("messages_class_{}_total", policy::Name(event.verdict.cls)));
  counters.Add(base::Format("messages_action_{}_total", policy::Name(answered)));
  counters.Add("message_millis_total", event.millis);
  base::LogInfo(MessageLine(event, answered));
}

void FrontHandler::OnAcknowledged(std::string_view verdict_id, milter::NextSign sign) {
  parts_.log.Acknowledge(std::string(verdict_id), sign == milter::NextSign::kNextCommand
                                                      ? db::AckMark::kNextCommand
                                                      : db::AckMark::kClose);
}

void FrontHandler::OnRefused(const policy::Envelope& envelope, const milter::Reply& reply) {
  parts_.counters.Add("messages_refused_total");
  base::LogWarning(base::Format("message queue={} from=<{}> recipients={} refused: {}",
                                Shown(envelope.queue_id), Shown(envelope.sender),
                                envelope.recipients.size(), ReplyLine(reply)));
}

}  // namespace lazaret::front
