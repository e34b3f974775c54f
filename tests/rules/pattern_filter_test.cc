#include "rules/pattern_filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/unicode/normalize.h"
#include "rules/hits.h"
#include "rules/keyword_set.h"
#include "rules/loader.h"
#include "tests/rules/rules_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

// Filter and automaton as rules use them, for patterns of any origin.
class Filtered {
 public:
  explicit Filtered(const std::vector<std::string>& regexes) {
    filter_ = PatternFilter::Build({regexes.begin(), regexes.end()});
    for (const PatternFilter::Literal& literal : filter_.literals())
      words_.AddLiteral(literal.text, literal.number);
    words_.Build();
    for (const std::string& regex : regexes) {
      auto pattern = Pattern::Compile(regex, 0);
      patterns_.push_back(pattern.ok() ? std::move(pattern).value()
                                       : std::move(Pattern::Compile("unused", 0)).value());
      usable_.push_back(pattern.ok());
    }
  }

  // How many patterns match the text; each of them must be let through.
  std::size_t Check(std::string_view original) {
    const base::NormalizedText text = base::NormalizeForDetection(original);
    words_.Find(text.view(), 10, finds_);
    std::vector<std::uint32_t> passing;
    filter_.Candidates(finds_.literals, passing);
    std::size_t matched = 0;
    for (std::uint32_t i = 0; i < patterns_.size(); ++i) {
      if (!usable_[i] || !patterns_[i].Occurs(text.view())) continue;
      ++matched;
      const bool passes =
          !filter_.IsFiltered(i) || std::binary_search(passing.begin(), passing.end(), i);
      if (!passes) FAIL("left out: " << patterns_[i].regex() << " in " << text.view());
      if (filter_.IsFiltered(i)) ++matched_filtered;
    }
    return matched;
  }

  bool IsFiltered(std::uint32_t pattern) const { return filter_.IsFiltered(pattern); }
  std::size_t matched_filtered = 0;

 private:
  PatternFilter filter_;
  KeywordSet words_;
  KeywordFinds finds_;
  std::vector<Pattern> patterns_;
  std::vector<bool> usable_;
};

// A random pattern and a text that it is likely to match, made together.
struct Made {
  std::string regex;
  std::string text;
};

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  Made Pattern() {
    Made out = Node(3);
    if (Chance(2)) out.regex = "(?i)" + out.regex;
    return out;
  }
  bool Chance(unsigned of) { return random_() % of == 0; }
  const std::string& Word() {
    static const std::vector<std::string> kWords = {
        "secret",     "ask",          "bank",    "in",        "\u00DF",       "stra\u00DFe",
        "\u00C9cole", "\u5BC6\u7801", "\u7801",  "Kiss",      "\u03C3\u03C2", "no",
        "a  b",       "\u0130",       "\u01C5x", "{{",        "://",          "\uAC00",
        "\u212A",     "\u017F",       "X",       "new\tiban", "\u1E9E",       "\uFF21\uFF42",
        "\u2460",     "\u2126m",      "\u24D0b"};
    return kWords[random_() % kWords.size()];
  }
  // The same letters in another case, blanks of another kind.
  std::string Varied(const std::string& text) {
    std::string out = Chance(2)   ? base::SimpleUpper(text)
                      : Chance(2) ? base::SimpleLower(text)
                                  : text;
    if (Chance(3)) {
      for (char& c : out) {
        if (c == ' ' && Chance(2)) c = Chance(2) ? '\t' : '\n';
      }
    }
    return out;
  }

 private:
  Made Node(int depth) {
    switch (depth == 0 ? 0 : random_() % 8) {
      case 1:
        return Joined(Node(depth - 1), Node(depth - 1));
      case 2: {
        const Made a = Node(depth - 1);
        const Made b = Node(depth - 1);
        return {"(?:" + a.regex + "|" + b.regex + ")", Chance(2) ? a.text : b.text};
      }
      case 3: {
        const Made a = Node(depth - 1);
        return {"(?:" + a.regex + ")?", Chance(2) ? a.text : ""};
      }
      case 4: {
        const Made a = Node(depth - 1);
        return {"(?:" + a.regex + "){1,2}", Chance(2) ? a.text : a.text + a.text};
      }
      case 5:
        return Joined(Joined(Node(depth - 1), {"\\s+", Chance(2) ? " " : "\r\n \t"}),
                      Node(depth - 1));
      case 6:
        return {"[sk\u00E9\u5BC6-\u5BC8]", Chance(2) ? "s" : "\u5BC7"};
      case 7: {
        const Made a = Node(depth - 1);
        return {"\\b(?i:" + a.regex + ")", Varied(a.text)};
      }
      default: {
        const std::string& word = Word();
        return {re2::RE2::QuoteMeta(word), word};
      }
    }
  }
  static Made Joined(const Made& a, const Made& b) { return {a.regex + b.regex, a.text + b.text}; }

  std::mt19937 random_;
};

