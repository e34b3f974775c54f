#include "rules/report.h"

#include <string>

#include "rules/faults.h"
#include "tests/rules/rules_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

using testing::Compiled;

TEST_CASE("rule tests: html, subject, filename, headers and direction") {
  auto rules = Compiled(
      "id: R\nname: x\nscope: [subject, body, filename, url, 'header:X-A']\ndirection: [inbound, "
      "outbound]\n"
      "match: {regex: 'w[o]rd'}\ntests:\n  should_match:\n    - word\n    - {subject: word}\n    - "
      "{filename: word}\n"
      "    - {headers: {X-A: word}}\n    - {html: '<p>wo<b>rd</b></p>'}\n    - {html: '<a "
      "href=\"http://word/\">x</a>'}\n"
      "    - {body: word, direction: outbound}\n  should_not_match:\n    - other\n    - "
      "{attachment: word}\n"
      "    - {headers: {X-B: word}}\n    - {html: '<p>wo</p><p>rd</p>'}\n    - {body: word, "
      "direction: local}\n");
  for (const auto& failure : rules->RunTests()) FAIL_CHECK(failure.origin << " " << failure.text);
  CHECK(rules->summaries()[0].tests == 12);
}

TEST_CASE("report: list, test and check print one line a thing") {
  auto rules = Compiled(
      "id: R\nname: a rule\ntests: {should_match: [word, other], should_not_match: [words]}\n"
      "match: {regex: word}\n");
  const Report list = ListRules(*rules);
  CHECK(list.text.find("R   enforce") != std::string::npos);
  CHECK(list.text.find("test.yaml:1\n") != std::string::npos);
  const Report tests = TestRules(*rules);
  CHECK(tests.failed);
  CHECK(tests.text ==
        "test.yaml:3:30: R: should_match 2: no match\ntest.yaml:3:57: R: should_not_match 1: "
        "matched, on [REDACTED:regex]\n"
        "1 rule, 3 tests, 2 failed\n");
  Bundle bundle;
  bundle.rules.push_back({"a.yaml", "id: A\nname: x\nmatch: {keywords: [a]}\n", true});
  const Report check = CheckRules(bundle);
  CHECK_FALSE(check.failed);
  CHECK(check.text == "a.yaml:1: A: warning: has no tests\n1 rule, 0 tests, 0 failed\n");
  bundle.rules[0].text = "id: A\n";
  const Report bad = CheckRules(bundle);
  CHECK(bad.failed);
  CHECK(bad.text.rfind("a.yaml:1:1: name: is missing", 0) == 0);
}

TEST_CASE("report: check names every fault of every file, with its place, up to a cap") {
  Bundle bundle;
  bundle.rules.push_back({"a.yaml",
                          "id: A\nnome: x\nstatus: on\nseverity: huge\nmatch:\n  all:\n"
                          "    - {keyword: [a]}\n    - {regex: 'x(y'}\n    - {detector: cards}\n"
                          "thresholds:\n  - {distinct: 0}\n  - {distinct: 2, action: explode}\n"
                          "tests: {should_match: [{bodi: x}, {body: [x]}]}\n"
                          "---\nid: B\nname: b\nmatch: {regex: '(ab'}\n"
                          "---\nid: B2\nname: [\n---\nid: C\nname: c\nmatch: {regex: 'a)'}\n",
                          true});
  bundle.rules.push_back(
      {"b.yaml", "id: D\nname: d\nscope: [soul, mind]\n---\nid: E\nnom: e\nmatch: {regex: '(ab'}\n",
       true});
  const Report report = CheckRules(bundle);
  INFO(report.text);
  CHECK(report.failed);
  for (const char* line :
       {"a.yaml:2:1: unknown key \"nome\"", "a.yaml:1:1: name: is missing (rule A)",
        "a.yaml:3:9: status: ", "a.yaml:4:11: severity: ", "a.yaml:7:8: unknown key \"keyword\"",
        "a.yaml:9:18: detector: unknown detector", "a.yaml:11:16: thresholds.distinct: ",
        "a.yaml:12:27: thresholds.action: ", "a.yaml:13:25: unknown key \"bodi\"",
        "a.yaml:13:42: tests.body: ", "a.yaml:17:16: ", "a.yaml:21:1: ", "a.yaml:24:16: ",
        "b.yaml:3:9: scope: ", "b.yaml:3:15: scope: ", "b.yaml:1:1: match: is missing",
        "b.yaml:6:1: unknown key", "b.yaml:5:1: name: is missing", "b.yaml:7:16: regex: "}) {
    INFO(line);
    CHECK((report.text.rfind(line, 0) == 0 ||
           report.text.find("\n" + std::string(line)) != std::string::npos));
  }
  CHECK(report.text.find("\n19 faults\n") != std::string::npos);
  // What loads them says the first and that there are more.
  const auto compiled = RuleSet::Compile(bundle);
  REQUIRE_FALSE(compiled.ok());
  CHECK(compiled.error().text.rfind("a.yaml:21:1: ", 0) == 0);
  CHECK(compiled.error().text.find("(and 18 more: ") != std::string::npos);
}

TEST_CASE("report: faults beyond the cap are counted") {
  for (const std::size_t count : {kMaxFaults - 1, kMaxFaults, kMaxFaults + 1}) {
    std::string text = "id: A\nname: x\nmatch: {keywords: [a]}\n";
    for (std::size_t i = 0; i < count; ++i) text += "k" + std::to_string(i) + ": x\n";
    Bundle bundle;
    bundle.rules.push_back({"a.yaml", text, true});
    const Report report = CheckRules(bundle);
    CHECK(report.text.find(std::to_string(count) + " faults\n") != std::string::npos);
    CHECK((report.text.find("\"k" + std::to_string(kMaxFaults) + "\"") == std::string::npos));
    CHECK((report.text.find("1 more") != std::string::npos) == (count > kMaxFaults));
  }
}

}  // namespace
}  // namespace lazaret::rules
