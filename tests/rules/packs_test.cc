#include <algorithm>
#include <set>
#include <string>

#include "rules/report.h"
#include "tests/rules/rules_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

using testing::Shipped;

TEST_CASE("packs: the shipped rules compile and pass their own tests") {
  const Report report = CheckRules(Shipped());
  INFO(report.text);
  CHECK_FALSE(report.failed);
  CHECK(report.text.find("warning") == std::string::npos);
  CHECK(report.text.find(", 0 failed") != std::string::npos);
}

TEST_CASE(
    "packs: every shipped rule has a description, both kinds of tests and a note on false "
    "positives") {
  for (const Document& document : Shipped().rules) {
    std::string rest = document.text + "\n---\n";
    for (std::size_t at = rest.find("\n---\n"); at != std::string::npos;
         at = rest.find("\n---\n")) {
      const std::string rule = rest.substr(0, at);
      rest.erase(0, at + 5);
      INFO(document.origin << "\n" << rule.substr(0, 120));
      for (const char* key : {"\ndescription:", "\nfalse_positives:", "\nreferences:",
                              "should_match:", "should_not_match:"}) {
        INFO(key);
        CHECK(rule.find(key) != std::string::npos);
      }
    }
  }
}

TEST_CASE("packs: DLP rules carry the codes of their detectors") {
  auto rules = RuleSet::Compile(Shipped());
  REQUIRE(rules.ok());
  std::set<std::string> codes;
  for (const RuleSummary& rule : (*rules)->summaries()) codes.insert(rule.code);
  CHECK(codes.count("dlp.payment_card") == 1);
  CHECK(codes.count("dlp.iban") == 1);
  CHECK(codes.count("dlp.cn_resident_id") == 1);
}

TEST_CASE("packs: DLP rules look at the names people give in address headers") {
  auto rules = RuleSet::Compile(Shipped());
  REQUIRE(rules.ok());
  for (const std::string value :
       {"card 4539 5787 6362 1486", "DE79 6639 2332 1468 8197 36", "110101199003074477"}) {
    for (const std::string name : {"from", "to", "cc", "reply-to"}) {
      INFO(name << " " << value);
      CHECK_FALSE(testing::Matching(
                      **rules, {{Scope::kHeader, "\"" + value + "\" <a@b.example>", name, false}},
                      Direction::kOutbound)
                      .empty());
    }
  }
}

TEST_CASE("packs: outbound cards warn at one and are held at three") {
  auto rules = RuleSet::Compile(Shipped());
  REQUIRE(rules.ok());
  auto action = [&rules](const std::string& text) {
    const Evaluation evaluation =
        testing::Evaluated(**rules, {{Scope::kBody, text, "", false}}, Direction::kOutbound);
    std::string out;
    for (const RuleMatch& match : evaluation.matches) {
      if ((*rules)->summaries()[match.rule].code == "dlp.payment_card") out = match.action;
    }
    return out;
  };
  const std::string one = "Card 4539 5787 6362 1486\n";
  const std::string two = one + "Card 5102 3948 7561 2031\n";
  const std::string three = two + "Card 4485 2758 4230 8326\n";
  CHECK(action("no card").empty());
  CHECK(action(one) == "tag");
  CHECK(action(one + one + one) == "tag");
  CHECK(action(two) == "tag");
  CHECK(action(three) == "hold");
}

}  // namespace
}  // namespace lazaret::rules
