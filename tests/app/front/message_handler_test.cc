#include "app/front/message_handler.h"

#include <algorithm>
#include <functional>

#include "app/front/reply_templates.h"
#include "app/front/status.h"
#include "base/log.h"
#include "base/text.h"
#include "db/memory/memory_store.h"
#include "tests/support/catch.h"

namespace lazaret::front {
namespace {

class FakePool : public judge::WorkerPool {
 public:
  judge::Outcome Run(judge::Job job, const std::function<void()>& on_wait) override {
    if (runs++ == 0) first_facts = job.facts;
    last_facts = job.facts;
    last_deadline = job.deadline;
    on_wait();
    if (runs <= failing) return Failed(judge::Failure::kDied, "worker died");
    return answer;
  }
  base::Status WaitReady(base::Deadline) override { return base::Ok(); }
  judge::PoolStatus Status() const override { return {}; }
  static judge::Outcome Failed(judge::Failure kind, const std::string& why) {
    judge::Outcome outcome;
    outcome.failed = true;
    outcome.kind = kind;
    outcome.failure = why;
    outcome.analysis = policy::AnalysisForFailure(why);
    return outcome;
  }

  judge::Outcome answer;
  int failing = 0;  // so many workers die before one answers
  int runs = 0;
  policy::JobFacts first_facts;
  policy::JobFacts last_facts;
  base::Deadline last_deadline;
};

// A log whose disk can be full.
class FakeLog : public db::VerdictLog {
 public:
  base::Status Append(db::Event event) override {
    if (full) return base::Error{base::ErrorCode::kUnavailable, "disk full"};
    events.push_back(std::get<db::DecisionEvent>(std::move(event)));
    return base::Ok();
  }
  base::Status AppendBefore(db::Event event, base::Deadline deadline) override {
    last_deadline = deadline;
    return Append(std::move(event));
  }
  void Acknowledge(std::string id, db::AckMark mark) override {
    marks.push_back(id + " " + std::string(db::Name(mark)));
  }
  std::optional<bool> SenderSeenBefore(std::string_view sender, const std::vector<std::string>&,
                                       base::Deadline deadline) override {
    history_deadline = deadline;
    if (history_hangs) return std::nullopt;
    return sender == "known@sender.test";
  }
  base::Result<std::uint64_t> ForgetPersonal(const db::ForgetSelector&, db::ForgetEvent) override {
    return base::Error{base::ErrorCode::kUnsupported, "not here"};
  }
  db::VerdictStore& store() override { std::abort(); }

  base::Deadline last_deadline;
  base::Deadline history_deadline;
  bool history_hangs = false;
  bool full = false;
  std::vector<db::DecisionEvent> events;
  std::vector<std::string> marks;
};

struct Fixture {
  Fixture() {
    policy.defaults = policy::DefaultClassActions();
    policy.mandatory_scanners = {"clamav"};
    config.reply.reject["en"] = "refused {id}, ask {contact}";
    config.reply.tempfail["en"] = "later {id}";
    config.reply.contact = "postmaster@own.test";
    pool.answer.analysis.looked = {"clamav"};
    pool.answer.analysis.tree.push_back(
        {policy::ArtifactKind::kMessage, 0, "message", "", "", "", 1, ""});
    pool.answer.generation.bundle_sha256 = "bundle1";
    pool.answer.generation.id = "generation1";
    transaction.envelope.sender = "known@sender.test";
    transaction.envelope.recipients = {"b@own.test"};
    transaction.envelope.queue_id = "Q1";
    transaction.message.bytes = 10;
  }

  void Find(policy::Class cls, const std::string& code, bool shadow = false) {
    policy::Finding finding;
    finding.cls = cls;
    finding.code = code;
    finding.scanner = "clamav";
    finding.shadow = shadow;
    pool.answer.analysis.findings.push_back(finding);
  }

  milter::Disposition Judge() {
    return handler().Judge(transaction, [this] { ++progress; });
  }
  FrontHandler handler() { return FrontHandler({pool, log, policy, config, counters, "bundle1"}); }