TEST_CASE("pattern filter: what RE2 matches is let through, for made patterns and texts") {
  Maker maker(20261124);
  std::size_t matched = 0;
  std::size_t matched_filtered = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<std::string> regexes;
    std::vector<std::string> texts;
    for (int i = 0; i < 60; ++i) {
      const Made made = maker.Pattern();
      regexes.push_back(made.regex);
      texts.push_back(made.text);
      texts.push_back(maker.Varied(made.text));
      texts.push_back("x" + maker.Varied(made.text + maker.Word()) + "-" + maker.Word());
    }
    Filtered filtered(regexes);
    for (const std::string& text : texts) matched += filtered.Check(text);
    matched_filtered += filtered.matched_filtered;
  }
  CHECK(matched > 5'000);
  CHECK(matched_filtered > 500);
}

void AddRegexes(const NodeSpec& node, std::vector<std::string>& out) {
  if (node.kind == NodeKind::kRegex) out.push_back(node.regex);
  for (const NodeSpec& child : node.children) AddRegexes(child, out);
}

std::vector<RuleSpec> ShippedRules() {
  Faults faults;
  auto rules = LoadRules(testing::Shipped(), faults);
  REQUIRE(faults.empty());
  return rules;
}

TEST_CASE(
    "pattern filter: what RE2 matches is let through, for the shipped rules and their tests") {
  std::vector<std::string> regexes;
  std::vector<std::string> texts;
  for (const RuleSpec& rule : ShippedRules()) {
    AddRegexes(rule.match, regexes);
    for (const TestSpec& test : rule.tests) {
      for (const TestUnit& unit : test.units) texts.push_back(unit.text);
    }
  }
  Maker maker(1);
  Filtered filtered(regexes);
  std::size_t matched = 0;
  for (const std::string& text : texts) {
    matched += filtered.Check(text);
    for (int i = 0; i < 6; ++i) matched += filtered.Check(maker.Varied(text) + maker.Word() + text);
  }
  CHECK(matched > 500);
  CHECK(filtered.matched_filtered > 300);
}

TEST_CASE(
    "pattern filter: patterns without literals, or with letters of other scripts alone, are always "
    "asked") {
  const Filtered filtered({"[0-9]{6}", "\u00E9cole", "(?i)password", "\u5BC6\u7801", "ab", "abc",
                           "x|password", "(?i)skip this"});
  for (std::uint32_t i : {0U, 1U, 4U, 6U}) CHECK_FALSE(filtered.IsFiltered(i));
  for (std::uint32_t i : {2U, 3U, 5U, 7U}) CHECK(filtered.IsFiltered(i));
}

TEST_CASE("pattern filter: normalised text holds neither a long s nor a Kelvin sign") {
  for (const std::string before : {"", "a", "\u0301", " ", "\u5BC6"}) {
    for (const std::string& after : {std::string(), std::string("\u0301"), std::string("k"),
                                     std::string("\u0323\u0307"), std::string(200, 'x'), [] {
                                       std::string marks;
                                       for (int i = 0; i < 100; ++i) marks += "\u0301";
                                       return marks;
                                     }()}) {
      for (const char* letter : {"\u017F", "\u212A"}) {
        const std::string text = before + letter + after + letter;
        const base::NormalizedText normal = base::NormalizeForDetection(text);
        CHECK(normal.view().find(letter) == std::string::npos);
      }
    }
  }
}

TEST_CASE(
    "pattern filter: RE2 folds no letter into or out of the scripts that are looked for as they "
    "are") {
  const std::string ranges =
      "\\x{2E80}-\\x{A4CF}\\x{AC00}-\\x{D7A3}\\x{F900}-\\x{FAFF}\\x{20000}-\\x{3FFFF}";
  const re2::RE2 inside("(?i)[" + ranges + "]");
  const re2::RE2 outside("(?i)[^" + ranges + "]");
  REQUIRE(inside.ok());
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    base::AppendUtf8(text, c);
    const bool within = (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                        (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
    if (re2::RE2::FullMatch(text, inside) != within) FAIL("U+" << std::hex << std::uint32_t{c});
    if (within && (base::SimpleLower(text) != text || base::SimpleUpper(text) != text))
      FAIL("has case: U+" << std::hex << std::uint32_t{c});
  }
}

// A rule asked alone is asked without filter, sets and short cuts.
std::string AloneAndTogether(const Program& program, const MessageFacts& facts) {
  const auto all = Collect(program, facts, base::Deadline(), {});
  REQUIRE(all.ok());
  std::string out;
  for (const RuleMatch& match : Judge(program, all.value(), kNoIndex))
    out += std::to_string(match.rule) + testing::Text(match) + "\n";
  std::string alone;
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    CollectOptions options;
    options.only_rule = rule;
    const auto hits = Collect(program, facts, base::Deadline(), options);
    REQUIRE(hits.ok());
    for (const RuleMatch& match : Judge(program, hits.value(), rule))
      alone += std::to_string(match.rule) + testing::Text(match) + "\n";
  }
  CHECK(out == alone);
  return out;
}

