#include "app/lazaret/log_command.h"

#include <algorithm>
#include <sstream>

#include "app/lazaret/log_text.h"
#include "base/crypto.h"
#include "base/text.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::cli;
using namespace lazaret::db::testing;

namespace {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

Ran Run(const LogArguments& arguments, bool color = false) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunLog(arguments, out, err, color);
  return {code, out.str(), err.str()};
}

void Fill(const std::string& path, std::vector<db::Event> events) {
  db::SqliteOptions options;
  options.path = path;
  auto store = db::OpenSqliteStore(options);
  if (!store.ok()) FAIL(store.error().text);
  auto log = db::VerdictLog::Open(std::move(store).value());
  if (!log.ok()) FAIL(log.error().text);
  for (db::Event& event : events) REQUIRE((*log)->Append(std::move(event)).ok());
}

LogArguments Arguments(const ScratchFolder& folder, LogCommand command, std::string id = {}) {
  LogArguments arguments;
  arguments.command = command;
  arguments.database = folder.database();
  arguments.id = std::move(id);
  return arguments;
}

std::size_t Lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

constexpr const char* kHostile = "=cmd|' /C calc'!A1\x1b[31m\n\xE2\x80\xAE\"evil\xff";

db::DecisionEvent HostileDecision() {
  db::DecisionEvent event = SampleDecision(1);
  event.envelope.sender = event.envelope.helo = event.envelope.client_name = kHostile;
  event.envelope.recipients = {kHostile};
  event.envelope.message_id = event.envelope.queue_id = event.analysis.subject = kHostile;
  event.verdict.recipients = {SampleRecipient(kHostile, policy::Action::kReject, 2)};
  event.verdict.recipients[0].block = event.verdict.recipients[0].steps[0].key = kHostile;
  event.verdict.reason = event.smtp_reply = event.node = event.engine = kHostile;
  for (policy::Finding& finding : event.verdict.findings) {
    finding.code = finding.rule = finding.path = finding.evidence = finding.scanner = kHostile;
  }
  for (policy::ArtifactRecord& node : event.analysis.tree) {
    node.path = node.claimed_name = node.declared_type = node.detected_type = kHostile;
  }
  event.analysis.looked = {kHostile};
  event.analysis.not_looked = {{kHostile, kHostile}};
  return event;
}

}  // namespace

TEST_CASE("log: without a database the command says so and exits 2", "[cli][log]") {
  ScratchFolder folder;
  for (const LogCommand command : {LogCommand::kQuery, LogCommand::kShow, LogCommand::kVerify}) {
    const Ran ran = Run(Arguments(folder, command, "abcdefgh"));
    CHECK(ran.code == 2);
    CHECK(ran.out.empty());
    CHECK(ran.err.find(folder.database()) != std::string::npos);
  }
}

TEST_CASE("log query: filters, limit and order", "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent a = SampleDecision(1);
  const db::DecisionEvent b = CleanDecision(2);
  Fill(folder.database(), {a, b});
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  Ran ran = Run(arguments);
  CHECK(ran.code == 0);
  CHECK(Lines(ran.out) == 2);
  CHECK(ran.out.find(b.verdict_id) < ran.out.find(a.verdict_id));
  arguments.limit = 1;
  CHECK(Lines(Run(arguments).out) == 1);
  arguments.limit = 50;
  arguments.cls = "malicious";
  CHECK(Run(arguments).out.find(b.verdict_id) == std::string::npos);
  arguments.recipient = "BOB@lazaret.test";
  arguments.sender = "@example.ORG";
  arguments.rule = "dlp.payment_card";
  arguments.action = "reject";
  arguments.since = "2026-03-01";
  arguments.until = "2026-03-02T00:00:00+00:00";
  CHECK(Lines(Run(arguments).out) == 1);
  arguments.until = "2026-03-01T12:00:01Z";
  CHECK(Run(arguments).out.empty());
}

TEST_CASE("log query: nothing found exits 1 and says so beside the output", "[cli][log]") {
  ScratchFolder folder;
  Fill(folder.database(), {SampleDecision(1)});
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  arguments.cls = "unscannable";
  Ran ran = Run(arguments);
  CHECK(ran.code == 1);
  CHECK(ran.out.empty());
  CHECK(ran.err == "lazaret: no verdict fits\n");
  arguments.json = true;
  ran = Run(arguments);
  CHECK(ran.code == 1);
  CHECK(ran.out.empty());
  arguments.json = false;
  arguments.csv = true;
  ran = Run(arguments);
  CHECK(ran.code == 1);
  CHECK(Lines(ran.out) == 1);  // the header
}

