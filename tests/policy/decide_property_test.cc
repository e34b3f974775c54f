// More evidence never weakens a verdict, for any policy.
#include "policy/decide.h"
#include "tests/policy/generator.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::policy;
using tests::Generator;
using tests::TwoRecipients;
using tests::Weaker;

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
