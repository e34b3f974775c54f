#include <string>
#include <vector>

#include "base/crypto.h"
#include "rules/faults.h"
#include "rules/hits.h"
#include "rules/pattern_set.h"
#include "tests/rules/rules_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

using testing::Compiled;
using testing::Evaluated;
using testing::Matching;
using testing::Unit;

std::string Rule(const std::string& match, const std::string& more = "") {
  return "id: R\nname: a rule\n" + more + "match: " + match + "\n";
}

bool Hits1(const std::string& rule, const std::string& body) {
  return Matching(*Compiled(rule), {{Scope::kBody, body, "", false}}) == "R";
}

const std::string kCards[] = {"4539 5787 6362 1486", "5102 3948 7561 2031", "4485 2758 4230 8326"};

TEST_CASE("evaluate: scopes select the units") {
  const std::vector<std::pair<std::string, Unit>> cases = {
      {"subject", {Scope::kSubject, "word", "", false}},
      {"body", {Scope::kBody, "word", "", false}},
      {"attachment", {Scope::kAttachment, "word", "", false}},
      {"filename", {Scope::kFilename, "word", "", false}},
      {"url", {Scope::kUrl, "word", "", false}},
      {"raw", {Scope::kRaw, "word", "", false}},
      {"header", {Scope::kHeader, "word", "x-a", false}},
      {"'header:X-A'", {Scope::kHeader, "word", "x-a", false}},
  };
  for (const std::string match : {"{regex: word}", "{keywords: [word]}"}) {
    for (std::size_t i = 0; i < cases.size(); ++i) {
      auto rules = Compiled(Rule(match, "scope: [" + cases[i].first + "]\n"));
      for (std::size_t k = 0; k < cases.size(); ++k) {
        INFO(match << " scope " << cases[i].first << " unit of " << cases[k].first);
        const bool same = cases[i].second.scope == cases[k].second.scope;
        CHECK(Matching(*rules, {cases[k].second}) == (same ? "R" : ""));
      }
    }
  }
}

TEST_CASE("evaluate: header:NAME looks at that header alone, header:Subject at the subject") {
  auto rules = Compiled(Rule("{regex: word}", "scope: ['header:Reply-To', 'header:Subject']\n"));
  CHECK(Matching(*rules, {{Scope::kHeader, "word", "reply-to", false}}) == "R");
  CHECK(Matching(*rules, {{Scope::kHeader, "word", "to", false}}).empty());
  CHECK(Matching(*rules, {{Scope::kSubject, "word", "", false}}) == "R");
}

TEST_CASE("evaluate: directions select the messages") {
  for (const std::string match : {"{regex: word}", "{keywords: [word]}", "{detector: iban}"}) {
    auto rules = Compiled(Rule(match, "direction: outbound\n"));
    const std::vector<Unit> units = {{Scope::kBody, "word DE79663923321468819736", "", false}};
    CHECK(Matching(*rules, units, Direction::kOutbound) == "R");
    CHECK(Matching(*rules, units, Direction::kInbound).empty());
    CHECK(Matching(*rules, units, Direction::kLocal).empty());
  }
}

TEST_CASE("evaluate: a draft never matches mail, but its tests run") {
  auto rules = Compiled(Rule("{regex: word}", "status: draft\ntests: {should_match: [other]}\n"));
  CHECK(Matching(*rules, {{Scope::kBody, "word", "", false}}).empty());
  REQUIRE(rules->RunTests().size() == 1);
  CHECK(rules->RunTests()[0].text == "should_match 1: no match");
  auto shadow = Compiled(Rule("{regex: word}", "status: shadow\n"));
  CHECK(Matching(*shadow, {{Scope::kBody, "word", "", false}}) == "R");
}