TEST_CASE("log query: what is neither address nor @domain is refused", "[cli][log]") {
  ScratchFolder folder;
  Fill(folder.database(), {SampleDecision(1)});
  const auto with = [&folder](const std::string& sender, const std::string& recipient) {
    LogArguments arguments = Arguments(folder, LogCommand::kQuery);
    arguments.sender = sender;
    arguments.recipient = recipient;
    return Run(arguments);
  };
  for (const char* wrong : {"example.org", "alice", "@", "a@", "a@b c", "<a@b", "a\x1b[2J"}) {
    INFO(wrong);
    const Ran sender = with(wrong, "");
    CHECK(sender.code == 2);
    CHECK(sender.err.find("--sender") != std::string::npos);
    CHECK(sender.err.find("user@domain, @domain or <> is expected") != std::string::npos);
    CHECK(sender.err.find('\x1b') == std::string::npos);
    const Ran recipient = with("", wrong);
    CHECK(recipient.code == 2);
    CHECK(recipient.err.find("--recipient") != std::string::npos);
    CHECK(recipient.err.find("user@domain or @domain is expected") != std::string::npos);
  }
  CHECK(with("", "<>").code == 2);
  CHECK(with("<>", "").code == 1);
  CHECK(with("alice1@example.org", "@lazaret.test").code == 0);
  CHECK(with("<alice1@example.org>", "<bob@lazaret.test>").code == 0);
}

TEST_CASE("log query: a limit of nothing and a time that is turned round are refused",
          "[cli][log]") {
  ScratchFolder folder;
  Fill(folder.database(), {SampleDecision(1)});
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  arguments.limit = 0;
  Ran ran = Run(arguments);
  CHECK(ran.code == 2);
  CHECK(ran.err.find("--limit 0: at least 1 is expected") != std::string::npos);
  arguments.limit = 1;
  CHECK(Run(arguments).code == 0);
  arguments.since = "2026-03-02";
  arguments.until = "2026-03-01";
  ran = Run(arguments);
  CHECK(ran.code == 2);
  CHECK(ran.err.find("--since 2026-03-02: not before --until 2026-03-01") != std::string::npos);
  arguments.since = "soon";
  CHECK(Run(arguments).err.find("--since soon: not a time") != std::string::npos);
  arguments.since.clear();
  arguments.until = "later";
  CHECK(Run(arguments).err.find("--until later: not a time") != std::string::npos);
}

TEST_CASE("log query: wrong classes, actions and times exit 2 and name what is known",
          "[cli][log]") {
  ScratchFolder folder;
  Fill(folder.database(), {SampleDecision(1)});
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  arguments.cls = "evil\x1b[2J";
  Ran ran = Run(arguments);
  CHECK(ran.code == 2);
  CHECK(ran.err.find("malicious") != std::string::npos);
  CHECK(ran.err.find('\x1b') == std::string::npos);
  arguments.cls.clear();
  arguments.action = "destroy";
  CHECK(Run(arguments).code == 2);
  arguments.action.clear();
  arguments.since = "yesterday";
  CHECK(Run(arguments).code == 2);
}

