// The two ways to look for byte patterns must see the same.
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

using namespace std::string_literals;

struct Sample {
  const char* name;
  std::string hits;
  std::string misses;
};

std::string Padded(std::size_t before, std::string_view marker, std::size_t after) {
  return std::string(before, 'x') + std::string(marker) + std::string(after, 'y');
}

// zqmark = 7a716d61726b, vwsign = 76777369676e
const char* const kPatterns =
    "Anywhere:0:*:7a716d61726b3031\n"
    "Begin:0:0:7a716d61726b3032\n"
    "Place:0:20:7a716d61726b3033\n"
    "Range:0:20,40:7a716d61726b3034\n"
    "End:0:EOF-30:7a716d61726b3035\n"
    "Gap:0:*:7a716d61726b3036{4-10}76777369676e\n"
    "Star:0:*:7a716d61726b3037*76777369676e\n"
    "Wild:0:*:7a716d61726b30??38\n"
    "Other:0:*:7a716d61726b(3039|3130)41\n";

const char* const kLogical =
    "Both;Engine:81-255,Target:0;0&1;7a716d61726b3131;76777369676e3131\n"
    "Twice;Engine:81-255,Target:0;(0>1);7a716d61726b3132\n"
    "Case;Engine:81-255,Target:0;0;7a716d61726b3133::i\n";

std::vector<Sample> Samples() {
  return {
      {"Anywhere", Padded(500, "zqmark01", 500), Padded(500, "zqmark0", 500)},
      {"Begin", Padded(0, "zqmark02", 500), Padded(1, "zqmark02", 500)},
      {"Place", Padded(20, "zqmark03", 500), Padded(21, "zqmark03", 500)},
      {"Range", Padded(55, "zqmark04", 500), Padded(70, "zqmark04", 500)},
      {"End", Padded(500, "zqmark05", 22), Padded(500, "zqmark05", 60)},
      {"Gap", Padded(100, "zqmark06....vwsign", 90), Padded(100, "zqmark06...vwsign", 90)},
      {"Star", Padded(100, "zqmark07" + std::string(300, '.') + "vwsign", 9),
       Padded(9, "vwsign zqmark07", 9)},
      {"Wild", Padded(77, "zqmark0-8", 77), Padded(77, "zqmark0--8", 77)},
      {"Other", Padded(77, "zqmark10A", 77), Padded(77, "zqmark11A", 77)},
      {"Both", Padded(77, "vwsign11 and zqmark11", 77), Padded(77, "zqmark11", 77)},
      {"Twice", Padded(77, "zqmark12 zqmark12", 77), Padded(77, "zqmark12", 77)},
      {"Case", Padded(77, "ZqMARK13", 77), Padded(77, "ZqNARK13", 77)},
  };
}

std::unique_ptr<TestEngine> EngineWith(Matcher matcher) {
  ClamavOptions options;
  options.matcher = matcher;
  return MakeEngine({{"own.ndb", kPatterns}, {"own.ldb", kLogical}}, options);
}

std::string MailWith(const std::string& content) {
  return "From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
         "boundary=b\r\n\r\n--b\r\n" +
         Part("data.bin", content) + "--b--\r\n";
}

TEST_CASE("clamav: both matchers find the same patterns at the same places") {
  const auto combined = EngineWith(Matcher::kCombined);
  const auto automaton = EngineWith(Matcher::kAutomaton);
  for (const Sample& sample : Samples()) {
    CAPTURE(sample.name);
    for (const bool hits : {true, false}) {
      const std::string mail = MailWith(hits ? sample.hits : sample.misses);
      const auto first = Judge(*combined->engine, mail);
      const auto second = Judge(*automaton->engine, mail);
      REQUIRE(first.ok());
      REQUIRE(second.ok());
      CHECK(HasRule(*second, sample.name) == hits);
      CHECK(Show(first) == Show(second));
    }
  }
}

TEST_CASE("clamav: both matchers find EICAR, plain and in an archive") {
  for (const Matcher matcher : {Matcher::kCombined, Matcher::kAutomaton}) {
    const auto engine = EngineWith(matcher);
    for (const std::string& content : {Eicar(), EicarZip()}) {
      const auto found = Judge(*engine->engine, MailWith(content));
      REQUIRE(found.ok());
      CHECK(HasCode(*found, "clamav.signature"));
    }
  }
}

}  // namespace
}  // namespace lazaret::scanners::test
