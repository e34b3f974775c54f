#include "policy/decide.h"

#include "tests/policy/builders.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::policy;
using tests::LookedAnalysis;
using tests::MakeEnvelope;
using tests::MakeFinding;
using tests::MakePolicy;

namespace {

Verdict Run(const Envelope& envelope, const Analysis& analysis, const Policy& policy) {
  return Decide({envelope, analysis, policy, base::UnixTime{0}});
}

}  // namespace

TEST_CASE("decide: a message without findings is clean and accepted", "[policy][decide]") {
  const Verdict verdict = Run(MakeEnvelope(), LookedAnalysis(), MakePolicy());
  CHECK(verdict.cls == Class::kClean);
  CHECK(verdict.action == Action::kAccept);
  CHECK(verdict.reason == "clean");
  REQUIRE(verdict.recipients.size() == 1);
}

TEST_CASE("decide: the worst class labels the message, the strongest action is carried out",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("x.a", Class::kSuspicious),
                       MakeFinding("clamav.signature", Class::kMalicious)};
  analysis.findings[1].rule = "Eicar";
  const Verdict verdict = Run(MakeEnvelope(), analysis, MakePolicy());
  CHECK(verdict.cls == Class::kMalicious);
  CHECK(verdict.action == Action::kReject);
  CHECK(verdict.reason == "clamav.signature: Eicar (+1 more)");
}

TEST_CASE("decide: a mandatory scanner that could not look is class error and a temporary failure",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.looked.clear();
  analysis.not_looked = {{"clamav", "no temp folder"}};
  const Verdict verdict = Run(MakeEnvelope(), analysis, MakePolicy());
  CHECK(verdict.cls == Class::kError);
  CHECK(verdict.action == Action::kTempfail);
  REQUIRE(verdict.findings.size() == 1);
  CHECK(verdict.findings[0].code == "scan.error.clamav");
  CHECK(verdict.findings[0].evidence == "no temp folder");
}

TEST_CASE("decide: a mandatory scanner that is not mentioned at all is class error",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.looked.clear();
  CHECK(Run(MakeEnvelope(), analysis, MakePolicy()).cls == Class::kError);
}

TEST_CASE("decide: an advisory scanner that could not look is said and has no weight",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.not_looked = {{"dlp", "slow"}};
  const Verdict verdict = Run(MakeEnvelope(), analysis, MakePolicy());
  CHECK(verdict.cls == Class::kClean);
  CHECK(verdict.action == Action::kAccept);
  REQUIRE(verdict.findings.size() == 1);
  CHECK(verdict.findings[0].code == "scan.not-looked.dlp");
}

TEST_CASE("decide: a failed analyzer is class error with one reason", "[policy][decide]") {
  const Verdict verdict = Run(MakeEnvelope(), AnalysisForFailure("worker died"), MakePolicy());
  CHECK(verdict.cls == Class::kError);
  CHECK(verdict.action == Action::kTempfail);
  CHECK(verdict.findings.size() == 1);
}

TEST_CASE(
    "decide: a finding that names the analyzer does not stand in for a scanner that is missing",
    "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.looked.clear();
  analysis.findings = {MakeFinding("scan.error.analyzer", Class::kClean)};
  CHECK(Run(MakeEnvelope(), analysis, MakePolicy()).action == Action::kTempfail);
  analysis.findings[0].cls = Class::kError;
  analysis.findings[0].shadow = true;
  CHECK(Run(MakeEnvelope(), analysis, MakePolicy()).cls == Class::kError);
  analysis.findings[0].shadow = false;
  analysis.findings[0].proposed = Action::kAccept;
  CHECK(Run(MakeEnvelope(), analysis, MakePolicy()).action == Action::kTempfail);
}

TEST_CASE("decide: a failed analyzer keeps its weight when its finding is gone or weakened",
          "[policy][decide]") {
  Analysis analysis = AnalysisForFailure("worker died");
  analysis.findings[0].proposed = Action::kAccept;
  CHECK(Run(MakeEnvelope(), analysis, MakePolicy()).action == Action::kTempfail);
  analysis.findings.clear();
  const Verdict verdict = Run(MakeEnvelope(), analysis, MakePolicy());
  CHECK(verdict.cls == Class::kError);
  CHECK(verdict.action == Action::kTempfail);
}

