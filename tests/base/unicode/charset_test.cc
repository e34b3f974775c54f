#include "base/unicode/charset.h"

#include <string>

#include "base/text.h"
#include "tests/support/catch.h"

namespace lazaret::base {
namespace {

TEST_CASE("charset: every converter of the table opens") { CHECK(PreloadCharsets().ok()); }

TEST_CASE("charset: labels mean their supersets") {
  CHECK(CharsetConverterName("GB2312") == "gb18030");
  CHECK(CharsetConverterName(" \"ISO-8859-1\" ") == "windows-1252");
  CHECK(DecodeCharset("\x80", "iso-8859-1")->utf8 == "\u20AC");
  // U+3401 is in GB 18030 only, in four bytes.
  CHECK(DecodeCharset("\x81\x39\xEE\x39", "gb2312")->utf8 == "\u3400");
  CHECK(DecodeCharset("\xB0\xA1", "ks_c_5601-1987")->utf8 == "가");
  CHECK(DecodeCharset("\x82\xA0", "shift_jis")->utf8 == "あ");
  CHECK(DecodeCharset("\xA4\xA4", "big5")->utf8 == "中");
  CHECK(DecodeCharset("\xF0\xD2\xC9", "koi8-r")->utf8 == "При");
  CHECK(DecodeCharset("\x1B$B4A\x1B(B", "iso-2022-jp")->utf8 == "漢");
  CHECK(DecodeCharset("+ZeVnLIqe-", "utf-7")->utf8 == "日本語");
}

TEST_CASE("charset: an unknown label is no charset") {
  CHECK_FALSE(DecodeCharset("x", "x-nobody"));
  CHECK_FALSE(DecodeCharset("x", ""));
  CHECK_FALSE(DecodeCharset("x", "utf-8,option"));
  CHECK_FALSE(DecodeCharset("x", std::string(1000, 'a')));
}

TEST_CASE("charset: ill-formed bytes are told and replaced") {
  const auto decoded = DecodeCharset("a\xFF", "utf-8");
  REQUIRE(decoded);
  CHECK(decoded->ill_formed);
  CHECK(IsValidUtf8(decoded->utf8));
  const auto wide = DecodeCharset("\xB0", "gb18030");
  REQUIRE(wide);
  CHECK(wide->ill_formed);
}

TEST_CASE("charset: output may be longer than the input") {
  const auto decoded = DecodeCharset(std::string(10'000, '\x80'), "windows-1252");
  REQUIRE(decoded);
  CHECK(decoded->utf8.size() == 30'000);
}

TEST_CASE("charset: unlabelled text always becomes valid UTF-8") {
  CHECK(DecodeUnlabelled("naïve") == "naïve");
  CHECK(IsValidUtf8(DecodeUnlabelled("\xFF\xFE\x00\xE9")));
  CHECK(DecodeUnlabelled("").empty());
}

}  // namespace
}  // namespace lazaret::base