TEST_CASE("evaluate: keywords ignore case, know word boundaries and wrapped lines") {
  const std::string rule = Rule("{keywords: [secret plan, 机密, Über]}");
  CHECK(Hits1(rule, "the SECRET plan."));
  CHECK(Hits1(rule, "the secret\r\n  plan"));
  CHECK(Hits1(rule, "这是机密文件"));
  CHECK(Hits1(rule, "ÜBER allem"));
  CHECK(Hits1(rule, "über allem"));
  CHECK(Hits1(rule, "the ｓｅｃｒｅｔ plan"));
  CHECK(Hits1(rule, "sec\u200Bret plan"));
  CHECK_FALSE(Hits1(rule, "secret plane"));
  CHECK_FALSE(Hits1(rule, "asecret plan"));
  CHECK_FALSE(Hits1(rule, "überall"));
  CHECK_FALSE(Hits1(rule, "secretplan"));
}

TEST_CASE("evaluate: keyword counts below, at and above min_count") {
  const std::string rule = Rule("{keywords: [alpha, beta], min_count: 3}");
  CHECK_FALSE(Hits1(rule, "alpha beta"));
  CHECK(Hits1(rule, "alpha beta alpha"));
  CHECK(Hits1(rule, "alpha beta alpha beta"));
}

TEST_CASE("evaluate: keywords: of a rule must occur before anything else of it is asked") {
  for (const std::string match : {"{regex: 'w[o]rd'}", "{keywords: [word]}", "{detector: iban}"}) {
    const std::string rule = Rule(match, "keywords: [needed, 必须]\n");
    CHECK_FALSE(Hits1(rule, "word DE79663923321468819736"));
    CHECK(Hits1(rule, "Needed word DE79663923321468819736"));
    CHECK(Hits1(rule, "必须word DE79663923321468819736"));
  }
  auto rules = Compiled(Rule("{regex: 'w[o]rd'}", "keywords: [needed]\nscope: [subject, body]\n"));
  CHECK(Matching(*rules, {{Scope::kSubject, "needed", "", false},
                          {Scope::kBody, "word", "", false}}) == "R");
  CHECK(Matching(*rules, {{Scope::kUrl, "needed", "", false}, {Scope::kBody, "word", "", false}})
            .empty());
}

TEST_CASE("evaluate: all, any, none, at_least") {
  const std::string a = "{keywords: [alpha]}";
  const std::string b = "{regex: beta}";
  const std::string c = "{keywords: [gamma]}";
  CHECK(Hits1(Rule("{all: [" + a + ", " + b + "]}"), "alpha beta"));
  CHECK_FALSE(Hits1(Rule("{all: [" + a + ", " + b + "]}"), "alpha"));
  CHECK(Hits1(Rule("{any: [" + a + ", " + b + "]}"), "beta"));
  CHECK_FALSE(Hits1(Rule("{any: [" + a + ", " + b + "]}"), "gamma"));
  CHECK(Hits1(Rule("{all: [" + a + ", {none: [" + b + "]}]}"), "alpha"));
  CHECK_FALSE(Hits1(Rule("{all: [" + a + ", {none: [" + b + "]}]}"), "alpha beta"));
  const std::string two = Rule("{at_least: 2, of: [" + a + ", " + b + ", " + c + "]}");
  CHECK_FALSE(Hits1(two, "alpha"));
  CHECK(Hits1(two, "gamma alpha"));
  CHECK(Hits1(two, "gamma alpha beta"));
}

TEST_CASE("evaluate: conditions of one rule may hold in different units") {
  auto rules = Compiled(Rule("{all: [{keywords: [alpha]}, {keywords: [beta]}]}"));
  CHECK(Matching(*rules, {{Scope::kSubject, "alpha", "", false},
                          {Scope::kBody, "beta", "", false}}) == "R");
}

