// Random policies and analyses from a seed, and what "weaker" means, for property tests.
#ifndef LAZARET_TESTS_POLICY_GENERATOR_H_
#define LAZARET_TESTS_POLICY_GENERATOR_H_

#include <map>
#include <random>
#include <string>
#include <vector>

#include "policy/decide.h"
#include "tests/policy/builders.h"

namespace lazaret::tests {

using policy::Action;
using policy::Analysis;
using policy::Block;
using policy::Class;
using policy::Direction;
using policy::Envelope;
using policy::Finding;
using policy::kActionCount;
using policy::kClassCount;
using policy::Mode;
using policy::Policy;
using policy::Severity;
using policy::Verdict;

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
    Finding finding = MakeFinding(AnyCode(), AnyClass());
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
    policy.defaults = Chance(50) ? policy::DefaultClassActions() : AnyClassMap();
    for (int i = Below(4); i > 0; --i) policy.blocks.push_back(AnyBlock());
    if (Chance(20)) policy.mode = Mode::kObserve;
    if (Chance(20)) policy.observe.domains = {"y.test"};
    if (Chance(30)) policy.observe_errors = Action::kAccept;
    return policy;
  }
  Analysis AnyAnalysis() {
    Analysis analysis = LookedAnalysis();
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

inline Envelope TwoRecipients() {
  Envelope envelope = MakeEnvelope();
  envelope.recipients = {"b@y.test", "c@z.test"};
  return envelope;
}

inline bool Weaker(const Verdict& after, const Verdict& before) {
  if (after.cls < before.cls || after.action < before.action || after.wanted < before.wanted)
    return true;
  for (std::size_t i = 0; i < before.recipients.size(); ++i) {
    if (after.recipients[i].action < before.recipients[i].action) return true;
  }
  return false;
}

}  // namespace lazaret::tests

#endif  // LAZARET_TESTS_POLICY_GENERATOR_H_
