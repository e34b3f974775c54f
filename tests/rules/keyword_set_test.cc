#include "rules/keyword_set.h"

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"
#include "base/unicode/normalize.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

std::vector<std::string> Words(const KeywordSet& set, std::string_view text,
                               std::size_t max_hits = 100) {
  KeywordFinds finds;
  set.Find(text, max_hits, finds);
  std::vector<std::string> out;
  for (const KeywordHit& hit : finds.hits)
    out.push_back(std::string(text.substr(hit.begin, hit.end - hit.begin)));
  return out;
}

TEST_CASE("keyword set: words inside words, shared ends and repeats are all found") {
  KeywordSet set;
  CHECK(set.Add("密码") == 0);
  CHECK(set.Add("码") == 1);
  CHECK(set.Add("账号密码错") == 2);
  CHECK(set.Add("Account") == 3);
  CHECK(set.Add("account") == 3);
  set.Build();
  CHECK(Words(set, "账号密码错").size() == 3);
  CHECK(Words(set, "账号密码").size() == 2);
  CHECK(Words(set, "my ACCOUNT, accounts") == std::vector<std::string>{"ACCOUNT"});
}

TEST_CASE("keyword set: white space is one space, spans cover what stands in the text") {
  KeywordSet set;
  set.Add("bank   details");
  set.Build();
  CHECK(Words(set, "our Bank\r\n \tDetails changed") ==
        std::vector<std::string>{"Bank\r\n \tDetails"});
  CHECK(Words(set, "bankdetails").empty());
}

TEST_CASE("keyword set: hits of one word are limited, others still found") {
  KeywordSet set;
  set.Add("a");
  set.Add("b");
  set.Build();
  CHECK(Words(set, "a a b", 2).size() == 3);
  CHECK(Words(set, "a a a b", 2).size() == 3);
}

TEST_CASE("keyword set: empty set and empty text") {
  KeywordSet set;
  set.Build();
  CHECK(Words(set, "anything").empty());
  KeywordSet one;
  one.Add("a");
  one.Build();
  CHECK(Words(one, "").empty());
}

using Found = std::tuple<std::size_t, std::size_t, std::uint32_t>;  // end, begin, word

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// The text in lower case with one blank for each run, and where each byte stands.
struct Folded {
  std::string text;
  std::vector<std::size_t> places;

  explicit Folded(std::string_view original) {
    for (std::size_t i = 0; i < original.size(); ++i) {
      const bool blank = IsBlank(original[i]);
      if (blank && i > 0 && IsBlank(original[i - 1])) continue;
      text += blank ? ' ' : base::AsciiLower(original.substr(i, 1))[0];
      places.push_back(i);
    }
  }
};

bool IsWordAt(std::string_view text, std::size_t at) {
  return at < text.size() && base::IsSpacedWordCharacter(base::NextCodePoint(text, at));
}

bool IsWordBefore(std::string_view text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at - 1]) & 0xC0) == 0x80) --at;
  return at > 0 && IsWordAt(text, at - 1);
}