TEST_CASE("evaluate: proximity counts characters, Chinese ones double, inside one unit") {
  const std::string rule =
      Rule("{proximity: {window: 10, of: [{keywords: [alpha]}, {keywords: [beta]}]}}");
  CHECK(Hits1(rule, "alpha" + std::string(10, '.') + "beta"));
  CHECK_FALSE(Hits1(rule, "alpha" + std::string(11, '.') + "beta"));
  CHECK(Hits1(rule, "beta" + std::string(10, '.') + "alpha"));
  CHECK_FALSE(Hits1(rule, "beta" + std::string(11, '.') + "alpha"));
  CHECK(Hits1(rule, "alpha中中中中中beta"));
  CHECK_FALSE(Hits1(rule, "alpha中中中中中中beta"));
  const std::string ordered = Rule(
      "{proximity: {window: 10, ordered: true, of: [{keywords: [alpha]}, {keywords: [beta]}]}}");
  CHECK(Hits1(ordered, "alpha beta"));
  CHECK_FALSE(Hits1(ordered, "beta alpha"));
  auto rules = Compiled(rule);
  CHECK(Matching(*rules, {{Scope::kSubject, "alpha", "", false}, {Scope::kBody, "beta", "", false}})
            .empty());
  CHECK(Hits1(rule, "alpha" + std::string(50, '.') + "alpha beta"));
}

TEST_CASE("evaluate: regex group, validator, near and entropy decide what counts") {
  const std::string luhn = Rule("{regex: '\\b([0-9]{10})\\b', group: 1, validator: luhn}");
  CHECK(Hits1(luhn, "number 1234567897"));
  CHECK_FALSE(Hits1(luhn, "number 1234567890"));
  const std::string near = Rule(
      "{regex: '\\b[0-9]{6}\\b', base_confidence: low, min_confidence: medium, "
      "near: {window: {before: 20, after: 10}, raise: [customer, 客户], lower: [order]}}");
  CHECK(Hits1(near, "customer 123456"));
  CHECK(Hits1(near, "客户123456"));
  CHECK_FALSE(Hits1(near, "number 123456"));
  CHECK_FALSE(Hits1(near, "order 123456"));
  CHECK_FALSE(Hits1(near, "customer" + std::string(13, '.') + "123456"));
  const std::string entropy = Rule("{regex: 'key=([a-z0-9]{16})', group: 1, entropy: 3.0}");
  CHECK(Hits1(entropy, "key=q8zt1lmx0vyb7rkp"));
  CHECK_FALSE(Hits1(entropy, "key=aaaaaaaaaaaaaaaa"));
}

TEST_CASE("evaluate: regex hits that share one separator are all found") {
  auto rules =
      Compiled(Rule("{regex: '(?:^|[^0-9])([0-9]{4})(?:[^0-9]|$)', group: 1, min_distinct: 3}"));
  const Evaluation evaluation = Evaluated(*rules, {{Scope::kBody, "1111 2222 3333", "", false}});
  REQUIRE(evaluation.matches.size() == 1);
  CHECK(evaluation.matches[0].distinct == 3);
  CHECK(Matching(*rules, {{Scope::kBody, "1111 2222 2222", "", false}}).empty());
}

TEST_CASE("evaluate: thresholds below, at and above; equal values count once") {
  auto rules = Compiled(Rule("{detector: payment_card, min_confidence: medium}",
                             "severity: low\nthresholds:\n  - {distinct: 2, action: tag}\n"
                             "  - {distinct: 3, action: hold, severity: high}\n"));
  auto match = [&rules](const std::string& text) {
    return Evaluated(*rules, {{Scope::kBody, text, "", false}}).matches;
  };
  CHECK(match(kCards[0]).empty());
  CHECK(match(kCards[0] + "\n" + kCards[0] + ", 4539578763621486 card").empty());
  const auto two = match(kCards[0] + "\n\n" + kCards[1]);
  REQUIRE(two.size() == 1);
  CHECK(two[0].action == "tag");
  CHECK(two[0].severity == RuleSeverity::kLow);
  CHECK(two[0].distinct == 2);
  const auto three = match(kCards[0] + "\n\n" + kCards[1] + "\n\n" + kCards[2]);
  REQUIRE(three.size() == 1);
  CHECK(three[0].action == "hold");
  CHECK(three[0].severity == RuleSeverity::kHigh);
}