TEST_CASE("log: times in every form, and none of the wrong ones", "[cli][log]") {
  const base::UnixTime now{1'000'000'000'000'000};
  CHECK(ParseLogTime("2h", now)->micros == now.micros - 7'200'000'000);
  CHECK(ParseLogTime("7d", now)->micros == now.micros - 7 * 86'400'000'000);
  CHECK(ParseLogTime("1970-01-02", now)->micros == 86'400'000'000);
  CHECK(ParseLogTime("1970-01-01T00:00:01.5Z", now)->micros == 1'500'000);
  CHECK(ParseLogTime("1970-01-01T08:00:00+08:00", now)->micros == 0);
  CHECK(ParseLogTime("2024-02-29", now).ok());
  for (const char* wrong :
       {"", "h", "2", "2x", "2023-02-29", "2026-13-01", "2026-03-01T", "2026-03-01T25:00:00Z",
        "2026-03-01T12:00:00", "2026-03-01T12:00:00Zx", "-2h", "99999999h", "2026-3-1"}) {
    INFO(wrong);
    CHECK_FALSE(ParseLogTime(wrong, now).ok());
  }
}

TEST_CASE("F25 log: nothing from mail acts on a terminal or breaks a line", "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent event = HostileDecision();
  Fill(folder.database(), {event});
  LogArguments json = Arguments(folder, LogCommand::kQuery);
  json.json = true;
  LogArguments show_json = Arguments(folder, LogCommand::kShow, event.verdict_id);
  show_json.json = true;
  LogArguments csv = Arguments(folder, LogCommand::kQuery);
  csv.csv = true;
  for (const LogArguments& arguments :
       {Arguments(folder, LogCommand::kQuery), json, csv, show_json,
        Arguments(folder, LogCommand::kShow, event.verdict_id),
        Arguments(folder, LogCommand::kExplain, event.verdict_id)}) {
    const Ran ran = Run(arguments);
    CHECK(ran.code == 0);
    CHECK(ran.out.find('\x1b') == std::string::npos);
    CHECK(ran.out.find("\xE2\x80\xAE") == std::string::npos);
    CHECK(base::IsValidUtf8(ran.out));
    CHECK(ran.out.find("evil") != std::string::npos);
    CHECK(ran.out.find("\n\\u") == std::string::npos);
  }
  CHECK(Lines(Run(Arguments(folder, LogCommand::kQuery)).out) == 1);
  CHECK(Lines(Run(json).out) == 1);
  CHECK(Lines(Run(csv).out) == 2);
}

TEST_CASE("F26 log: CSV cells are quoted and never formulas", "[cli][log]") {
  CHECK(CsvCell("plain") == "\"plain\"");
  CHECK(CsvCell("a \"b\", c") == "\"a \"\"b\"\", c\"");
  CHECK(CsvCell("") == "\"\"");
  CHECK(CsvCell("=1+1") == "\"'=1+1\"");
  CHECK(CsvCell("+1") == "\"'+1\"");
  CHECK(CsvCell("-1") == "\"'-1\"");
  CHECK(CsvCell("@x") == "\"'@x\"");
  CHECK(CsvCell("\tx") == "\"'\\tx\"");
  CHECK(CsvCell("\rx") == "\"'\\rx\"");
  CHECK(CsvCell("a=b") == "\"a=b\"");
}

TEST_CASE("log: JSON has the fields scripts rely on", "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent event = SampleDecision(1);
  Fill(folder.database(), {event});
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  arguments.json = true;
  const std::string line = Run(arguments).out;
  CHECK(line.rfind("{\"v\":1,\"id\":\"" + event.verdict_id + "\"", 0) == 0);
  for (const char* field :
       {"\"class\":\"malicious\"", "\"action\":\"reject\"", "\"sender\":\"Alice1@Example.org\"",
        "\"code\":\"dlp.payment_card\"", "\"acknowledged\":\"none\"", "\"queue_id\":\"4ABC\""}) {
    INFO(field);
    CHECK(line.find(field) != std::string::npos);
  }
  CHECK(line.find(base::Hex(base::AsBytes(event.body_sha256))) != std::string::npos);
  CHECK(line.find("\"steps\"") == std::string::npos);
  arguments = Arguments(folder, LogCommand::kShow, event.verdict_id);
  arguments.json = true;
  const std::string full = Run(arguments).out;
  CHECK(full.find("\"steps\":[{") != std::string::npos);
  CHECK(full.find("\"not_looked\":[{\"scanner\":\"filetype\"") != std::string::npos);
}

TEST_CASE("log show, explain: an id by unique prefix of six characters or more", "[cli][log]") {
  ScratchFolder folder;
  db::DecisionEvent a = SampleDecision(1);
  db::DecisionEvent b = SampleDecision(2);
  a.verdict_id = "aaaaaabbbbbbbbbbbbbbbbbbbb";
  b.verdict_id = "aaaaaaccccccccccccccccccca";
  Fill(folder.database(), {a, b});
  CHECK(Run(Arguments(folder, LogCommand::kShow, "aaaaaab")).code == 0);
  CHECK(Run(Arguments(folder, LogCommand::kShow, "AAAAAAB")).code == 0);
  CHECK(Run(Arguments(folder, LogCommand::kExplain, "aaaaaac")).code == 0);
  CHECK(Run(Arguments(folder, LogCommand::kShow, "aaaaaa")).code == 2);
  CHECK(Run(Arguments(folder, LogCommand::kShow, "aaaaa")).code == 2);
  CHECK(Run(Arguments(folder, LogCommand::kShow, "zzzzzz")).code == 1);
  CHECK(Run(Arguments(folder, LogCommand::kExplain, "zzzzzz")).code == 1);
}

TEST_CASE("log show, explain: a queue id names its newest verdict", "[cli][log]") {
  ScratchFolder folder;
  db::DecisionEvent older = SampleDecision(1);
  db::DecisionEvent newer = SampleDecision(2);
  db::DecisionEvent other = SampleDecision(3);
  older.envelope.queue_id = newer.envelope.queue_id = "7C1D2E0A5F";
  other.envelope.queue_id = "4ZbX1k3fGHz2Qw";
  Fill(folder.database(), {older, newer, other});
  const Ran explained = Run(Arguments(folder, LogCommand::kExplain, "7C1D2E0A5F"));
  CHECK(explained.code == 0);
  CHECK(explained.out.find(newer.verdict_id) == 0);
  CHECK(Run(Arguments(folder, LogCommand::kShow, " 4ZbX1k3fGHz2Qw ")).out.find(other.verdict_id) !=
        std::string::npos);
  // Long queue ids differ in case alone, and a part of one names nothing.
  CHECK(Run(Arguments(folder, LogCommand::kShow, "4ZBX1K3FGHZ2QW")).code == 1);
  CHECK(Run(Arguments(folder, LogCommand::kShow, "7C1D2E0")).code == 1);
  const Ran none = Run(Arguments(folder, LogCommand::kShow, "7C1D2E0A5E"));
  CHECK(none.code == 1);
  CHECK(none.err.find("no verdict 7C1D2E0A5E, and not the queue id") != std::string::npos);
}

TEST_CASE("log show, explain: last is the newest verdict", "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent a = SampleDecision(1);
  const db::DecisionEvent b = CleanDecision(2);
  Fill(folder.database(), {a, b});
  const Ran ran = Run(Arguments(folder, LogCommand::kExplain, "last"));
  CHECK(ran.code == 0);
  CHECK(ran.out.find(b.verdict_id) == 0);
  ScratchFolder empty;
  Fill(empty.database(), {});
  CHECK(Run(Arguments(empty, LogCommand::kShow, "last")).code == 1);
}

TEST_CASE("log explain: evidence that has quotes of its own gets no second ones", "[cli][log]") {
  for (const std::string evidence : {"\"bluebird\", \"plan\"", "4539 57** **** 1486"}) {
    ScratchFolder folder;
    db::DecisionEvent event = SampleDecision(1);
    REQUIRE_FALSE(event.verdict.findings.empty());
    event.verdict.findings[0].evidence = evidence;
    Fill(folder.database(), {event});
    const std::string out = Run(Arguments(folder, LogCommand::kExplain, event.verdict_id)).out;
    INFO(out);
    CHECK(out.find("\"\"") == std::string::npos);
    CHECK(out.find(evidence[0] == '"' ? "  " + evidence + "\n" : "  \"" + evidence + "\"\n") !=
          std::string::npos);
  }
}

TEST_CASE("log explain: tree, findings, winners, losers and who did not look", "[cli][log]") {
  ScratchFolder folder;
  db::DecisionEvent event = SampleDecision(1);
  event.verdict.recipients[0].steps[1].action = policy::Action::kTag;
  event.verdict.recipients[0].steps[1].source = policy::StepSource::kCode;
  event.verdict.recipients[0].steps[1].key = "dlp";
  Fill(folder.database(), {event});
  const std::string out = Run(Arguments(folder, LogCommand::kExplain, event.verdict_id)).out;
  // The path's last step names the part.
  CHECK(out.find("offer.zip", out.find("What was found where")) == std::string::npos);
  CHECK(out.find("    part 2  ") != std::string::npos);
  CHECK(out.find("! clamav.signature  malicious") != std::string::npos);
  CHECK(out.find("- dlp.payment_card  policy") != std::string::npos);
  CHECK(out.find("could not look: filetype: no time left") != std::string::npos);
  CHECK(out.find("bob@lazaret.test: reject, by block staff (policy.yaml:12)") != std::string::npos);
  CHECK(out.find("  wins   reject      clamav.signature  by class malicious") != std::string::npos);
  CHECK(out.find("  loses  tag         dlp.payment_card  by code dlp") != std::string::npos);
  CHECK(out.find("the message got reject") != std::string::npos);
  CHECK(out.find("generation 0123456789abcdef") != std::string::npos);
}

namespace {

// Two recipients, the second in a domain that only observes.
db::DecisionEvent MixedObserve(policy::Action enforced, policy::Action observed) {
  db::DecisionEvent event = SampleDecision(1);
  event.verdict.recipients[0] = SampleRecipient("bob@lazaret.test", enforced, 2);
  event.verdict.recipients[1] = SampleRecipient("Carol@Other.test", observed, 2);
  event.verdict.recipients[1].observed = true;
  event.verdict.action = enforced;
  event.verdict.wanted = std::max(enforced, observed);
  event.verdict.observed = true;
  return event;
}

std::string Explained(const db::DecisionEvent& event) {
  ScratchFolder folder;
  Fill(folder.database(), {event});
  return Run(Arguments(folder, LogCommand::kExplain, event.verdict_id)).out;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("log explain: observe mode is named only where it changed what happened", "[cli][log]") {
  using policy::Action;
  const std::string same = Explained(MixedObserve(Action::kReject, Action::kReject));
  CHECK_FALSE(Has(same, "without observe mode"));
  CHECK(Has(same, "Carol@Other.test: reject, by block staff (policy.yaml:12), observed only"));
  const std::string changed = Explained(MixedObserve(Action::kTag, Action::kReject));
  CHECK(Has(changed, "observed: without observe mode it would have been reject\n"));
  CHECK(Has(changed, "Carol@Other.test: reject"));
  CHECK(Has(changed, "  the message got tag: for this one observe mode is on\n"));
  CHECK_FALSE(Has(changed, "the message got reject"));
  const std::string plain = Explained(SampleDecision(1));
  CHECK_FALSE(Has(plain, "observe"));
  CHECK(Has(plain, "  the message got reject: the strictest recipient decides for all\n"));
}

TEST_CASE("log query: the list says what observe mode kept from being done", "[cli][log]") {
  using policy::Action;
  const auto listed = [](const db::DecisionEvent& event) {
    ScratchFolder folder;
    Fill(folder.database(), {event});
    return Run(Arguments(folder, LogCommand::kQuery)).out;
  };
  CHECK(Has(listed(MixedObserve(Action::kAccept, Action::kReject)),
            "accept (observed; would have been reject)  "));
  CHECK_FALSE(Has(listed(MixedObserve(Action::kReject, Action::kReject)), "observed"));
  CHECK_FALSE(Has(listed(SampleDecision(1)), "observed"));
}

TEST_CASE("log query: --wanted finds by what the policy wanted, observed or done", "[cli][log]") {
  using policy::Action;
  ScratchFolder folder;
  db::DecisionEvent observed = MixedObserve(Action::kAccept, Action::kReject);
  db::DecisionEvent done = SampleDecision(2);
  db::DecisionEvent clean = CleanDecision(3);
  Fill(folder.database(), {observed, done, clean});
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  arguments.wanted = "reject";
  Ran ran = Run(arguments);
  CHECK(ran.code == 0);
  CHECK(Lines(ran.out) == 2);
  CHECK(Has(ran.out, observed.verdict_id));
  CHECK(Has(ran.out, done.verdict_id));
  arguments.limit = 1;
  CHECK(Has(Run(arguments).out, done.verdict_id));
  CHECK(Lines(Run(arguments).out) == 1);
  arguments.limit = 50;
  arguments.action = "accept";
  ran = Run(arguments);
  CHECK(Lines(ran.out) == 1);
  CHECK(Has(ran.out, observed.verdict_id));
  arguments.wanted = "hold";
  ran = Run(arguments);
  CHECK(ran.code == 1);
  CHECK(ran.err == "lazaret: no verdict fits\n");
  arguments.wanted = "destroy";
  ran = Run(arguments);
  CHECK(ran.code == 2);
  CHECK(Has(ran.err, "--wanted destroy: not one of accept"));
}

TEST_CASE("log query: --wanted looks past a whole page of others", "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent oldest = SampleDecision(1);
  std::vector<db::Event> events = {oldest};
  for (int i = 2; i <= 503; ++i) events.emplace_back(CleanDecision(i));
  Fill(folder.database(), std::move(events));
  LogArguments arguments = Arguments(folder, LogCommand::kQuery);
  arguments.wanted = "reject";
  arguments.limit = 1;
  CHECK(Has(Run(arguments).out, oldest.verdict_id));
}

TEST_CASE("log show: observe mode is named only where it changed what happened", "[cli][log]") {
  ScratchFolder folder;
  const auto same = MixedObserve(policy::Action::kReject, policy::Action::kReject);
  const auto changed = MixedObserve(policy::Action::kTag, policy::Action::kReject);
  Fill(folder.database(), {same, changed});
  const auto shown = [&folder](const db::DecisionEvent& event) {
    return Run(Arguments(folder, LogCommand::kShow, event.verdict_id)).out;
  };
  CHECK_FALSE(Has(shown(same), "would have been"));
  CHECK(Has(shown(changed), "yes, would have been reject"));
}

TEST_CASE("log explain: the first sentence says why in plain words", "[cli][log]") {
  const auto first = [](const db::DecisionEvent& event) {
    const std::string out = Explained(event);
    const std::size_t line = out.find('\n');
    return out.substr(line + 1, out.find('\n', line + 1) - line - 1);
  };
  CHECK(
      first(SampleDecision(1)) ==
      "Rejected, because clamav.signature (rule.clamav.signature) was found in message > part 2 > "
      "offer.zip > run.lnk, and block staff (policy.yaml:12) says reject for class malicious; "
      "bob@lazaret.test decided.");
  CHECK(first(CleanDecision(2)) == "Accepted, because nothing was found.");
  db::DecisionEvent event = SampleDecision(3);
  event.verdict.recipients.resize(1);
  event.verdict.action = event.verdict.wanted = policy::Action::kHold;
  event.verdict.recipients[0] = SampleRecipient("bob@lazaret.test", policy::Action::kHold, 2);
  event.verdict.recipients[0].block.clear();
  event.verdict.recipients[0].steps[0].source = policy::StepSource::kShadow;
  event.verdict.recipients[0].steps[1].source = policy::StepSource::kRule;
  CHECK(first(event) ==
        "Held, because dlp.payment_card (rule.dlp.payment_card) was found in message > part 2 > "
        "offer.zip > run.lnk, and the rule itself asks for hold.");
  event.verdict.recipients[0].steps[1].source = policy::StepSource::kDefault;
  event.verdict.recipients[0].steps[1].key = "policy";
  CHECK(Has(first(event), "and the policy's defaults say hold for class policy."));
  event.verdict.recipients[0].steps[1].source = policy::StepSource::kCode;
  event.verdict.recipients[0].steps[1].key = "dlp";
  event.verdict.recipients[0].block = "staff";
  CHECK(Has(first(event), "and block staff (policy.yaml:12) says hold for code dlp."));
  CHECK(Has(first(MixedObserve(policy::Action::kTag, policy::Action::kReject)), "Delivered"));
}

TEST_CASE("log explain: could not look and observe mode are told apart in the first sentence",
          "[cli][log]") {
  db::DecisionEvent event = SampleDecision(1);
  event.verdict.cls = policy::Class::kError;
  event.verdict.action = event.verdict.wanted = policy::Action::kTempfail;
  event.verdict.findings = {SampleFinding("scan.error.clamav", policy::Class::kError)};
  event.verdict.findings[0].rule.clear();
  event.verdict.findings[0].scanner = "clamav";
  event.verdict.findings[0].evidence = "no space left";
  event.verdict.recipients = {SampleRecipient("bob@lazaret.test", policy::Action::kTempfail, 1)};
  event.verdict.recipients[0].steps[0].key = "error";
  CHECK(Has(Explained(event),
            "Put off (4xx, the sender tries again), because clamav could not look (no space left), "
            "and block staff (policy.yaml:12) says tempfail for class error."));
  event.verdict.action = policy::Action::kAccept;
  event.verdict.observed = event.verdict.recipients[0].observed = true;
  CHECK(Has(Explained(event),
            "Accepted, because observe mode is on; else it would have been put off"));
}

TEST_CASE("log explain: poison mail cost workers twice, and no rule is named", "[cli][log]") {
  db::DecisionEvent event = SampleDecision(1);
  event.verdict.cls = policy::Class::kError;
  event.verdict.action = event.verdict.wanted = policy::Action::kHold;
  event.verdict.findings = {SampleFinding("scan.error.poison", policy::Class::kError)};
  event.verdict.findings[0].rule.clear();
  event.verdict.findings[0].scanner = "analyzer";
  event.verdict.findings[0].evidence = "worker was stopped at the deadline";
  event.verdict.findings[0].proposed = policy::Action::kHold;
  event.verdict.recipients = {SampleRecipient("bob@lazaret.test", policy::Action::kHold, 1)};
  policy::Step& step = event.verdict.recipients[0].steps[0];
  step.source = policy::StepSource::kRule;
  step.key.clear();
  const std::string out = Explained(event);
  CHECK(Has(out,
            "Held, because this message cost workers in two deliveries (the last time: worker was "
            "stopped at the deadline), and Lazaret itself asks for hold, no rule does."));
  CHECK(Has(out, "scan.error.poison  by Lazaret itself\n"));
  CHECK_FALSE(Has(out, "by rule"));
  // A site that says otherwise is named as ever.
  step.source = policy::StepSource::kClass;
  step.key = "error";
  CHECK(Has(Explained(event), "deadline), and block staff (policy.yaml:12) says hold for class"));
}

TEST_CASE("log show, explain: an id without a record sends people to the daemon's own log",
          "[cli][log]") {
  ScratchFolder folder;
  Fill(folder.database(), {SampleDecision(1)});
  for (const LogCommand command : {LogCommand::kShow, LogCommand::kExplain}) {
    const auto run = Run(Arguments(folder, command, "zzzzzzbbbbbbbbbbbbbbbbbbbb"));
    CHECK(run.code == 1);
    CHECK(Has(run.err, "no verdict zzzzzzbbbbbbbbbbbbbbbbbbbb, and not the queue id of one"));
    CHECK(
        Has(run.err, "a 451 whose verdict could not be recorded is named in the daemon's own log"));
  }
}

TEST_CASE("log: colours only when asked for", "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent event = SampleDecision(1);
  Fill(folder.database(), {event});
  CHECK(Run(Arguments(folder, LogCommand::kQuery), true).out.find("\x1b[31m") != std::string::npos);
  CHECK(Run(Arguments(folder, LogCommand::kQuery), false).out.find('\x1b') == std::string::npos);
}

TEST_CASE("log verify: exit 0 for a whole chain, 1 for a broken one with its place", "[cli][log]") {
  ScratchFolder folder;
  Fill(folder.database(), {SampleDecision(1), SampleDecision(2), SampleDecision(3)});
  Ran ran = Run(Arguments(folder, LogCommand::kVerify));
  CHECK(ran.code == 0);
  CHECK(ran.out.find("whole: 3 events from 1 to 3") == 0);
  {
    auto raw = db::Connection::Open({folder.database(), false, 1000}).value();
    REQUIRE(raw.Run("UPDATE decision SET class = 0 WHERE seq = 2").ok());
  }
  ran = Run(Arguments(folder, LogCommand::kVerify));
  CHECK(ran.code == 1);
  CHECK(ran.out.find("broken at event 2: the class column") == 0);
}

TEST_CASE("log: an event whose bytes were changed is shown as unreadable, the rest as ever",
          "[cli][log]") {
  ScratchFolder folder;
  const db::DecisionEvent a = SampleDecision(1);
  const db::DecisionEvent b = SampleDecision(2);
  Fill(folder.database(), {a, b});
  {
    auto raw = db::Connection::Open({folder.database(), false, 1000}).value();
    REQUIRE(raw.Run("UPDATE event SET body = x'80' WHERE seq = 1").ok());
  }
  const Ran ran = Run(Arguments(folder, LogCommand::kQuery));
  CHECK(ran.code == 0);
  CHECK(Lines(ran.out) == 2);
  CHECK(ran.out.find("unreadable") != std::string::npos);
  CHECK(Run(Arguments(folder, LogCommand::kShow, a.verdict_id)).code == 2);
  CHECK(Run(Arguments(folder, LogCommand::kShow, b.verdict_id)).code == 0);
}
