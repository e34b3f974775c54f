#include "mail/text/plain_text.h"

#include <string_view>

#include "mail/text/charset_choice.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

TEST_CASE("plain: flowed lines join, fixed ones stay, the signature line stays") {
  CHECK(JoinFlowed("a \nb\nc\n", false) == "a b\nc\n");
  CHECK(JoinFlowed("a \r\nb\r\n", true) == "ab\n");
  CHECK(JoinFlowed("> a \n> b\n", false) == "> a b\n");
  CHECK(JoinFlowed("> a \nb\n", false) == "> a \nb\n");
  CHECK(JoinFlowed("-- \nAnna\n", false) == "-- \nAnna\n");
}

TEST_CASE("plain: folded calendar lines join") {
  CHECK(JoinFolded("SUMMARY:ab\r\n cd\r\nEND") == "SUMMARY:abcd\r\nEND");
}

TEST_CASE("plain: addresses in running text") {
  const auto urls =
      FindUrls("see HTTP://a.example/x, and (www.b.example). http:// www.b.example").urls;
  REQUIRE(urls.size() == 2);
  CHECK(urls[0] == "HTTP://a.example/x");
  CHECK(urls[1] == "www.b.example");
}

TEST_CASE("plain: addresses beyond the cap are told, the same one again costs nothing") {
  std::string text;
  for (std::size_t i = 0; i < kMaxUrls; ++i)
    text += "http://a.example/" + std::to_string(i) + "\nhttp://a.example/0\n";
  CHECK(FindUrls(text).urls.size() == kMaxUrls);
  CHECK_FALSE(FindUrls(text).cut);
  CHECK(FindUrls(text.substr(text.find("\nhttp://a.example/1\n"))).urls.size() == kMaxUrls);
  text += "http://b.example/";
  CHECK(FindUrls(text).urls.size() == kMaxUrls);
  CHECK(FindUrls(text).cut);
}

TEST_CASE("charset: the label counts unless the bytes contradict it") {
  CHECK(ReadText("\xF0\xD2\xC9", "koi8-r").readings.at(0).utf8 == "При");
  CHECK(ReadText("\xC3\xA9", "us-ascii").readings.at(0).utf8 == "é");
  CHECK(ReadText("\xC3\xA9", "iso-8859-1").readings.size() == 2);
  // "a" in UTF-16LE behind its byte order mark.
  const std::string_view marked("\xFF\xFE\x61\x00", 4);
  CHECK(ReadText(marked, "utf-8").readings.at(0).utf8 == "a");
  CHECK(ReadText("plain", "").readings.at(0).guessed == false);
}

TEST_CASE("charset: an unknown label is told and the text is still read") {
  const TextReadings readings = ReadText("words", "x-nobody");
  CHECK(readings.unknown_label);
  CHECK(readings.readings.at(0).utf8 == "words");
}

TEST_CASE("charset: unlabelled bytes give guesses that are marked") {
  const TextReadings readings =
      ReadText("\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0! \xCA\xE0\xEA \xE4\xE5\xEB\xE0?", "");
  REQUIRE_FALSE(readings.readings.empty());
  CHECK(readings.readings.at(0).guessed);
}

TEST_CASE("charset: html names its own") {
  CHECK(HtmlMetaCharset("<meta charset=\"GB18030\">") == "gb18030");
  CHECK(HtmlMetaCharset("<META http-equiv=x content='text/html; charset=koi8-r'>") == "koi8-r");
  CHECK(HtmlMetaCharset("<p>charset=x").empty());
}

}  // namespace
}  // namespace lazaret::mail
