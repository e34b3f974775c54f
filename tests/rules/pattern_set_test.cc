#include "rules/pattern_set.h"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

std::vector<Pattern> Patterns(const std::vector<std::string>& texts) {
  std::vector<Pattern> out;
  for (const std::string& text : texts) {
    auto pattern = Pattern::Compile(text, 0);
    REQUIRE(pattern.ok());
    out.push_back(std::move(pattern).value());
  }
  return out;
}

constexpr PatternKey kHere{1, 1, false, false};

std::vector<PatternUse> Uses(const std::vector<Pattern>& patterns, PatternKey key = kHere) {
  std::vector<PatternUse> out;
  for (const Pattern& pattern : patterns) out.push_back({&pattern, key});
  return out;
}

bool Always(std::uint32_t) { return true; }

std::vector<std::uint32_t> Matched(const PatternSets& sets, std::string_view text,
                                   PatternKey key = kHere) {
  std::vector<std::uint32_t> hits;
  REQUIRE(sets.Match(text, key, Always, hits, base::Deadline()).ok());
  std::sort(hits.begin(), hits.end());
  return hits;
}

TEST_CASE("pattern sets: answer as the patterns alone do") {
  const auto patterns = Patterns({"alpha", "(?i)beta", "g.mma", "[0-9]{4}"});
  const PatternSets sets = PatternSets::Build(Uses(patterns));
  CHECK(Matched(sets, "alpha BETA 1234") == std::vector<std::uint32_t>{0, 1, 3});
  CHECK(Matched(sets, "gamma ALPHA") == std::vector<std::uint32_t>{2});
  CHECK(Matched(sets, "").empty());
  CHECK(sets.size() == 2);
  CHECK(sets.fallbacks() == 0);
}

TEST_CASE("pattern sets: at most 64 patterns each") {
  for (std::size_t count : {kPatternsPerSet - 1, kPatternsPerSet, kPatternsPerSet + 1}) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.push_back("pattern" + std::to_string(i) + "x");
    const auto patterns = Patterns(texts);
    const PatternSets sets = PatternSets::Build(Uses(patterns));
    CHECK(sets.size() == (count <= kPatternsPerSet ? 1 : 2));
    CHECK(Matched(sets, texts.back()) ==
          std::vector<std::uint32_t>{static_cast<std::uint32_t>(count - 1)});
  }
}

TEST_CASE("pattern sets: scopes, directions and prefilters choose the sets") {
  const auto patterns = Patterns({"alpha"});
  const PatternSets sets = PatternSets::Build(Uses(patterns, {2, 4, true, false}));
  CHECK(Matched(sets, "alpha", {2, 4, false, false}).size() == 1);
  CHECK(Matched(sets, "alpha", {1, 4, false, false}).empty());
  CHECK(Matched(sets, "alpha", {2, 1, false, false}).empty());
  std::vector<std::uint32_t> hits;
  REQUIRE(sets.Match(
                  "alpha", {2, 4, false, false}, [](std::uint32_t) { return false; }, hits,
                  base::Deadline())
              .ok());
  CHECK(hits.empty());
}

TEST_CASE("pattern sets: a set without memory asks each pattern, and never says no match") {
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i)
    texts.push_back("a" + std::to_string(i) + "[a-z0-9 ]{0,30}b" + std::to_string(i) + "\\b");
  const auto patterns = Patterns(texts);
  const std::string text = "a7 some words b7 and a12 more b12, a3 x b4";
  const std::vector<std::uint32_t> expected = {7, 12};
  const PatternSets roomy = PatternSets::Build(Uses(patterns));
  REQUIRE(Matched(roomy, text) == expected);
  REQUIRE(roomy.fallbacks() == 0);
  std::uint64_t fallbacks = 0;
  for (std::int64_t bytes = 1024; bytes <= (4 << 20); bytes = bytes * 5 / 4) {
    const PatternSets tight = PatternSets::Build(Uses(patterns), bytes);
    INFO(bytes);
    CHECK(Matched(tight, text) == expected);
    fallbacks += tight.fallbacks();
  }
  CHECK(fallbacks > 0);
}

TEST_CASE("pattern sets: a passed deadline is an error") {
  const auto patterns = Patterns({"alpha"});
  for (std::int64_t bytes : {kAutomataBytes, std::int64_t{100}}) {
    const PatternSets sets = PatternSets::Build(Uses(patterns), bytes);
    std::vector<std::uint32_t> hits;
    CHECK_FALSE(sets.Match("alpha", kHere, Always, hits, base::Deadline::At(1)).ok());
  }
}

TEST_CASE("pattern: hits stop at the limit, and none is lost below it") {
  auto pattern = Pattern::Compile("x", 0);
  REQUIRE(pattern.ok());
  for (std::size_t count : {kMaxHitsPerText - 1, kMaxHitsPerText, kMaxHitsPerText + 1}) {
    auto spans = pattern->FindAll(std::string(count, 'x'), base::Deadline());
    REQUIRE(spans.ok());
    CHECK(spans->size() == std::min(count, kMaxHitsPerText));
  }
  CHECK_FALSE(pattern->FindAll("x", base::Deadline::At(1)).ok());
}

TEST_CASE("pattern: (?i) is seen in every form of flags") {
  for (const char* text : {"(?i)a", "(?si)ab", "(?i:ab)c", "x(?im)b"})
    CHECK(Patterns({text})[0].ignores_case());
  for (const char* text : {"ai", "(?:i)b", "(?s)ab", "(?P<i>ab)"})
    CHECK_FALSE(Patterns({text})[0].ignores_case());
}

TEST_CASE("pattern: \\b knows ASCII words only, so that digits beside Chinese letters match") {
  auto pattern = Pattern::Compile("\\b[0-9]{4}\\b", 0);
  REQUIRE(pattern.ok());
  CHECK(pattern->Occurs("编号1234号"));
  CHECK_FALSE(pattern->Occurs("a1234"));
}

TEST_CASE("pattern sets: narrowing keeps what occurs, with and without memory for the sets") {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < 2 * kAskedAlone; ++i)
    texts.push_back("word" + std::to_string(i) + "x");
  const auto patterns = Patterns(texts);
  PatternKey filtered = kHere;
  filtered.filtered = true;
  for (std::int64_t bytes : {kAutomataBytes, std::int64_t{100}}) {
    const PatternSets sets = PatternSets::Build(Uses(patterns, filtered), bytes);
    CHECK(Matched(sets, "word1x").empty());
    std::vector<std::uint32_t> uses;
    for (std::uint32_t i = 0; i < kAskedAlone; ++i) uses.push_back(i);
    std::vector<std::uint32_t> few = uses;
    REQUIRE(sets.Narrow("word1x", few, base::Deadline()).ok());
    CHECK(few == uses);
    uses.push_back(kAskedAlone);
    REQUIRE(sets.Narrow("word1x", uses, base::Deadline()).ok());
    CHECK(uses == std::vector<std::uint32_t>{1});
    for (std::uint32_t i = 0; i < patterns.size(); ++i) uses.push_back(i);
    CHECK_FALSE(sets.Narrow("word1x", uses, base::Deadline::At(1)).ok());
  }
}

}  // namespace
}  // namespace lazaret::rules