std::string RandomNode(std::mt19937& random, int depth) {
  static const std::vector<std::string> kLeaves = {"{regex: 'alpha[0-9]'}",
                                                   "{regex: '(?i)beta+'}",
                                                   "{keywords: [gamma, delta]}",
                                                   "{detector: iban}",
                                                   "{regex: '[0-9]{3}'}",
                                                   "{regex: 'delta x'}",
                                                   "{regex: 'alpha|omega'}",
                                                   "{regex: 'omega', entropy: 1.0}",
                                                   "{keywords: [beta], min_count: 2}",
                                                   "{regex: '\u5BC6\u7801'}",
                                                   "{regex: '(?i)gamma.{0,9}alpha'}"};
  const auto children = [&](std::size_t least) {
    std::string out;
    for (std::size_t i = 0; i < least + random() % 3; ++i)
      out += (i == 0 ? "" : ", ") + RandomNode(random, depth - 1);
    return out;
  };
  const auto leaf = [&] { return kLeaves[random() % kLeaves.size()]; };
  switch (depth == 0 ? 0 : random() % 6) {
    case 1:
      return "{all: [" + children(2) + "]}";
    case 2:
      return "{any: [" + children(2) + "]}";
    case 3:
      return "{at_least: 2, of: [" + children(2) + "]}";
    case 4:
      return "{all: [" + leaf() + ", {none: [" + children(1) + "]}]}";
    case 5:
      return "{proximity: {window: 30, of: [" + leaf() + ", " + leaf() + "]}}";
    default:
      return leaf();
  }
}

TEST_CASE("pattern run: rules together match as each alone, for made rules and texts") {
  std::mt19937 random(7);
  std::string rules;
  for (int i = 0; i < 150; ++i) {
    rules += "---\nid: R" + std::to_string(i) + "\nname: made\n";
    if (random() % 4 == 0) rules += "keywords: [gamma, x]\n";
    if (random() % 4 == 0) rules += "scope: [subject]\n";
    rules += "match: " + RandomNode(random, 2) + "\n";
  }
  Bundle bundle;
  bundle.rules.push_back({"made.yaml", rules, true});
  Faults faults;
  const auto program = CompileProgram(LoadRules(bundle, faults), "key", faults);
  REQUIRE(faults.empty());
  static const std::vector<std::string> kPieces = {"alpha1",
                                                   "alpha",
                                                   "BETA",
                                                   "betaaa",
                                                   "gamma",
                                                   "delta",
                                                   "x",
                                                   "123",
                                                   "omega",
                                                   "\u5BC6\u7801",
                                                   "DE79663923321468819736",
                                                   "word"};
  std::size_t matching = 0;
  for (int i = 0; i < 150; ++i) {
    std::vector<std::string> texts(1 + random() % 3);
    MessageFacts facts;
    for (std::string& text : texts) {
      for (std::size_t n = random() % 8; n > 0; --n)
        text += kPieces[random() % kPieces.size()] + " ";
      TextUnit unit;
      unit.scope = random() % 3 == 0 ? Scope::kSubject : Scope::kBody;
      unit.text = text;
      facts.units.push_back(unit);
    }
    if (!AloneAndTogether(*program, facts).empty()) ++matching;
  }
  CHECK(matching > 100);
}

TEST_CASE("pattern run: shipped rules together match as each alone on all their tests") {
  Faults faults;
  const auto program = CompileProgram(ShippedRules(), "key", faults);
  std::size_t matching = 0;
  for (const RuleSpec& rule : program->rules) {
    for (const TestSpec& test : rule.tests) {
      for (Direction direction : {Direction::kInbound, Direction::kOutbound, Direction::kLocal}) {
        MessageFacts facts;
        facts.direction = direction;
        for (const TestUnit& unit : test.units) {
          TextUnit out;
          out.scope = unit.scope;
          out.header_name = unit.header_name;
          out.text = unit.text;
          facts.units.push_back(out);
        }
        if (!AloneAndTogether(*program, facts).empty()) ++matching;
      }
    }
  }
  CHECK(matching > 20);
}

}  // namespace
}  // namespace lazaret::rules
