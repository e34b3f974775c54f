#include "mail/text/rtf_text.h"

#include <string>

#include "base/clock.h"
#include "base/text.h"
#include "mail/reader.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

TEST_CASE("rtf: formatting inside a number leaves it whole") {
  CHECK(IsRtf("{\\rtf1 x}"));
  CHECK(IsRtf("\r\n {\\rtf1 x}"));
  CHECK_FALSE(IsRtf("{rtf}"));
  CHECK_FALSE(IsRtf(""));
  CHECK(RtfText("{\\rtf1\\ansi card 4539\\b 57{\\i 87}\\b0 63\r\n621486\\par}") ==
        "card 4539578763621486\n");
}

TEST_CASE("rtf: tables of fonts, colours and styles, pictures and objects are no text") {
  CHECK(RtfText("{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\colortbl;\\red0;}{\\stylesheet{\\s0 Normal;}}"
                "{\\*\\generator Word;}{\\pict 4539578763621486}{\\*\\objdata 01}a{\\info{\\title "
                "t}}}") == "at");
  CHECK(RtfText("{\\rtf1{\\*\\shpinst{\\shptxt seen}}{\\field{\\*\\fldinst HYPERLINK u}}}") ==
        "seenHYPERLINK u");
}

TEST_CASE(
    "rtf: characters of the code page, of Unicode, and what stands for them in old programs") {
  CHECK(RtfText("{\\rtf1\\ansi\\ansicpg1252 caf\\'e9}") == "café");
  CHECK(RtfText("{\\rtf1\\ansi\\ansicpg936 \\'d6\\'d0\\'ce\\'c4}") == "中文");
  CHECK(RtfText("{\\rtf1 \\u20013?\\u-10179 ?\\u-8704 ?x}") == "中😀x");
  CHECK(RtfText("{\\rtf1\\uc2 \\u20013\\'d6\\'d0{\\uc0 \\u25991}\\u20013 ab}") == "中文中");
  CHECK(RtfText("{\\rtf1 a\\~b\\_c\\-d\\\\\\{\\}}") == "a b-cd\\{}");
}

TEST_CASE("rtf: paragraphs and rows end lines, cells are tabs") {
  CHECK(RtfText("{\\rtf1 a\\par b\\line c\\tab d\\cell e\\cell\\row f}") == "a\nb\nc\td\te\t\nf");
}

TEST_CASE("rtf: broken files lose no text and cost their size only") {
  CHECK(RtfText("{\\rtf1 open {and open") == "open and open");
  CHECK(RtfText("{\\rtf1 a}}}} b") == "a b");
  CHECK(RtfText("{\\rtf1 \\bin99999999 x") == "");
  CHECK(RtfText("{\\rtf1 \\'zz\\'4\\") == "zz4");
  CHECK(base::IsValidUtf8(RtfText("{\\rtf1\\ansicpg65001 \xC3\x28\\u-10179 x\\u56832 }")));
  const auto begin = base::MonotonicNow();
  RtfText("{\\rtf1 " + std::string(2'000'000, '{') + std::string(3'000'000, '}') + "x");
  CHECK(base::MonotonicNow() - begin < 5'000'000'000);
}

TEST_CASE("rtf: a document is read by its head, whatever it is called") {
  for (const std::string head :
       {"Content-Type: text/rtf\n", "Content-Type: application/msword; name=a.doc\n",
        "Content-Type: application/octet-stream\nContent-Disposition: attachment; "
        "filename=a.rtf\n"}) {
    const auto tree = ReadMessage(
        "From: a@b.example\n" + head + "\n{\\rtf1\\ansi card 4539\\b 5787\\b0 63621486\\par}\n",
        ReadLimits{}, base::Deadline());
    REQUIRE(tree.ok());
    bool seen = false;
    for (const TextUnit& unit : tree->texts)
      seen = seen || unit.text.find("card 4539578763621486") != std::string::npos;
    INFO(head);
    CHECK(seen);
  }
}

}  // namespace
}  // namespace lazaret::mail
