#include "base/text.h"

#include "tests/support/catch.h"

using namespace lazaret::base;

TEST_CASE("text: UTF-8 is checked as RFC 3629 says", "[base][text]") {
  CHECK(IsValidUtf8("plain"));
  CHECK(IsValidUtf8("\xE4\xB8\xAD\xE6\x96\x87"));
  CHECK_FALSE(IsValidUtf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(IsValidUtf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(IsValidUtf8("\xE4\xB8"));          // cut
}

TEST_CASE("text: ill-formed bytes become replacement characters and the rest stays", "[base][text]") {
  CHECK(ToValidUtf8("a\xFF" "b") == "a\xEF\xBF\xBD" "b");
  CHECK(ToValidUtf8("\xE4\xB8" "x") == "\xEF\xBF\xBDx");
}

TEST_CASE("text: a line shown to a person holds no control, bidi or ill-formed bytes", "[base][text]") {
  CHECK(EscapeLine("a\r\nb\x1b[31m") == "a\\r\\nb\\x1b[31m");
  CHECK(EscapeLine("x\xE2\x80\xAEgpj.exe") == "x\\u{202e}gpj.exe");
  CHECK(EscapeLine("\x80") == "\\x80");
  CHECK(EscapeLine("back\\slash") == "back\\\\slash");
  CHECK(EscapeLine("\xC2\x9B" "0m") == "\\u{009b}0m");
}

TEST_CASE("text: a line is cut at a character boundary at its limit", "[base][text]") {
  CHECK(EscapeLine("abcd", 4) == "abcd");
  CHECK(EscapeLine("abcde", 4) == "abcd...");
  CHECK(EscapeLine("abc\xE4\xB8\xAD", 4) == "abc...");
}