TEST_CASE("evaluate: distinct values are counted over the whole message") {
  auto rules = Compiled(Rule("{detector: payment_card, min_distinct: 3}"));
  CHECK(Matching(*rules, {{Scope::kSubject, kCards[0], "", false},
                          {Scope::kBody, kCards[1], "", false},
                          {Scope::kAttachment, kCards[2], "", false}}) == "R");
  CHECK(Matching(*rules, {{Scope::kSubject, kCards[0], "", false},
                          {Scope::kBody, kCards[0], "", false},
                          {Scope::kAttachment, kCards[2], "", false}})
            .empty());
}

TEST_CASE("evaluate: detectors report whether or not a rule asks") {
  auto rules = Compiled(Rule("{keywords: [nothing]}"));
  const Evaluation evaluation =
      Evaluated(*rules, {{Scope::kSubject, "x", "", false},
                         {Scope::kBody, "card " + kCards[0] + " and 4485275842308326", "", false}});
  REQUIRE(evaluation.detectors.size() == 1);
  const DetectorResult& result = evaluation.detectors[0];
  CHECK(result.detector == "payment_card");
  CHECK(result.artifact == 101);
  CHECK(result.distinct == 2);
  CHECK(result.distinct_medium == 2);
  CHECK(result.confidence == Level::kHigh);
  CHECK(result.span.begin == 5);
  CHECK(result.span.end == 24);
  REQUIRE(evaluation.sensitive.size() == 2);
  CHECK(evaluation.sensitive[0].unit == 1);
}

TEST_CASE("evaluate: what a validated regex found is a span to mask as well") {
  auto rules = Compiled(Rule("{regex: '[0-9]{10}', validator: luhn}", "scope: [subject]\n"));
  const Evaluation evaluation = Evaluated(*rules, {{Scope::kSubject, "no 1234567897", "", false}});
  REQUIRE(evaluation.sensitive.size() == 1);
  CHECK(evaluation.sensitive[0].detector == "rule.R");
  CHECK(evaluation.sensitive[0].span.begin == 3);
  CHECK(evaluation.sensitive[0].span.end == 13);
}

TEST_CASE("evaluate: words of a rule are shown as evidence, words of a list file are not") {
  const std::vector<Unit> units = {{Scope::kBody, "the Secret plan of Example Ltd", "", false}};
  CHECK(Evaluated(*Compiled(Rule("{keywords: [secret plan]}")), units).matches.at(0).evidence ==
        "secret plan");
  auto rules =
      Compiled(Rule("{keywords: list:customers}"), {{"customers", "customers", "Example Ltd\n"}});
  CHECK(Evaluated(*rules, units).matches.at(0).evidence == "[REDACTED:list:customers]");
}

TEST_CASE(
    "evaluate: headers in which people write are searched by detectors, where a rule asks too") {
  auto rules = Compiled(
      Rule("{detector: payment_card}", "scope: [body, 'header:From', 'header:Comments']\n"));
  const std::string text = "\"card 4539 5787 6362 1486\" <a@b.example>";
  for (const std::string name : {"from", "to", "cc", "reply-to", "sender", "comments"}) {
    INFO(name);
    const auto evaluation = Evaluated(*rules, {{Scope::kHeader, text, name, false}});
    REQUIRE(evaluation.detectors.size() == 1);
    CHECK(evaluation.detectors[0].confidence == Level::kHigh);
    CHECK(evaluation.sensitive.size() == 1);
    CHECK(evaluation.matches.size() == (name == "from" || name == "comments" ? 1U : 0U));
  }
}

TEST_CASE("evaluate: other headers, links and raw bytes are not searched by detectors") {
  auto rules = Compiled(Rule("{keywords: [nothing]}"));
  for (Scope scope : {Scope::kHeader, Scope::kUrl, Scope::kRaw}) {
    CHECK(Evaluated(*rules, {{scope, "card " + kCards[0], "x-a", false}}).detectors.empty());
  }
}