TEST_CASE("decide: code override beats the rule's proposal, the proposal beats the class",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("dlp.iban", Class::kPolicy)};
  Policy policy = MakePolicy();
  Block block;
  block.name = "all";
  block.classes = {{Class::kPolicy, Action::kReject}};
  policy.blocks.push_back(block);
  CHECK(Run(MakeEnvelope(), analysis, policy).action == Action::kReject);
  analysis.findings[0].proposed = Action::kHold;
  CHECK(Run(MakeEnvelope(), analysis, policy).action == Action::kHold);
  policy.blocks[0].codes["dlp"] = Action::kTag;
  const Verdict by_prefix = Run(MakeEnvelope(), analysis, policy);
  CHECK(by_prefix.action == Action::kTag);
  CHECK(by_prefix.recipients[0].steps[0].source == StepSource::kCode);
  CHECK(by_prefix.recipients[0].steps[0].key == "dlp");
  policy.blocks[0].codes["dlp.iban"] = Action::kAccept;
  CHECK(Run(MakeEnvelope(), analysis, policy).action == Action::kAccept);
}

TEST_CASE("decide: a prefix ends at a dot", "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("dlpx.iban", Class::kPolicy)};
  Policy policy = MakePolicy();
  Block block;
  block.codes["dlp"] = Action::kAccept;
  policy.blocks.push_back(block);
  CHECK(Run(MakeEnvelope(), analysis, policy).action == Action::kReject);
}

TEST_CASE("decide: the first matching block per recipient counts and the strictest recipient wins",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("x.a", Class::kSuspicious)};
  Envelope envelope = MakeEnvelope();
  envelope.recipients = {"b@y.test", "c@z.test"};
  Policy policy = MakePolicy();
  Block strict;
  strict.name = "strict";
  strict.when.recipients = {"@z.test"};
  strict.classes = {{Class::kSuspicious, Action::kHold}};
  Block later = strict;
  later.name = "later";
  later.classes = {{Class::kSuspicious, Action::kReject}};
  policy.blocks = {strict, later};
  const Verdict verdict = Run(envelope, analysis, policy);
  CHECK(verdict.action == Action::kHold);
  CHECK(verdict.recipients[0].action == Action::kTag);
  CHECK(verdict.recipients[0].block.empty());
  CHECK(verdict.recipients[1].action == Action::kHold);
  CHECK(verdict.recipients[1].block == "strict");
}

TEST_CASE("decide: recipients of one block share one list of steps", "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings.assign(kMaxFindings, MakeFinding("clamav.signature", Class::kSuspicious));
  Envelope envelope = MakeEnvelope();
  envelope.recipients.clear();
  for (int i = 0; i < 1000; ++i) {
    envelope.recipients.push_back("u" + std::to_string(i) + (i % 2 == 0 ? "@y.test" : "@z.test"));
  }
  Policy policy = MakePolicy();
  Block block;
  block.name = "z";
  block.when.recipients = {"@z.test"};
  policy.blocks = {block};
  Verdict verdict = Run(envelope, analysis, policy);
  REQUIRE(verdict.recipients.size() == 1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    REQUIRE(verdict.recipients[i].steps.size() == kMaxFindings);
    REQUIRE(verdict.recipients[i].steps.SharesWith(verdict.recipients[i % 2].steps));
  }
  CHECK_FALSE(verdict.recipients[0].steps.SharesWith(verdict.recipients[1].steps));
  // A change to one recipient's list is no change to the others'.
  verdict.recipients[2].steps[0].key = "changed";
  CHECK(std::as_const(verdict).recipients[0].steps[0].key == "suspicious");
}

TEST_CASE("decide: a shadow rule says what it would have done and does nothing",
          "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("x.a", Class::kPolicy)};
  analysis.findings[0].proposed = Action::kReject;
  analysis.findings[0].shadow = true;
  const Verdict verdict = Run(MakeEnvelope(), analysis, MakePolicy());
  CHECK(verdict.cls == Class::kClean);
  CHECK(verdict.action == Action::kAccept);
  CHECK(verdict.recipients[0].steps[0].source == StepSource::kShadow);
  CHECK(verdict.recipients[0].steps[0].action == Action::kReject);
}

