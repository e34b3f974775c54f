// More evidence never weakens a verdict, for any policy.
#include <random>

#include "policy/decide.h"
#include "tests/policy/builders.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::policy;

namespace {

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool Chance(int percent) { return Below(100) < percent; }
  Action AnyAction() { return static_cast<Action>(Below(kActionCount)); }
  Class AnyClass() { return static_cast<Class>(Below(kClassCount)); }

  std::string AnyCode() {
    static const std::vector<std::string> kCodes = {
        "clamav.signature",           "dlp.iban",
        "dlp.payment_card",           "file.type-mismatch",
        "scan.unscannable.encrypted", "scan.error.clamav",
        "scan.error.analyzer",        "mime.x"};
    return kCodes[static_cast<std::size_t>(Below(static_cast<int>(kCodes.size())))];
  }
  Finding AnyFinding() {
    Finding finding = tests::MakeFinding(AnyCode(), AnyClass());
    if (Chance(40)) finding.proposed = AnyAction();
    finding.shadow = Chance(15);
    finding.severity = static_cast<Severity>(Below(5));
    return finding;
  }
  std::map<Class, Action> AnyClassMap() {
    std::map<Class, Action> map;
    for (int i = 0; i < kClassCount; ++i) {
      if (Chance(60)) map[static_cast<Class>(i)] = AnyAction();
    }
    return map;
  }
  Block AnyBlock() {
    Block block;
    block.classes = AnyClassMap();
    for (const char* key :
         {"clamav", "dlp", "dlp.iban", "scan", "scan.error", "file.type-mismatch"}) {
      if (Chance(30)) block.codes[key] = AnyAction();
    }
    if (Chance(50)) block.when.recipients = {Chance(50) ? "@y.test" : "@z.test"};
    if (Chance(20)) block.when.directions = {static_cast<Direction>(Below(3))};
    return block;
  }
  Policy AnyPolicy() {
    Policy policy;
    policy.mandatory_scanners = {"clamav", "dlp"};
    policy.defaults = Chance(50) ? DefaultClassActions() : AnyClassMap();
    for (int i = Below(4); i > 0; --i) policy.blocks.push_back(AnyBlock());
    if (Chance(20)) policy.mode = Mode::kObserve;
    if (Chance(20)) policy.observe.domains = {"y.test"};
    if (Chance(30)) policy.observe_errors = Action::kAccept;
    return policy;
  }
  Analysis AnyAnalysis() {
    Analysis analysis = tests::LookedAnalysis();
    analysis.looked.clear();
    if (Chance(80)) analysis.looked.push_back("clamav");
    if (Chance(80)) analysis.looked.push_back("dlp");
    if (Chance(20)) analysis.not_looked.push_back({"clamav", "x"});
    for (int i = Below(4); i > 0; --i) analysis.findings.push_back(AnyFinding());
    return analysis;
  }

 private:
  std::mt19937 random_;
};

Envelope TwoRecipients() {
  Envelope envelope = tests::MakeEnvelope();
  envelope.recipients = {"b@y.test", "c@z.test"};
  return envelope;
}

bool Weaker(const Verdict& after, const Verdict& before) {
  if (after.cls < before.cls || after.action < before.action || after.wanted < before.wanted)
    return true;
  for (std::size_t i = 0; i < before.recipients.size(); ++i) {
    if (after.recipients[i].action < before.recipients[i].action) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("decide: adding a finding weakens neither class nor action, for any policy",
          "[policy][property]") {
  Generator generator(20261124);
  const Envelope envelope = TwoRecipients();
  int weakened = 0;
  for (int round = 0; round < 100'000; ++round) {
    const Policy policy = generator.AnyPolicy();
    Analysis analysis = generator.AnyAnalysis();
    const Verdict before = Decide({envelope, analysis, policy, base::UnixTime{0}});
    analysis.findings.push_back(generator.AnyFinding());
    if (Weaker(Decide({envelope, analysis, policy, base::UnixTime{0}}), before)) ++weakened;
  }
  CHECK(weakened == 0);
}

TEST_CASE("decide: losing a scanner weakens neither class nor action, for any policy",
          "[policy][property]") {
  Generator generator(7);
  const Envelope envelope = TwoRecipients();
  int weakened = 0;
  for (int round = 0; round < 40'000; ++round) {
    const Policy policy = generator.AnyPolicy();
    Analysis analysis = generator.AnyAnalysis();
    const Verdict before = Decide({envelope, analysis, policy, base::UnixTime{0}});
    if (!analysis.looked.empty()) analysis.looked.pop_back();
    if (Weaker(Decide({envelope, analysis, policy, base::UnixTime{0}}), before)) ++weakened;
  }
  CHECK(weakened == 0);
}

TEST_CASE("decide: the same input gives the same verdict", "[policy][property]") {
  Generator generator(11);
  const Envelope envelope = TwoRecipients();
  for (int round = 0; round < 500; ++round) {
    const Policy policy = generator.AnyPolicy();
    const Analysis analysis = generator.AnyAnalysis();
    const Verdict a = Decide({envelope, analysis, policy, base::UnixTime{0}});
    const Verdict b = Decide({envelope, analysis, policy, base::UnixTime{5}});
    REQUIRE(a.action == b.action);
    REQUIRE(a.reason == b.reason);
  }
}