TEST_CASE(
    "evaluate: a word in the subject supports a bare number in the body, unless another speaks "
    "against") {
  auto rules = Compiled(Rule("{detector: payment_card, min_confidence: medium}"));
  auto match = [&rules](const std::string& subject, const std::string& body) {
    return Matching(*rules,
                    {{Scope::kSubject, subject, "", false}, {Scope::kBody, body, "", false}});
  };
  CHECK(match("my credit card", "4539578763621486") == "R");
  CHECK(match("hello", "4539578763621486").empty());
  CHECK(match("credit card order", "4539578763621486").empty());
  CHECK(match("my credit card", "order 4539578763621486").empty());
}

TEST_CASE("evaluate: one place belongs to the detector least likely to be wrong") {
  auto rules = Compiled(Rule("{keywords: [nothing]}"));
  // A resident number of Gansu (62...) that also passes Luhn as a UnionPay number.
  std::string number;
  const Date today{2026, 11, 24};
  for (int serial = 0; number.empty() && serial < 1000; ++serial) {
    const std::string digits = "62010219900307" +
                               std::string(serial < 10    ? "00"
                                           : serial < 100 ? "0"
                                                          : "") +
                               std::to_string(serial);
    for (char c = '0'; c <= '9'; ++c) {
      if (IsCnResidentId(digits + c, today) && IsLuhn(digits + c)) number = digits + c;
    }
  }
  REQUIRE(number.size() == 18);
  const Evaluation evaluation = Evaluated(*rules, {{Scope::kBody, "card " + number, "", false}});
  REQUIRE(evaluation.detectors.size() == 1);
  CHECK(evaluation.detectors[0].detector == "cn_resident_id");
}

TEST_CASE("evaluate: spans lead to the original bytes") {
  auto rules = Compiled(Rule("{detector: payment_card}"));
  const std::string text = "卡号：４５３９５７８７６３６２１４８６。";
  const Evaluation evaluation = Evaluated(*rules, {{Scope::kBody, text, "", false}});
  REQUIRE(evaluation.matches.size() == 1);
  const MaskedSpan span = evaluation.matches[0].span;
  CHECK(text.substr(span.begin, span.end - span.begin) == "４５３９５７８７６３６２１４８６");
}

TEST_CASE("evaluate: hidden text is looked at and said to be hidden") {
  auto rules = Compiled(Rule("{regex: word}"));
  const Evaluation evaluation = Evaluated(*rules, {{Scope::kBody, "word", "", true}});
  REQUIRE(evaluation.matches.size() == 1);
  CHECK(evaluation.matches[0].evidence == "[REDACTED:regex] (hidden text)");
}

TEST_CASE("evaluate: nothing that leaves holds a value in the clear") {
  const std::string text =
      "id: R\nname: x\nmatch: {any: [{detector: payment_card}, {detector: iban}, {detector: "
      "cn_resident_id}, "
      "{regex: 'secret-[0-9]+'}, {regex: '[0-9]{10}', validator: luhn}]}\n";
  auto rules = Compiled(text);
  const std::vector<std::string> values = {"4539578763621486", "DE79663923321468819736",
                                           "110101199003074477", "secret-8675309", "1234567897"};
  std::string body;
  for (const std::string& value : values) body += "card " + value + "\n";
  body += kCards[0] + "\n";
  const Evaluation evaluation = Evaluated(*rules, {{Scope::kBody, body, "", false}});
  REQUIRE(evaluation.matches.size() == 1);
  CHECK(evaluation.detectors.size() == 3);
  std::string out = evaluation.matches[0].evidence + evaluation.matches[0].action;
  for (const auto& result : evaluation.detectors) out += result.evidence + result.detector;
  for (const auto& span : evaluation.sensitive) out += span.detector;
  CHECK(out.find("453957******1486") != std::string::npos);
  for (const std::string& value : values) {
    INFO(value);
    CHECK(out.find(value) == std::string::npos);
    CHECK(out.find(value.substr(7, 7)) == std::string::npos);
  }
  CHECK(out.find(kCards[0]) == std::string::npos);
  CHECK(evaluation.matches[0].evidence.size() <= 200);
}