// Every word at every place, by comparing.
std::vector<Found> Naively(const std::vector<std::string>& words, std::string_view text,
                           bool boundaries) {
  const Folded folded(text);
  std::vector<Found> out;
  for (std::uint32_t word = 0; word < words.size(); ++word) {
    const std::string& wanted = words[word];
    for (std::size_t at = folded.text.find(wanted); at != std::string::npos;
         at = folded.text.find(wanted, at + 1)) {
      const std::size_t begin = folded.places[at];
      const std::size_t end = folded.places[at + wanted.size() - 1] + 1;
      const bool inside = (IsWordAt(wanted, 0) && IsWordBefore(text, begin)) ||
                          (IsWordBefore(wanted, wanted.size()) && IsWordAt(text, end));
      if (!boundaries || !inside) out.emplace_back(end, begin, word);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string RandomText(std::mt19937& random, std::size_t most) {
  static const std::vector<std::string> kPieces = {
      "a", "a", "b", "B", "A", " ", "\t", "\n", "-", "\u5BC6", "\u7801", "\u00E9", "1", "a b"};
  std::string out;
  const std::size_t size = 1 + random() % most;
  for (std::size_t i = 0; i < size; ++i) out += kPieces[random() % kPieces.size()];
  return out;
}

TEST_CASE("keyword set: finds what comparing at every place finds, whatever fits its table") {
  std::mt19937 random(20261124);
  std::size_t found_words = 0;
  std::size_t found_literals = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < 1 + random() % 40; ++i) {
      const std::string word(base::TrimAscii(Folded(RandomText(random, 7)).text));
      if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(word);
    }
    for (std::size_t bytes :
         {std::size_t{0}, std::size_t{400}, std::size_t{2000}, kKeywordTableBytes}) {
      KeywordSet set;
      for (std::uint32_t i = 0; i < words.size(); ++i) {
        REQUIRE(set.Add(words[i]) == i);
        set.AddLiteral(words[i], i);
      }
      set.Build(bytes);
      KeywordFinds finds;
      for (int i = 0; i < 40; ++i) {
        const std::string text = RandomText(random, 120);
        set.Find(text, 1000, finds);
        std::vector<Found> found;
        for (const KeywordHit& hit : finds.hits) found.emplace_back(hit.end, hit.begin, hit.word);
        CHECK(std::is_sorted(found.begin(), found.end(), [](const Found& a, const Found& b) {
          return std::get<0>(a) < std::get<0>(b);
        }));
        std::sort(found.begin(), found.end());
        INFO(text);
        CHECK(found == Naively(words, text, true));
        std::vector<std::uint32_t> literals = finds.literals;
        std::sort(literals.begin(), literals.end());
        std::vector<std::uint32_t> expected;
        for (const Found& one : Naively(words, text, false)) expected.push_back(std::get<2>(one));
        std::sort(expected.begin(), expected.end());
        expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
        CHECK(literals == expected);
        found_words += found.size();
        found_literals += literals.size();
      }
    }
  }
  CHECK(found_words > 10'000);
  CHECK(found_literals > 10'000);
}

TEST_CASE(
    "keyword set: literals are found inside words, over other blanks and under one number each") {
  KeywordSet set;
  set.Add("ask");
  set.AddLiteral("ask  now ", 7);
  set.AddLiteral("as", 3);
  set.AddLiteral("ask\tnow", 8);
  set.Build();
  KeywordFinds finds;
  set.Find("baSK\n nowadays, asking", 100, finds);
  CHECK(finds.hits.empty());
  std::sort(finds.literals.begin(), finds.literals.end());
  CHECK(finds.literals == std::vector<std::uint32_t>{3, 7, 8});
  set.Find("nothing", 100, finds);
  CHECK(finds.literals.empty());
}

TEST_CASE("keyword set: long texts, with bytes of no word and without, are searched whole") {
  const std::vector<std::string> words = {"a b", "\u5BC6\u7801", "b-a"};
  std::mt19937 random(3);
  for (const char* foreign : {"?", ""}) {
    std::string text;
    while (text.size() < 150'000)
      text += RandomText(random, 40) + (random() % 8 == 0 ? foreign : "") + "\u5BC6\u7801";
    for (std::size_t bytes : {std::size_t{0}, kKeywordTableBytes}) {
      KeywordSet set;
      for (const std::string& word : words) set.Add(word);
      set.Build(bytes);
      KeywordFinds finds;
      set.Find(text, 1'000'000, finds);
      std::vector<Found> found;
      for (const KeywordHit& hit : finds.hits) found.emplace_back(hit.end, hit.begin, hit.word);
      CHECK(std::is_sorted(found.begin(), found.end()));
      CHECK((found == Naively(words, text, true)));
      CHECK(found.size() > 1'000);
    }
  }
}

}  // namespace
}  // namespace lazaret::rules
