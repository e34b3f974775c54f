#include "base/unicode/normalize.h"

#include "base/text.h"
#include "tests/support/catch.h"

namespace lazaret::base {
namespace {

std::string Normal(std::string_view text) {
  return std::string(NormalizeForDetection(text).view());
}

// The original bytes of the first place where `part` stands in the normalised text.
std::string Back(std::string_view text, std::string_view part) {
  const NormalizedText normal = NormalizeForDetection(text);
  const std::size_t at = normal.view().find(part);
  REQUIRE(at != std::string_view::npos);
  const std::size_t begin = normal.OriginalBegin(at);
  return std::string(text.substr(begin, normal.OriginalEnd(at + part.size()) - begin));
}

TEST_CASE("normalize: plain ASCII is the input itself") {
  const std::string text = "Card 4539\t5787\r\n";
  const NormalizedText normal = NormalizeForDetection(text);
  CHECK(normal.identity());
  CHECK(normal.view().data() == text.data());
  CHECK(normal.OriginalBegin(5) == 5);
  CHECK(normal.OriginalEnd(text.size()) == text.size());
}

TEST_CASE("normalize: full-width, circled and other scripts' digits become ASCII") {
  CHECK(Normal("４５３９") == "4539");
  CHECK(Normal("①②") == "12");
  CHECK(Normal("٤٥٣٩") == "4539");
  CHECK(Normal("४५") == "45");
  CHECK(Normal("𝟒𝟓") == "45");
  CHECK(Normal("ＤＥ８９") == "DE89");
}

TEST_CASE("normalize: characters that a reader does not see are deleted") {
  CHECK(Normal("45\u200B39") == "4539");
  CHECK(Normal("45\u00AD39\u2066\uFEFF") == "4539");
  CHECK(Normal("a\U000E0041b") == "ab");
  CHECK(Normal("\u202Egnp.exe") == "gnp.exe");
  CHECK(Normal("\u200B").empty());
}

TEST_CASE("normalize: dashes, spaces and line separators") {
  CHECK(Normal("1\u20132\u22123\uFF0D4") == "1-2-3-4");
  CHECK(Normal("a\u00A0b\u3000c\u2009d") == "a b c d");
  CHECK(Normal("a\u2028b\u0085c\td\r\n\u00E9") == "a\nb\nc\td\r\n\u00E9");
}

TEST_CASE("normalize: decomposed letters compose") {
  CHECK(Normal("e\u0301") == "\u00E9");
  CHECK(Normal("xe\u0301y") == "x\u00E9y");
}

TEST_CASE("normalize: the offset map leads back to the original bytes") {
  CHECK(Back("卡号４５３９ ok", "4539") == "４５３９");
  CHECK(Back("a\u200B45\u200B39\u200Bz", "4539") == "45\u200B39");
  CHECK(Back("前后中文 text", "text") == "text");
  CHECK(Back("ﬁne", "fi") == "ﬁ");
  CHECK(Back("xe\u0301y", "y") == "y");
}

TEST_CASE("normalize: the map holds at both ends") {
  const std::string text = "\u200B４";
  const NormalizedText normal = NormalizeForDetection(text);
  CHECK(normal.OriginalBegin(0) == 3);
  CHECK(normal.OriginalEnd(0) == 0);
  CHECK(normal.OriginalEnd(1) == text.size());
  CHECK(normal.OriginalBegin(99) == text.size());
}

TEST_CASE("normalize: ill-formed bytes become U+FFFD and the result is valid UTF-8") {
  const std::string out = Normal("a\xFF\xE4\xB8");
  CHECK(IsValidUtf8(out));
  CHECK(out.find("\uFFFD") != std::string::npos);
}

TEST_CASE("normalize: a flood of combining marks is normalised in pieces") {
  for (std::size_t marks : {kMaxNormalizationRun - 2, kMaxNormalizationRun - 1,
                            kMaxNormalizationRun, std::size_t{20000}}) {
    std::string text = "e";
    for (std::size_t i = 0; i < marks; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
    const std::string out = Normal(text);
    CHECK(IsValidUtf8(out));
    CHECK(out.size() > marks);
  }
}

TEST_CASE("normalize: word characters and CJK") {
  CHECK(IsSpacedWordCharacter(U'a'));
  CHECK(IsSpacedWordCharacter(0x00E4));
  CHECK_FALSE(IsSpacedWordCharacter(U'_'));
  CHECK_FALSE(IsSpacedWordCharacter(0x4E2D));
  CHECK_FALSE(IsSpacedWordCharacter(0x0E01));
  CHECK(IsCjk(0x4E2D));
  CHECK(IsCjk(0x3042));
  CHECK(IsCjk(0xAC00));
  CHECK_FALSE(IsCjk(U'a'));
  CHECK(SimpleLower("ÜBER İ").substr(0, 5) == "über");
  CHECK(SimpleUpper("über") == "ÜBER");
}

}  // namespace
}  // namespace lazaret::base
