#include "app/front/message_handler.h"

#include <algorithm>
#include <optional>

#include "app/front/refusal.h"
#include "app/front/reply_templates.h"
#include "app/judge/two_tries.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/log.h"

namespace lazaret::front {
namespace {

// How long after the deadline a record may still be waited for: the reply is due one second after.
constexpr base::Nanoseconds kRecordGrace = 200'000'000;
// A history behind a slow disk is not waited for longer: the message is then taken for a first
// contact.
constexpr std::int64_t kHistoryMillis = 500;
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

MessageSummary::MessageSummary(const db::DecisionEvent& event)
    : queue_id(event.envelope.queue_id),
      message_id(event.envelope.message_id),
      sender(event.envelope.sender),
      recipients(event.envelope.recipients.size()),
      cls(event.verdict.cls),
      verdict_id(event.verdict_id),
      bytes(event.message_bytes),
      millis(event.millis) {}

std::string MessageLine(const MessageSummary& message, policy::Action answered) {
  return base::Format(
      "message queue={} class={} action={} verdict={} ms={} recipients={} from=<{}> "
      "message-id=<{}>",
      Shown(message.queue_id.empty() ? "-" : message.queue_id), policy::Name(message.cls),
      policy::Name(answered), message.verdict_id, message.millis, message.recipients,
      Shown(message.sender), Shown(message.message_id));
}

// The counters that operators watch are there from the start, at zero.
FrontHandler::FrontHandler(const HandlerParts& parts) : parts_(parts), times_(parts.counters) {
  for (const char* name : {"messages_total", "messages_aborted_total", "messages_refused_total",
                           "messages_refused_at_mail_total", "messages_tried_twice_total",
                           "messages_that_cost_a_worker_total", "messages_poison_total"}) {
    parts_.counters.Add(name, 0);
  }
}

judge::Tried FrontHandler::Look(const milter::Transaction& transaction,
                                const policy::Envelope& envelope, base::Nanoseconds began,
                                const std::function<void()>& progress) {
  const base::UnixTime came = base::RealtimeNow();
  const judge::TryTimes times = judge::TryTimesFrom(began, parts_.config.limits.deadline_seconds);
  judge::Job job;
  job.message_fd = transaction.message.fd.get();
  job.message_bytes = transaction.message.bytes;
  job.facts.envelope = envelope;
  const std::optional<bool> seen = parts_.log.SenderSeenBefore(
      envelope.sender, envelope.recipients, base::Deadline::AfterMillis(kHistoryMillis));
  times_.history.ObserveSince(began);
  job.facts.sender_seen_before = seen.value_or(false);
  job.facts.budget_millis =
      static_cast<std::uint32_t>((times.second.monotonic() - began) / 1'000'000);
  job.uid = NewUid();
  const base::Nanoseconds asked = base::MonotonicNow();
  judge::Tried tried = judge::RunTwice(parts_.pool, std::move(job), times, progress);
  judge::Outcome& outcome = tried.outcome;
  times_.Looked(asked, outcome.waited_micros, outcome.analysis.timing);
  if (tried.twice) parts_.counters.Add("messages_tried_twice_total");
  CheckBundle(outcome);
  CheckPoison(tried, transaction.message, came);
  if (outcome.kind == judge::Failure::kBusy)
    outcome.analysis = policy::AnalysisForBusy(outcome.failure);
  if (!seen) {
    parts_.counters.Add("history_not_looked_at_total");
    outcome.analysis.not_looked.push_back({"history", "the log did not answer in time"});
  }
  if (outcome.failed) {
    parts_.counters.Add("messages_not_looked_at_total");
    base::LogWarning(base::Format("queue={}: {}{}", Shown(envelope.queue_id), outcome.failure,
                                  tried.twice ? ", tried twice" : ""));
  }
  return tried;
}

void FrontHandler::CheckBundle(judge::Outcome& outcome) const {
  const std::string& bundle = outcome.generation.bundle_sha256;
  const bool known = parts_.shelf == nullptr ? bundle == parts_.bundle_sha256
                                             : parts_.shelf->Find(bundle) != nullptr;
  if (outcome.failed || known) return;
  outcome.failed = true;
  outcome.failure = "the analyzer's rules are not those of the policy in force";
  outcome.analysis = policy::AnalysisForFailure(outcome.failure);
}

void FrontHandler::CheckAge(judge::Outcome& outcome, base::UnixTime now) const {
  const config::Clamav& clamav = parts_.config.clamav;
  const std::int64_t time = outcome.generation.signatures_time;
  const std::int64_t age = now.micros / 1'000'000 - time;
  if (clamav.max_age_seconds == 0 || clamav.max_age_action != "tempfail" || time <= 0 ||
      age <= clamav.max_age_seconds)
    return;
  policy::Finding old;
  old.code = "scan.error.old-signatures";
  old.cls = policy::Class::kError;
  old.severity = policy::Severity::kHigh;
  old.scanner = "clamav";
  old.path = "message";
  old.evidence = base::Format("the signatures are {} hours old, clamav.max_age is {} hours",
                              age / 3600, clamav.max_age_seconds / 3600);
  outcome.analysis.findings.push_back(std::move(old));
}

void FrontHandler::CheckPoison(judge::Tried& tried, const milter::StoredMessage& message,
                               base::UnixTime came) {
  if (!tried.struck || parts_.poison == nullptr) return;
  parts_.counters.Add("messages_that_cost_a_worker_total");
  const bool again = parts_.poison->Strike(message.sha256, came, base::RealtimeNow());
  if (!again || !tried.outcome.failed) return;
  parts_.counters.Add("messages_poison_total");
  policy::Analysis poison = policy::AnalysisForPoison(tried.outcome.failure);
  poison.findings.insert(poison.findings.end(), tried.notes.begin(), tried.notes.end());
  tried.outcome.analysis = std::move(poison);
}

PolicyShelf::Held FrontHandler::PolicyFor(const judge::Outcome& outcome) const {
  // Lent: the first policy outlives the handler.
  if (parts_.shelf == nullptr) return {PolicyShelf::Held(), &parts_.policy};
  const PolicyShelf::Held own = parts_.shelf->Find(outcome.generation.bundle_sha256);
  return own != nullptr ? own : parts_.shelf->InForce();
}

db::DecisionEvent FrontHandler::NewEvent(const policy::Envelope& envelope) const {
  db::DecisionEvent event;
  event.verdict_id = db::NewVerdictId();
  event.node = parts_.config.node;
  event.envelope = envelope;
  event.envelope.direction = policy::FindDirection(event.envelope, parts_.config.directions);
  return event;
}

milter::Disposition FrontHandler::Judge(const milter::Transaction& transaction,
                                        const std::function<void()>& progress) {
  const base::Nanoseconds began = base::MonotonicNow();
  const OpenMessages::Entry entry(open_, began);
  db::DecisionEvent event = NewEvent(transaction.envelope);
  event.message_sha256 = transaction.message.sha256;
  event.body_sha256 = transaction.message.body_sha256;
  event.message_bytes = transaction.message.bytes;

  judge::Tried tried = Look(transaction, event.envelope, began, progress);
  judge::Outcome& outcome = tried.outcome;
  event.time = base::RealtimeNow();
  CheckAge(outcome, event.time);
  const base::Nanoseconds looked = base::MonotonicNow();
  const PolicyShelf::Held policy = PolicyFor(outcome);
  event.verdict = policy::Decide({event.envelope, outcome.analysis, *policy, event.time});
  times_.decide.ObserveSince(looked);
  event.analysis = std::move(outcome.analysis);
  // The verdict holds them all, and the record takes them from there.
  std::vector<policy::Finding>().swap(event.analysis.findings);
  event.generation = std::move(outcome.generation.id);
  event.engine = std::move(outcome.generation.engine);
  event.confinement = std::move(outcome.generation.confinement);
  milter::Disposition disposition = DispositionOf(event.verdict, event.verdict_id);
  // The message was not even begun with: the system is busy, nothing is wrong with it.
  if (outcome.kind == judge::Failure::kBusy) disposition.reply.enhanced = "4.3.2";
  return RecordThenAnswer(std::move(event), std::move(disposition), began);
}

milter::Disposition FrontHandler::Refused(const milter::Refusal& refusal) {
  const base::Nanoseconds began = base::MonotonicNow();
  db::DecisionEvent event = NewEvent(refusal.envelope);
  event.time = base::RealtimeNow();
  event.message_bytes = refusal.bytes;
  event.verdict = VerdictOfRefusal(refusal);
  event.analysis.tree.push_back(
      {policy::ArtifactKind::kMessage, 0, "message", "", "", "", refusal.bytes, ""});
  event.analysis.not_looked.push_back({"session", event.verdict.findings.front().evidence});
  parts_.counters.Add("messages_refused_total");
  milter::Disposition disposition;
  disposition.action = event.verdict.action;
  disposition.verdict_id = event.verdict_id;
  disposition.reply = refusal.reply;
  disposition.reply.text += base::Format(", reference {}", event.verdict_id);
  const std::string& contact = parts_.config.reply.contact;
  if (!contact.empty()) disposition.reply.text += "; questions: " + contact;
  return RecordThenAnswer(std::move(event), std::move(disposition), began);
}

milter::Disposition FrontHandler::RecordThenAnswer(db::DecisionEvent&& event,
                                                   milter::Disposition disposition,
                                                   base::Nanoseconds began) {
  if (!disposition.reply.code.empty()) event.smtp_reply = ReplyLine(disposition.reply);
  event.millis = static_cast<std::uint64_t>(MillisSince(began));
  const auto limit = static_cast<base::Nanoseconds>(parts_.config.limits.deadline_seconds * 1e9);
  const MessageSummary summary(event);
  if (!Record(std::move(event), base::Deadline::At(began + limit + kRecordGrace)).ok()) {
    // No id: what may yet be written must not be marked as carried out.
    disposition = {};
    disposition.action = policy::Action::kTempfail;
    disposition.reply = NotRecordedReply(parts_.config, summary.verdict_id);
  }
  times_.message.ObserveSince(began);
  Report(summary, disposition.action);
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

base::Status FrontHandler::Record(db::DecisionEvent&& event, base::Deadline deadline) {
  const std::string id = event.verdict_id;
  const base::Nanoseconds asked = base::MonotonicNow();
  base::Status recorded = parts_.log.AppendBefore(std::move(event), deadline);
  times_.record.ObserveSince(asked);
  if (!recorded.ok()) {
    parts_.counters.Add("verdicts_not_recorded_total");
    base::LogError(base::Format("verdict {} could not be recorded, answering 451: {}", id,
                                recorded.error().text));
  }
  parts_.counters.Set("verdict_log_failing_bool", recorded.ok() ? 0 : 1);
  return recorded;
}

void FrontHandler::Report(const MessageSummary& message, policy::Action answered) {
  base::Counters& counters = parts_.counters;
  counters.Add("messages_total");
  counters.Add("message_bytes_total", message.bytes);
  counters.Add(base::Format("messages_class_{}_total", policy::Name(message.cls)));
  counters.Add(base::Format("messages_action_{}_total", policy::Name(answered)));
  counters.Add("message_millis_total", message.millis);
  base::LogInfo(MessageLine(message, answered));
}

void FrontHandler::OnAcknowledged(std::string_view verdict_id, milter::NextSign sign) {
  parts_.log.Acknowledge(std::string(verdict_id), sign == milter::NextSign::kNextCommand
                                                      ? db::AckMark::kNextCommand
                                                      : db::AckMark::kClose);
}

void FrontHandler::OnRefusedAtMail(const policy::Envelope& envelope, const milter::Reply& reply) {
  parts_.counters.Add("messages_refused_at_mail_total");
  base::LogWarning(base::Format("refused at MAIL: reply=\"{}\" client={} from=<{}>",
                                ReplyLine(reply), Shown(envelope.client_address),
                                Shown(envelope.sender)));
}

void FrontHandler::OnAborted() { parts_.counters.Add("messages_aborted_total"); }

}  // namespace lazaret::front
