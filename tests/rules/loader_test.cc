#include "rules/loader.h"

#include <string>
#include <vector>

#include "tests/rules/rules_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

using testing::Compiled;
using testing::CompileError;

// A rule with one more line, which is line 4.
std::string With(const std::string& line) {
  return "id: A\nname: a rule\nmatch: {keywords: [word]}\n" + line + "\n";
}
std::string WithMatch(const std::string& match) {
  return "id: A\nname: a rule\nmatch: " + match + "\n";
}

struct Case {
  std::string text;
  std::string begin;  // of the error
  std::string part;   // also in the error
};

TEST_CASE("loader: what is wrong is said with line, column, field and reason") {
  const std::vector<Case> cases = {
      {With("colour: red"), "test.yaml:4:1: ", "unknown key \"colour\""},
      {With("id: B"), "test.yaml:4:1: ", "id"},
      {With("status: on"), "test.yaml:4:9: status: ", "draft, shadow, enforce"},
      {With("severity: huge"), "test.yaml:4:11: severity: ", "critical"},
      {With("tags: dlp"), "test.yaml:4:7: tags: ", "must be a list"},
      {With("direction: sideways"), "test.yaml:4:12: direction: ", "inbound, outbound, local, any"},
      {With("scope: [subject, soul]"), "test.yaml:4:18: scope: ", "unknown scope \"soul\""},
      {With("scope: []"), "test.yaml:4:8: scope: ", "at least one"},
      {With("action: quarantine"), "test.yaml:4:9: action: ", "not built yet"},
      {With("action: strip"), "test.yaml:4:9: action: ", "not built yet"},
      {With("action: explode"), "test.yaml:4:9: action: ", "unknown action"},
      {With("class: clean"), "test.yaml:4:8: class: ", "suspicious, policy, malicious"},
      {With("code: Nodots"), "test.yaml:4:7: code: ", "dotted"},
      {With("keywords: list:nowhere"),
       "test.yaml:4:11: keywords: ", "no list \"nowhere\": no file lists.d/nowhere.txt"},
      {With("keywords: list:nowhere.txt"),
       "test.yaml:4:11: keywords: ", "no list \"nowhere.txt\": write list:nowhere, without .txt"},
      {With("keywords: ['']"), "test.yaml:4:12: keywords: ", "empty"},
      {With("keywords: ['\xE2\x80\x8B']"), "test.yaml:4:11: keywords: ", "without any character"},
      {With("thresholds: [{distinct: 0, action: tag}]"),
       "test.yaml:4:25: thresholds.distinct: ", "from 1"},
      {With("thresholds: [{action: tag}]"), "test.yaml:4:14: thresholds: ", "distinct is missing"},
      {With("thresholds: [{distinct: 1, action: copy}]"),
       "test.yaml:4:36: thresholds.action: ", "not built yet"},
      {With("thresholds: [{distinct: 5}, {distinct: 2}]"),
       "test.yaml:4:40: thresholds.distinct: ", "fall"},
      {With("tests: {should_match: yes}"), "test.yaml:4:23: should_match: ", "must be a list"},
      {With("tests: {should_match: [{smell: x}]}"), "test.yaml:4:25: ", "unknown key \"smell\""},
      {With("tests: {maybe: [x]}"), "test.yaml:4:9: ", "unknown key \"maybe\""},
      {WithMatch("{detector: soul}"),
       "test.yaml:3:19: detector: ", "payment_card, iban, cn_resident_id"},
      {WithMatch("{detector: iban, regex: x}"), "test.yaml:3:25: ", "unknown key"},
      {WithMatch("{regex: '(ab'}"), "test.yaml:3:16: ", "regex"},
      {WithMatch("{regex: 'a*'}"), "test.yaml:3:16: ", "matches empty text"},
      {WithMatch("{regex: '\\b'}"), "test.yaml:3:16: ", "matches empty text"},
      {WithMatch("{regex: '(?s).'}"), "test.yaml:3:16: ", "any single character"},
      {WithMatch("{regex: 'a(?=b)'}"), "test.yaml:3:16: ", "RE2"},
      {WithMatch("{regex: '((ab){100}){100}'}"), "test.yaml:3:16: ", "regex"},
      {WithMatch("{regex: 'ab', group: 1}"), "test.yaml:3:16: ", "group 1 does not exist"},
      {WithMatch("{regex: 'ab', validator: magic}"), "test.yaml:3:33: validator: ", "luhn"},
      {WithMatch("{regex: 'ab', entropy: lots}"), "test.yaml:3:31: entropy: ", "number"},
      {WithMatch("{regex: 'ab', near: {window: 20}}"), "test.yaml:3:28: near: ", "raise or lower"},
      {WithMatch("{all: []}"), "test.yaml:3:14: match: ", "at least one"},
      {WithMatch("{none: [{keywords: [a]}]}"), "test.yaml:3:8: match: ", "nearly all mail"},
      {WithMatch("{at_least: 3, of: [{keywords: [a]}, {keywords: [b]}]}"),
       "test.yaml:3:9: at_least: ", "more than"},
      {WithMatch("{at_least: 1}"), "test.yaml:3:9: at_least: ", "needs `of`"},
      {WithMatch("{all: [{keywords: [a]}], any: [{keywords: [b]}]}"),
       "test.yaml:3:9: all: ", "alone"},
      {WithMatch("{proximity: {window: 10, of: [{keywords: [a]}]}}"),
       "test.yaml:3:37: proximity.of: ", "two"},
      {WithMatch("{proximity: {window: 10, of: [{keywords: [a]}, {any: [{keywords: [b]}]}]}}"),
       "test.yaml:3:", "only"},
      {WithMatch("[x]"), "test.yaml:3:8: match: ", "must be a condition"},
      {WithMatch("{}"), "test.yaml:3:8: match: ", "must be a condition"},
      {"id: A\nname: x\n", "test.yaml:1:1: match: ", "is missing"},
      {"name: x\nmatch: {keywords: [a]}\n", "test.yaml:1:1: id: ", "is missing"},
      {"id: 'a b'\nname: x\nmatch: {keywords: [a]}\n", "test.yaml:1:5: id: ", "letters"},
      {"id: A\nname: ''\nmatch: {keywords: [a]}\n", "test.yaml:2:7: name: ", "empty"},
      {"- a\n- b\n", "test.yaml:1:1: ", "mapping"},
      {"id: A\nname: x\nmatch: {keywords: [a]}\nscope: [url]\nkeywords: &x [a]\n",
       "test.yaml:5:11: ", "anchor"},
      {"id: A\nname: x\nmatch: {detector: iban}\nscope: [url]\n",
       "test.yaml:3:8: match: ", "detectors look at"},
      {"id: A\nname: x\nmatch: {detector: iban}\nscope: ['header:X-Mailer']\n",
       "test.yaml:3:8: match: ", "detectors look at"},
      {"id: [A\n", "test.yaml:", ""},
  };
  for (const Case& test : cases) {
    const std::string error = CompileError(test.text);
    INFO(test.text << "\n-> " << error);
    REQUIRE_FALSE(error.empty());
    CHECK(error.rfind(test.begin, 0) == 0);
    CHECK(error.find(test.part) != std::string::npos);
  }
}