TEST_CASE("evaluate: a passed deadline is an error, never no match") {
  auto rules = Compiled(Rule("{regex: word}"));
  MessageFacts facts;
  TextUnit unit;
  unit.text = "nothing here";
  facts.units.push_back(unit);
  auto late = rules->Evaluate(facts, base::Deadline::At(1));
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == base::ErrorCode::kTimeout);
  facts.units.clear();
  CHECK_FALSE(rules->Evaluate(facts, base::Deadline::At(1)).ok());
  CHECK(rules->Evaluate(facts, base::Deadline::AfterMillis(60'000)).ok());
}

TEST_CASE("evaluate: decoys do not hide a value, and reaching the cap of hits is said") {
  auto rules = Compiled(Rule("{regex: '[0-9]{16}', validator: luhn}"));
  auto text_with = [](std::size_t decoys) {
    std::string text;
    for (std::size_t i = 0; i < decoys; ++i) text += "4539578763621487 ";
    return text + "4539578763621486";
  };
  const std::string hidden = text_with(5000);
  const auto found = Evaluated(*rules, {{Scope::kBody, hidden, "", false}});
  CHECK(found.matches.size() == 1);
  CHECK_FALSE(found.truncated);
  const std::string flood = text_with(kMaxHitsPerText);
  CHECK(Evaluated(*rules, {{Scope::kBody, flood, "", false}}).truncated);
}

TEST_CASE("evaluate: the text budget says truncated, below, at and above") {
  std::vector<RuleSpec> specs(1);
  specs[0].summary.id = "R";
  specs[0].scope.mask = ScopeBit(Scope::kBody);
  specs[0].match.kind = NodeKind::kKeywords;
  specs[0].match.words = {"end"};
  Faults faults;
  auto program = CompileProgram(specs, "key", faults);
  REQUIRE(program != nullptr);
  auto found = [&program](std::size_t budget, bool& truncated) {
    MessageFacts facts;
    TextUnit unit;
    unit.text = "0123456 end";
    facts.units.push_back(unit);
    CollectOptions options;
    options.text_budget = budget;
    auto hits = Collect(*program, facts, base::Deadline(), options);
    REQUIRE(hits.ok());
    truncated = hits->truncated;
    return Judge(*program, *hits, kNoIndex).size();
  };
  bool truncated = false;
  // 16 bytes are the price of a unit, 11 its text.
  CHECK(found(26, truncated) == 0);
  CHECK(truncated);
  CHECK(found(27, truncated) == 1);
  CHECK_FALSE(truncated);
  CHECK(found(28, truncated) == 1);
  CHECK_FALSE(truncated);
  CHECK(found(16, truncated) == 0);
  CHECK(truncated);
}

TEST_CASE("evaluate: a unit that was cut before it came here makes the evaluation truncated") {
  auto rules = Compiled(Rule("{regex: word}"));
  MessageFacts facts;
  TextUnit unit;
  unit.text = "x";
  unit.truncated = true;
  facts.units.push_back(unit);
  auto result = rules->Evaluate(facts, base::Deadline());
  REQUIRE(result.ok());
  CHECK(result->truncated);
}

TEST_CASE("evaluate: warming changes no answer") {
  auto rules = Compiled(Rule("{regex: word}"));
  rules->Warm();
  CHECK(Matching(*rules, {{Scope::kBody, "word", "", false}}) == "R");
  CHECK(Matching(*rules, {{Scope::kBody, "other", "", false}}).empty());
}

}  // namespace
}  // namespace lazaret::rules