TEST_CASE("decide: observe records the action and accepts", "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("clamav.signature", Class::kMalicious)};
  Policy policy = MakePolicy();
  policy.mode = Mode::kObserve;
  const Verdict verdict = Run(MakeEnvelope(), analysis, policy);
  CHECK(verdict.cls == Class::kMalicious);
  CHECK(verdict.action == Action::kAccept);
  CHECK(verdict.wanted == Action::kReject);
  CHECK(verdict.observed);
  CHECK(verdict.recipients[0].action == Action::kReject);
}

TEST_CASE("decide: observe keeps the temporary failure of class error unless accept is written",
          "[policy][decide]") {
  Policy policy = MakePolicy();
  policy.mode = Mode::kObserve;
  CHECK(Run(MakeEnvelope(), AnalysisForFailure("x"), policy).action == Action::kTempfail);
  policy.observe_errors = Action::kAccept;
  CHECK(Run(MakeEnvelope(), AnalysisForFailure("x"), policy).action == Action::kAccept);
}

TEST_CASE("decide: observe holds and rejects nothing for class error", "[policy][decide]") {
  Policy policy = MakePolicy();
  policy.mode = Mode::kObserve;
  CHECK(Run(MakeEnvelope(), AnalysisForPoison("x"), policy).action == Action::kTempfail);
  for (const Action action : {Action::kHold, Action::kReject}) {
    policy.defaults[Class::kError] = action;
    CHECK(Run(MakeEnvelope(), AnalysisForFailure("x"), policy).action == Action::kTempfail);
  }
}

TEST_CASE("decide: what was not begun with is a tempfail, whatever the policy says",
          "[policy][decide]") {
  for (const Action action : {Action::kAccept, Action::kHold, Action::kReject}) {
    for (const Mode mode : {Mode::kEnforce, Mode::kObserve}) {
      Policy policy = MakePolicy();
      policy.mode = mode;
      policy.observe_errors = Action::kAccept;
      policy.defaults[Class::kError] = action;
      const Verdict verdict = Run(MakeEnvelope(), AnalysisForBusy("full"), policy);
      CHECK(verdict.action == Action::kTempfail);
      CHECK(verdict.recipients.at(0).action == Action::kTempfail);
      CHECK(verdict.cls == Class::kError);
      REQUIRE(verdict.findings.size() == 1);
      CHECK(verdict.findings[0].code == "scan.error.busy");
    }
  }
}

TEST_CASE("decide: observe by daemon name and by recipient domain", "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("clamav.signature", Class::kMalicious)};
  Policy policy = MakePolicy();
  policy.observe.daemons = {"trial"};
  Envelope envelope = MakeEnvelope();
  CHECK(Run(envelope, analysis, policy).action == Action::kReject);
  envelope.daemon_name = "trial";
  CHECK(Run(envelope, analysis, policy).action == Action::kAccept);
  policy.observe = {};
  policy.observe.domains = {"y.test"};
  CHECK(Run(MakeEnvelope(), analysis, policy).action == Action::kAccept);
  Envelope mixed = MakeEnvelope();
  mixed.recipients.push_back("c@z.test");
  CHECK(Run(mixed, analysis, policy).action == Action::kReject);
}

TEST_CASE("decide: a message without recipients still gets a verdict", "[policy][decide]") {
  Envelope envelope = MakeEnvelope();
  envelope.recipients.clear();
  CHECK(Run(envelope, LookedAnalysis(), MakePolicy()).recipients.size() == 1);
}

TEST_CASE("decide: the reason is one escaped line", "[policy][decide]") {
  Analysis analysis = LookedAnalysis();
  analysis.findings = {MakeFinding("clamav.signature", Class::kMalicious)};
  analysis.findings[0].rule = "Bad\r\nName\x1b";
  CHECK(Run(MakeEnvelope(), analysis, MakePolicy()).reason ==
        "clamav.signature: Bad\\r\\nName\\x1b");
}