TEST_CASE("loader: a byte order mark may begin a rule file and a list file") {
  CHECK(CompileError("\xEF\xBB\xBFid: A\nname: x\nmatch: {keywords: [a]}\n").empty());
  auto rules = testing::TryCompile("id: A\nname: x\nmatch: {keywords: list:l}\n",
                                   {{"l", "lists.d/l", "\xEF\xBB\xBFword\n"}});
  REQUIRE(rules.ok());
  CHECK(testing::Matching(**rules, {{Scope::kBody, "a word here", "", false}}) == "A");
}

TEST_CASE("loader: a bad regex says at which character of it the fault lies") {
  const auto why = [](const std::string& regex) {
    return CompileError(WithMatch("{regex: '" + regex + "'}"));
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"(ab", "at character 1: missing )"}, {"a(b(c)", "at character 2: missing )"},
      {"ab)c", "at character 3: "},         {"[(]x)", "at character 5: "},
      {"\\(x)", "at character 4: "},        {"ab[cd", "at character 3: missing ]"},
      {"中文**", "at character 3: "},       {"x[z-a]", "at character 3: "},
      {"ab(?=c)", "at character 3: "},      {"(a)\\1", "at character 4: "},
  };
  for (const auto& [regex, part] : cases) {
    INFO(regex << " -> " << why(regex));
    CHECK(why(regex).find(part) != std::string::npos);
  }
  CHECK(why("a(?=b)").find("no look-around") != std::string::npos);
  CHECK(why("(a)\\1").find("no back-references") != std::string::npos);
}

TEST_CASE("loader: a backspace in a regex, as \\b in double quotes gives one, is refused") {
  const std::string error = CompileError(WithMatch("{regex: \"\\bfoo\\b\"}"));
  CHECK(error.find("single quotes") != std::string::npos);
  CHECK(CompileError(WithMatch("{regex: '\\bfoo\\b'}")).empty());
}

TEST_CASE("loader: an unknown key close to a known one gets a hint") {
  CHECK(CompileError(With("keyword: [a]")).find("did you mean \"keywords\"?") != std::string::npos);
  CHECK(CompileError(With("derection: any")).find("did you mean \"direction\"?") !=
        std::string::npos);
  CHECK(CompileError(With("zzz: any")).find("did you mean") == std::string::npos);
}

TEST_CASE("loader: the error names the rule") {
  CHECK(CompileError(With("status: on")).find("(rule A)") != std::string::npos);
}

TEST_CASE("loader: scalars keep their text, so that no and 010 are no booleans and numbers") {
  auto rules = Compiled("id: 010\nname: no\nmatch: {keywords: [yes, 007]}\n");
  CHECK(rules->summaries()[0].id == "010");
  CHECK(rules->summaries()[0].name == "no");
  CHECK(testing::Matching(*rules, {{Scope::kBody, "agent 007", "", false}}) == "010");
}

