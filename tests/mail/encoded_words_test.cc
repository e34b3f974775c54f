#include "mail/mime/encoded_words.h"

#include <string>

#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

TEST_CASE("words: B and Q, with text around them") {
  CHECK(DecodeWords("=?utf-8?B?w6k=?= and =?iso-8859-1?Q?=E9_x?=").text == "é and é x");
  CHECK(DecodeWords("no words").text == "no words");
}

TEST_CASE("words: adjacent ones join before conversion, blanks between vanish") {
  CHECK(DecodeWords("=?utf-8?B?ww==?= =?UTF-8?Q?=A9?=").text == "é");
  CHECK(DecodeWords("=?utf-8?Q?41?=  =?utf-8?Q?11?=").text == "4111");
  CHECK(DecodeWords("=?utf-8?Q?41?= x =?utf-8?Q?11?=").text == "41 x 11");
}

TEST_CASE("words: an unknown charset keeps its bytes and is told") {
  const DecodedWords decoded = DecodeWords("=?x-nobody?Q?abc?=");
  CHECK(decoded.text == "abc");
  CHECK(decoded.unknown_charset);
}

TEST_CASE("words: what is no word stays as it is") {
  for (const char* text : {"=?", "=?utf-8?", "=?utf-8?X?abc?=", "=?utf-8?Q?never", "a =? b ?= c"}) {
    CHECK(DecodeWords(text).text == text);
  }
}

TEST_CASE("words: raw UTF-8 stays, raw 8-bit becomes valid UTF-8") {
  CHECK(DecodeWords("naïve").text == "naïve");
  CHECK_FALSE(DecodeWords("na\xEFve").text.empty());
}

}  // namespace
}  // namespace lazaret::mail
