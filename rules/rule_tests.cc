#include "rules/rule_tests.h"

#include <array>
#include <utility>

#include "base/format.h"
#include "base/text.h"
#include "rules/hits.h"

namespace lazaret::rules {
namespace {

// One test may take so long at most: a rule that needs more would stall mail.
constexpr std::int64_t kTestMillis = 2'000;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEntities = {
    {{"&lt;", "<"},
     {"&gt;", ">"},
     {"&quot;", "\""},
     {"&apos;", "'"},
     {"&nbsp;", " "},
     {"&amp;", "&"}}};

std::string DecodeEntities(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t used = 0;
    for (const auto& [name, value] : kEntities) {
      if (text.substr(0, name.size()) != name) continue;
      out += value;
      used = name.size();
      break;
    }
    if (used == 0) {
      out += text.front();
      used = 1;
    }
    text.remove_prefix(used);
  }
  return out;
}

// Value of href= or src= in a tag; empty when it has none.
std::string LinkOf(std::string_view tag) {
  const std::string lower = base::AsciiLower(tag);
  for (std::string_view name : {"href=", "src="}) {
    std::size_t at = lower.find(name);
    if (at == std::string::npos) continue;
    at += name.size();
    const char quote = at < tag.size() && (tag[at] == '"' || tag[at] == '\'') ? tag[at++] : ' ';
    return DecodeEntities(tag.substr(at, tag.find(quote, at) - at));
  }
  return {};
}

bool IsBlockTag(std::string_view tag) {
  const std::string lower = base::AsciiLower(tag.substr(0, 6));
  for (std::string_view name :
       {"p", "/p", "br", "div", "/div", "td", "/td", "tr", "/tr", "li", "/li", "h1", "h2"}) {
    if (lower == name || lower.rfind(std::string(name) + " ", 0) == 0 ||
        lower == std::string(name) + "/")
      return true;
  }
  return false;
}

std::string Verdict(const base::Result<Hits>& hits, const std::vector<RuleMatch>& matches,
                    bool should_match) {
  if (!hits.ok()) return hits.error().text;
  if (matches.empty() == !should_match) return {};
  return should_match ? "no match" : "matched, on " + matches.front().evidence;
}

std::string RunOne(const Program& program, std::uint32_t rule, const TestSpec& test) {
  const RuleSpec& spec = program.rules[rule];
  MessageFacts facts;
  facts.direction = test.direction.value_or(Direction::kInbound);
  if (!test.direction) {
    for (Direction direction : {Direction::kLocal, Direction::kOutbound, Direction::kInbound}) {
      if ((spec.directions & DirectionBit(direction)) != 0) facts.direction = direction;
    }
  }
  for (const TestUnit& unit : test.units) {
    TextUnit out;
    out.scope = unit.scope;
    out.header_name = unit.header_name;
    out.text = unit.text;
    facts.units.push_back(out);
  }
  CollectOptions options;
  options.only_rule = rule;
  auto hits = Collect(program, facts, base::Deadline::AfterMillis(kTestMillis), options);
  std::vector<RuleMatch> matches;
  if (hits.ok()) matches = Judge(program, hits.value(), rule);
  return Verdict(hits, matches, test.should_match);
}

}  // namespace

std::string PlainTextOfHtml(std::string_view html, std::vector<std::string>& links) {
  std::string out;
  while (!html.empty()) {
    const std::size_t open = html.find('<');
    out += DecodeEntities(html.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = html.find('>', open);
    if (close == std::string_view::npos) break;
    const std::string_view tag = html.substr(open + 1, close - open - 1);
    if (std::string link = LinkOf(tag); !link.empty()) links.push_back(std::move(link));
    if (IsBlockTag(tag)) out += '\n';
    html.remove_prefix(close + 1);
  }
  return out;
}

std::vector<RuleTestFailure> RunRuleTests(const Program& program) {
  std::vector<RuleTestFailure> failures;
  for (std::uint32_t rule = 0; rule < program.rules.size(); ++rule) {
    for (const TestSpec& test : program.rules[rule].tests) {
      const std::string why = RunOne(program, rule, test);
      if (why.empty()) continue;
      failures.push_back(
          {program.rules[rule].summary.id,
           base::Format("{}:{}:{}", test.place.origin, test.place.line, test.place.column),
           base::Format("{} {}: {}", test.should_match ? "should_match" : "should_not_match",
                        test.number, why)});
    }
  }
  return failures;
}

}  // namespace lazaret::rules