TEST_CASE("loader: summaries say what a rule is") {
  auto rules = Compiled(
      "# comment\n---\nid: A-1\nname: first\nmatch: {keywords: [a]}\n---\nid: B\nname: "
      "second\nstatus: shadow\n"
      "severity: high\ndirection: [inbound, local]\nclass: policy\ncode: dlp.thing\ntags: [x, y]\n"
      "match: {keywords: [b]}\ntests: {should_match: [b], should_not_match: [a]}\n");
  REQUIRE(rules->summaries().size() == 2);
  const RuleSummary& first = rules->summaries()[0];
  CHECK(first.code == "rule.a-1");
  CHECK(first.origin == "test.yaml:3");
  CHECK(first.state == RuleState::kEnforce);
  CHECK(first.severity == RuleSeverity::kMedium);
  CHECK(first.direction == "any");
  CHECK(first.site);
  CHECK(first.version.size() == 12);
  const RuleSummary& second = rules->summaries()[1];
  CHECK(second.state == RuleState::kShadow);
  CHECK(second.severity == RuleSeverity::kHigh);
  CHECK(second.direction == "inbound,local");
  CHECK(second.cls == "policy");
  CHECK(second.code == "dlp.thing");
  CHECK(second.tags == std::vector<std::string>{"x", "y"});
  CHECK(second.tests == 2);
}

TEST_CASE("loader: a rule's version changes with its own text only") {
  const std::string a = "id: A\nname: first\nmatch: {keywords: [a]}\n";
  const std::string b = "id: B\nname: second\nmatch: {keywords: [b]}\n";
  const std::string alone = Compiled(a)->summaries()[0].version;
  CHECK(Compiled(a + "---\n" + b)->summaries()[0].version == alone);
  CHECK(Compiled(b + "---\n" + a)->summaries()[1].version == alone);
  CHECK(Compiled("id: A\nname: other\nmatch: {keywords: [a]}\n")->summaries()[0].version != alone);
}

TEST_CASE("loader: a site rule takes the place of the shipped one; twice on one level is refused") {
  const std::string shipped = "id: A\nname: shipped\nmatch: {keywords: [a]}\n";
  const std::string site = "id: A\nname: site\nmatch: {keywords: [b]}\n";
  Bundle bundle;
  bundle.rules = {{"site.yaml", site, true}, {"shipped.yaml", shipped, false}};
  auto rules = RuleSet::Compile(bundle);
  REQUIRE(rules.ok());
  REQUIRE((*rules)->summaries().size() == 1);
  CHECK((*rules)->summaries()[0].name == "site");
  CHECK((*rules)->summaries()[0].site);
  for (bool level : {false, true}) {
    bundle.rules = {{"one.yaml", shipped, level}, {"two.yaml", site, level}};
    auto twice = RuleSet::Compile(bundle);
    REQUIRE_FALSE(twice.ok());
    CHECK(twice.error().text == "two.yaml:1:1: id: A is already used at one.yaml:1");
  }
  CHECK(CompileError(shipped + "---\n" + site).rfind("test.yaml:5:1: id: A is already used", 0) ==
        0);
}

TEST_CASE("loader: lists give keywords; comments and blank lines are left out") {
  const std::string text = "id: A\nname: x\nmatch: {keywords: list:words}\n";
  auto rules =
      Compiled(text, {{"words", "lists.d/words", "# comment\n\n  secret plan \nmerger\n"}});
  CHECK(testing::Matching(*rules, {{Scope::kBody, "the Secret Plan", "", false}}) == "A");
  CHECK(testing::Matching(*rules, {{Scope::kBody, "comment", "", false}}).empty());
  auto twice = testing::TryCompile(text, {{"words", "a", "x"}, {"words", "b", "y"}});
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().text.rfind("b:1:1: ", 0) == 0);
  auto empty = testing::TryCompile(text, {{"words", "a", "# nothing\n"}});
  CHECK_FALSE(empty.ok());
}

TEST_CASE("loader: the tree's depth is bounded") {
  auto nested = [](int depth) {
    std::string match = "{keywords: [a]}";
    for (int i = 1; i < depth; ++i) match = "{all: [" + match + "]}";
    return CompileError(WithMatch(match));
  };
  CHECK(nested(kMaxTreeDepth).empty());
  CHECK(nested(kMaxTreeDepth + 1).find("nested deeper") != std::string::npos);
}

TEST_CASE("loader: a regex has a greatest length") {
  CHECK(CompileError(WithMatch("{regex: '" + std::string(kMaxRegexBytes, 'a') + "'}")).empty());
  CHECK(CompileError(WithMatch("{regex: '" + std::string(kMaxRegexBytes + 1, 'a') + "'}"))
            .find("bytes") != std::string::npos);
}

}  // namespace
}  // namespace lazaret::rules