  FakePool pool;
  FakeLog log;
  policy::Policy policy;
  config::Config config;
  base::Counters counters;
  milter::Transaction transaction;
  int progress = 0;
};

TEST_CASE("front: a clean message is recorded and accepted with its id and class") {
  Fixture f;
  const milter::Disposition disposition = f.Judge();
  CHECK(disposition.action == policy::Action::kAccept);
  REQUIRE(f.log.events.size() == 1);
  const db::DecisionEvent& event = f.log.events[0];
  CHECK(event.verdict_id == disposition.verdict_id);
  CHECK(event.generation == "generation1");
  CHECK(event.smtp_reply.empty());
  CHECK(event.message_bytes == 10);
  REQUIRE(disposition.add.size() == 2);
  CHECK(disposition.add[0].name == "X-Lazaret-Id");
  CHECK(disposition.add[0].value == event.verdict_id);
  CHECK(disposition.add[1].value == "clean");
  CHECK(f.progress == 1);
}

TEST_CASE("front: each stage of a message is timed once, each scanner as the worker says") {
  Fixture f;
  f.pool.answer.waited_micros = 700;
  f.pool.answer.analysis.timing = {{"clamav", 40'000}};
  FrontHandler handler = f.handler();
  handler.Judge(f.transaction, [&] { CHECK(handler.OldestMillis() < 60'000); });
  CHECK(handler.OldestMillis() == 0);
  std::map<std::string, std::uint64_t> counts;
  for (const auto& one : f.counters.Histograms())
    counts[one.name + "/" + one.label] = one.reading.Count();
  for (const char* name :
       {"message_seconds/", "stage_seconds/history", "stage_seconds/queue", "stage_seconds/look",
        "stage_seconds/decide", "stage_seconds/record", "scanner_seconds/clamav"}) {
    CAPTURE(name);
    CHECK(counts[name] == 1);
  }
  CHECK(counts["scanner_seconds/dlp"] == 0);
  CHECK(f.counters.HistogramOf("stage_seconds", "queue").Read().sum_micros == 700);
}

TEST_CASE("front: a log that cannot commit means 451, counted, never an acceptance") {
  for (const bool malicious : {false, true}) {
    Fixture f;
    f.log.full = true;
    if (malicious) f.Find(policy::Class::kMalicious, "clamav.signature");
    const milter::Disposition disposition = f.Judge();
    CHECK(disposition.action == policy::Action::kTempfail);
    CHECK(disposition.reply.code == "451");
    CHECK(disposition.reply.enhanced == "4.3.0");
    CHECK(disposition.add.empty());
    CHECK(disposition.verdict_id.empty());
    CHECK(f.counters.Snapshot().at("verdicts_not_recorded_total") == 1);
  }
}

TEST_CASE(
    "front: malicious mail is refused with the configured text and no word of what was found") {
  Fixture f;
  f.Find(policy::Class::kMalicious, "clamav.signature");
  const milter::Disposition disposition = f.Judge();
  CHECK(disposition.action == policy::Action::kReject);
  CHECK(disposition.reply.text ==
        "refused " + disposition.verdict_id + ", ask postmaster@own.test");
  REQUIRE(f.log.events.size() == 1);
  CHECK(f.log.events[0].smtp_reply == "550 5.7.1 " + disposition.reply.text);
}

TEST_CASE("front: a template without the id gets it") {
  Fixture f;
  f.config.reply.reject["en"] = "no";
  f.Find(policy::Class::kMalicious, "clamav.signature");
  const milter::Disposition disposition = f.Judge();
  CHECK(disposition.reply.text == "no, reference " + disposition.verdict_id);
}

TEST_CASE("front: no worker, or a dead one, is class error and a tempfail that is recorded") {
  for (const policy::Mode mode : {policy::Mode::kEnforce, policy::Mode::kObserve}) {
    Fixture f;
    f.policy.mode = mode;
    f.pool.answer = {};
    f.pool.answer.failed = true;
    f.pool.answer.failure = "no worker is ready";
    f.pool.answer.analysis = policy::AnalysisForFailure("no worker is ready");
    const milter::Disposition disposition = f.Judge();
    CHECK(disposition.action == policy::Action::kTempfail);
    CHECK(disposition.reply.code == "451");
    REQUIRE(f.log.events.size() == 1);
    CHECK(f.log.events[0].verdict.cls == policy::Class::kError);
    CHECK(f.counters.Snapshot().at("messages_not_looked_at_total") == 1);
  }
}

bool HasCode(const db::DecisionEvent& event, std::string_view code) {
  return std::any_of(event.verdict.findings.begin(), event.verdict.findings.end(),
                     [&](const policy::Finding& finding) { return finding.code == code; });
}

TEST_CASE("front: a message whose worker died is tried once more, plain, and the record says so") {
  Fixture f;
  f.pool.failing = 1;
  const milter::Disposition disposition = f.Judge();
  CHECK(disposition.action == policy::Action::kAccept);
  CHECK(f.pool.runs == 2);
  CHECK_FALSE(f.pool.first_facts.plain);
  CHECK(f.pool.last_facts.plain);
  REQUIRE(f.log.events.size() == 1);
  CHECK(f.log.events[0].verdict.cls == policy::Class::kClean);
  REQUIRE(HasCode(f.log.events[0], "scan.retried"));
  CHECK(f.log.events[0].verdict.findings.back().evidence == "first try: worker died");
  CHECK(f.counters.Snapshot().at("messages_tried_twice_total") == 1);
}

TEST_CASE("front: a message that two workers died over is a tempfail, and not tried a third time") {
  Fixture f;
  f.pool.failing = 3;
  CHECK(f.Judge().action == policy::Action::kTempfail);
  CHECK(f.pool.runs == 2);
  REQUIRE(f.log.events.size() == 1);
  CHECK(HasCode(f.log.events[0], "scan.retried"));
  CHECK(HasCode(f.log.events[0], "scan.error.analyzer"));
}

TEST_CASE(
    "front: what cost workers in two deliveries is held, whatever the policy holds of errors") {
  Fixture f;
  PoisonList poison({}, base::RealtimeNow());
  f.pool.failing = 100;
  f.transaction.message.sha256.fill(1);
  FrontHandler handler({f.pool, f.log, f.policy, f.config, f.counters, "bundle1", &poison});
  const auto judge = [&] { return handler.Judge(f.transaction, [] {}); };
  CHECK(judge().action == policy::Action::kTempfail);
  const milter::Disposition held = judge();
  CHECK(held.action == policy::Action::kHold);
  CHECK(held.hold_reason == "lazaret " + held.verdict_id);
  REQUIRE(f.log.events.size() == 2);
  CHECK_FALSE(HasCode(f.log.events[0], "scan.error.poison"));
  CHECK(HasCode(f.log.events[1], "scan.error.poison"));
  CHECK(HasCode(f.log.events[1], "scan.retried"));
  CHECK_FALSE(HasCode(f.log.events[1], "scan.error.analyzer"));
  CHECK(f.log.events[1].verdict.cls == policy::Class::kError);
  CHECK(f.counters.Snapshot().at("messages_poison_total") == 1);
  f.transaction.message.sha256.fill(2);
  CHECK(judge().action == policy::Action::kTempfail);
  f.policy.mode = policy::Mode::kObserve;
  CHECK(judge().action == policy::Action::kTempfail);
  f.pool.failing = 0;
  CHECK(judge().action == policy::Action::kAccept);
}

TEST_CASE("front: a queue that is full or too slow is answered 451 4.3.2, recorded") {
  for (const auto kind : {judge::Failure::kBusy, judge::Failure::kNotTaken}) {
    Fixture f;
    f.pool.answer = FakePool::Failed(kind, "why");
    const milter::Disposition answer = f.Judge();
    CHECK(answer.reply.code == "451");
    CHECK((answer.reply.enhanced == "4.3.2") == (kind == judge::Failure::kBusy));
    REQUIRE(f.log.events.size() == 1);
    CHECK(f.log.events[0].verdict.cls == policy::Class::kError);
  }
}

TEST_CASE("front: a message that only waited is never poison") {
  Fixture f;
  PoisonList poison({}, base::RealtimeNow());
  f.pool.answer = FakePool::Failed(judge::Failure::kNotTaken, "no worker is ready");
  FrontHandler handler({f.pool, f.log, f.policy, f.config, f.counters, "bundle1", &poison});
  for (int i = 0; i < 3; ++i) {
    CHECK(handler.Judge(f.transaction, [] {}).action == policy::Action::kTempfail);
  }
  CHECK(poison.size() == 0);
}

TEST_CASE("front: an analyzer with other rules than the policy's is class error and a tempfail") {
  for (const char* other : {"", "bundle2"}) {
    Fixture f;
    f.pool.answer.generation.bundle_sha256 = other;
    const milter::Disposition disposition = f.Judge();
    CHECK(disposition.action == policy::Action::kTempfail);
    REQUIRE(f.log.events.size() == 1);
    CHECK(f.log.events[0].verdict.cls == policy::Class::kError);
    CHECK(f.counters.Snapshot().at("messages_not_looked_at_total") == 1);
  }
}

TEST_CASE("front: a message is decided by the policy of the generation that judged it") {
  Fixture f;
  PolicyShelf shelf;
  shelf.Add("bundle1", f.policy);
  policy::Policy strict = f.policy;
  strict.defaults[policy::Class::kSuspicious] = policy::Action::kReject;
  shelf.Add("bundle2", strict);
  REQUIRE(shelf.SwitchTo("bundle2"));
  f.Find(policy::Class::kSuspicious, "x.y");
  FrontHandler handler({f.pool, f.log, f.policy, f.config, f.counters, "bundle1", nullptr, &shelf});
  const auto judge = [&](const std::string& bundle) {
    f.pool.answer.generation.bundle_sha256 = bundle;
    return handler.Judge(f.transaction, [] {}).action;
  };
  CHECK(judge("bundle1") == policy::Action::kTag);
  CHECK(judge("bundle2") == policy::Action::kReject);
  CHECK(judge("bundle3") == policy::Action::kTempfail);
}

TEST_CASE(
    "front: signatures older than clamav.max_age are a tempfail only where that is asked for") {
  const std::int64_t now = base::RealtimeNow().micros / 1'000'000;
  const auto judge = [&](std::uint32_t max_age, const char* action, std::int64_t age) {
    Fixture f;
    f.config.clamav.max_age_seconds = max_age;
    f.config.clamav.max_age_action = action;
    f.pool.answer.generation.signatures_time = age < 0 ? 0 : now - age;
    const milter::Disposition disposition = f.Judge();
    const policy::Verdict& verdict = f.log.events.at(0).verdict;
    const bool said =
        std::any_of(verdict.findings.begin(), verdict.findings.end(),
                    [](const auto& one) { return one.code == "scan.error.old-signatures"; });
    CHECK(said == (verdict.cls == policy::Class::kError));
    CHECK(said == (disposition.action == policy::Action::kTempfail));
    return said;
  };
  CHECK_FALSE(judge(0, "tempfail", 1'000'000));
  CHECK_FALSE(judge(7200, "tempfail", 7000));
  CHECK(judge(7200, "tempfail", 7300));
  CHECK_FALSE(judge(7200, "warn", 7300));
  CHECK_FALSE(judge(7200, "tempfail", -1));
}

TEST_CASE("front: the record is waited for less than a second past the deadline") {
  Fixture f;
  f.config.limits.deadline_seconds = 100;
  const base::Nanoseconds before = base::MonotonicNow();
  f.Judge();
  const base::Nanoseconds given = f.log.last_deadline.monotonic() - before;
  CHECK(given >= 100'000'000'000);
  CHECK(given < 101'000'000'000);
}

TEST_CASE("front: a mandatory scanner that did not look is a tempfail, never clean") {
  Fixture f;
  f.pool.answer.analysis.looked.clear();
  CHECK(f.Judge().action == policy::Action::kTempfail);
}

TEST_CASE("front: suspicious mail is tagged with codes, ambiguous mail is held with the id") {
  Fixture f;
  f.Find(policy::Class::kSuspicious, "mail.phishing");
  f.Find(policy::Class::kSuspicious, "mail.phishing");
  f.Find(policy::Class::kMalicious, "draft.rule", true);
  const milter::Disposition tag = f.Judge();
  CHECK(tag.action == policy::Action::kTag);
  REQUIRE(tag.add.size() == 3);
  CHECK(tag.add[2].name == "X-Lazaret-Info");
  CHECK(tag.add[2].value == "mail.phishing");
  f.Find(policy::Class::kAmbiguous, "mime.duplicate-boundary");
  const milter::Disposition hold = f.Judge();
  CHECK(hold.action == policy::Action::kHold);
  CHECK(hold.hold_reason == "lazaret " + hold.verdict_id);
  CHECK(hold.reply.code.empty());
}

TEST_CASE("front: the analyzer gets direction, history and nine tenths of the deadline") {
  Fixture f;
  f.config.limits.deadline_seconds = 100;
  f.config.directions.daemons["out"] = policy::Direction::kOutbound;
  f.transaction.envelope.daemon_name = "out";
  const base::Nanoseconds before = base::MonotonicNow();
  f.Judge();
  CHECK(f.pool.last_facts.envelope.direction == policy::Direction::kOutbound);
  CHECK(f.pool.last_facts.sender_seen_before);
  CHECK(f.pool.last_facts.budget_millis == 90'000);
  const base::Nanoseconds given = f.pool.last_deadline.monotonic() - before;
  CHECK(given >= 90'000'000'000);
  CHECK(given < 91'000'000'000);
}

TEST_CASE("front: a history that does not answer is a first contact, said, and holds nothing up") {
  Fixture f;
  const base::Nanoseconds before = base::MonotonicNow();
  CHECK(f.Judge().action == policy::Action::kAccept);
  CHECK(f.log.history_deadline.monotonic() - before < 2'000'000'000);
  f.log.history_hangs = true;
  CHECK(f.Judge().action == policy::Action::kAccept);
  CHECK_FALSE(f.pool.last_facts.sender_seen_before);
  REQUIRE(f.log.events.size() == 2);
  CHECK(f.log.events[0].analysis.not_looked.empty());
  REQUIRE(f.log.events[1].analysis.not_looked.size() == 1);
  CHECK(f.log.events[1].analysis.not_looked[0].scanner == "history");
  CHECK(f.log.events[1].verdict.cls == policy::Class::kClean);
}

TEST_CASE("front: observe accepts and records what it would have done") {
  Fixture f;
  f.policy.mode = policy::Mode::kObserve;
  f.Find(policy::Class::kMalicious, "clamav.signature");
  const milter::Disposition disposition = f.Judge();
  CHECK(disposition.action == policy::Action::kAccept);
  CHECK(disposition.add.size() == 2);
  REQUIRE(f.log.events.size() == 1);
  CHECK(f.log.events[0].verdict.wanted == policy::Action::kReject);
}

TEST_CASE("front: the log line is one line whatever the mail says") {
  Fixture f;
  f.transaction.envelope.sender = "evil\r\nJan 1 fake: accepted\x1b[31m@x";
  f.transaction.envelope.message_id = "id\nx";
  f.Judge();
  REQUIRE(f.log.events.size() == 1);
  const std::string line = MessageLine(MessageSummary(f.log.events[0]), policy::Action::kAccept);
  for (const char c : line) CHECK((c >= 0x20 && c <= 0x7e));
  CHECK(line.find("queue=Q1 ") != std::string::npos);
  CHECK(line.find("queue=Q1 class=clean action=accept verdict=") != std::string::npos);
}

TEST_CASE("front: nothing the mail chose can push class, action and verdict out of the log line") {
  Fixture f;
  f.transaction.envelope.queue_id = std::string(2000, '\xff');
  f.transaction.envelope.sender = std::string(5000, '\xff');
  f.transaction.envelope.message_id = std::string(5000, '\xfe');
  f.Judge();
  REQUIRE(f.log.events.size() == 1);
  const MessageSummary summary(f.log.events[0]);
  const std::string line =
      base::EscapeLine(MessageLine(summary, policy::Action::kReject), base::kMaxLogLineBytes);
  CHECK(line.find(" class=clean action=reject verdict=" + summary.verdict_id + " ms=") !=
        std::string::npos);
  CHECK(line.find(" recipients=1 from=<") != std::string::npos);
}

TEST_CASE("front: a refusal at the end of the message leaves a record and its own reply") {
  struct Case {
    milter::RefusalReason reason;
    const char* code;
    const char* finding;
    policy::Class cls;
  };
  for (const Case& one :
       {Case{milter::RefusalReason::kMessageBytes, "552", "scan.unscannable.message-bytes",
             policy::Class::kUnscannable},
        Case{milter::RefusalReason::kHeaderFields, "552", "scan.unscannable.header-fields",
             policy::Class::kUnscannable},
        Case{milter::RefusalReason::kOwnFields, "550", "mail.forged-fields",
             policy::Class::kPolicy},
        Case{milter::RefusalReason::kSpool, "452", "scan.error.spool", policy::Class::kError},
        Case{milter::RefusalReason::kOrder, "451", "scan.error.session", policy::Class::kError},
        Case{milter::RefusalReason::kInternal, "451", "scan.error.session",
             policy::Class::kError}}) {
    Fixture f;
    milter::Refusal refusal{f.transaction.envelope, one.reason, {one.code, "5.3.4", "why"}, 77};
    const milter::Disposition answer = f.handler().Refused(refusal);
    const bool permanent = one.code[0] == '5';
    CHECK(answer.action == (permanent ? policy::Action::kReject : policy::Action::kTempfail));
    CHECK(answer.reply.code == one.code);
    REQUIRE(f.log.events.size() == 1);
    const db::DecisionEvent& event = f.log.events[0];
    CHECK(event.verdict_id == answer.verdict_id);
    CHECK(answer.reply.text ==
          "why, reference " + event.verdict_id + "; questions: postmaster@own.test");
    CHECK(event.smtp_reply == std::string(one.code) + " 5.3.4 " + answer.reply.text);
    CHECK(event.verdict.cls == one.cls);
    CHECK(event.verdict.action == answer.action);
    REQUIRE(event.verdict.findings.size() == 1);
    CHECK(event.verdict.findings[0].code == one.finding);
    REQUIRE(event.verdict.recipients.size() == 1);
    CHECK(event.verdict.recipients[0].action == answer.action);
    CHECK(event.message_bytes == 77);
    CHECK(event.analysis.looked.empty());
    CHECK(f.counters.Snapshot().at("messages_refused_total") == 1);
  }
}

TEST_CASE("front: a refusal without a contact has the reference alone") {
  Fixture f;
  f.config.reply.contact.clear();
  const milter::Disposition answer = f.handler().Refused(
      {f.transaction.envelope, milter::RefusalReason::kSpool, {"452", "4.3.1", "why"}, 77});
  CHECK(answer.reply.text == "why, reference " + answer.verdict_id);
}

TEST_CASE("front: a refusal that cannot be recorded is a 451, whatever it was") {
  Fixture f;
  f.log.full = true;
  const milter::Disposition answer = f.handler().Refused(
      {f.transaction.envelope, milter::RefusalReason::kMessageBytes, {"552", "5.3.4", "why"}, 1});
  CHECK(answer.action == policy::Action::kTempfail);
  CHECK(answer.reply.code == "451");
  CHECK(answer.verdict_id.empty());
}

TEST_CASE("front: messages refused at MAIL and messages that never end are counted from zero on") {
  Fixture f;
  FrontHandler handler = f.handler();
  CHECK(f.counters.Snapshot().at("messages_aborted_total") == 0);
  CHECK(f.counters.Snapshot().at("messages_refused_at_mail_total") == 0);
  handler.OnAborted();
  handler.OnRefusedAtMail(f.transaction.envelope, {"552", "5.3.4", "Message too large"});
  CHECK(f.counters.Snapshot().at("messages_aborted_total") == 1);
  CHECK(f.counters.Snapshot().at("messages_refused_at_mail_total") == 1);
  CHECK(f.log.events.empty());
}

TEST_CASE("front: signs of the session become marks") {
  Fixture f;
  FrontHandler handler = f.handler();
  handler.OnAcknowledged("v1", milter::NextSign::kNextCommand);
  handler.OnAcknowledged("v2", milter::NextSign::kClose);
  CHECK(f.log.marks == std::vector<std::string>{"v1 next-command", "v2 close"});
}

TEST_CASE("front: through a real log the record is there before the answer") {
  Fixture f;
  auto log = db::VerdictLog::Open(db::NewMemoryStore());
  REQUIRE(log.ok());
  FrontHandler handler({f.pool, **log, f.policy, f.config, f.counters, "bundle1"});
  const milter::Disposition disposition = handler.Judge(f.transaction, [] {});
  const auto stored = (*log)->store().Get(disposition.verdict_id);
  REQUIRE(stored.ok());
  CHECK(stored->event.envelope.queue_id == "Q1");
}

TEST_CASE("front: the mode names what only observes") {
  policy::Policy policy;
  CHECK(ModeText(policy) == "enforce");
  policy.observe.daemons = {"inbound"};
  policy.observe.domains = {"a.test", "b.test"};
  CHECK(ModeText(policy) ==
        "enforce, but observe for daemon inbound, domain a.test, domain b.test");
  policy.mode = policy::Mode::kObserve;
  CHECK(ModeText(policy) == "observe");
}

TEST_CASE("front: the status is one JSON object with what operators ask for") {
  base::Counters counters;
  counters.Add("messages_total", 3);
  FrontState state;
  state.listen = "unix:/run/x";
  state.mode = "observe";
  state.pool.not_ready_reason = "no zygote\n";
  state.limits = {{"limits.sessions", 3, 1000}};
  const std::string json = StatusJson(state, counters);
  CHECK(json.front() == '{');
  CHECK(json.find("\"messages_total\":3") != std::string::npos);
  CHECK(json.find("\"mode\":\"observe\"") != std::string::npos);
  CHECK(json.find("\"ready\":false") != std::string::npos);
  CHECK(json.find("\"limits\":[{\"name\":\"limits.sessions\",\"used\":3,\"limit\":1000}]") !=
        std::string::npos);
  CHECK(json.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace lazaret::front
