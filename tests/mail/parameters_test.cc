#include "mail/mime/parameters.h"

#include <string>

#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

ParameterReadings Filename(std::string_view value) {
  return ReadParameter(ParseStructured(value), "filename", true);
}

TEST_CASE("parameters: tokens, quotes, quoted pairs and comments") {
  const StructuredValue value =
      ParseStructured("Text/Plain (a (nested) comment); charset = \"utf-8\"; format=flowed (x)");
  CHECK(value.main == "text/plain");
  REQUIRE(value.parameters.size() == 2);
  CHECK(value.parameters[0].value == "utf-8");
  CHECK(value.parameters[1].value == "flowed");
  CHECK(ParseStructured("a; filename=\"x\\\"y\"").parameters.at(0).value == "x\"y");
}

TEST_CASE("parameters: a broken parameter does not hide the next") {
  CHECK(ParseStructured("text/plain charset=utf-8; name=x").parameters.size() == 2);
  CHECK(ParseStructured("a; name=\"x\" filename=\"y\"").parameters.size() == 2);
  CHECK(ParseStructured("a;; =x; novalue; name=y").parameters.size() == 1);
  CHECK(ParseStructured("a; name=\"never closed").parameters.at(0).odd);
  CHECK(ParseStructured("a (never closed").unclosed_comment);
}

TEST_CASE("parameters: RFC 2231 continuations with charset and percent escapes") {
  const auto readings =
      Filename("attachment; filename*0*=utf-8'en'%E4%B8; filename*1*=%AD; filename*2=\".txt\"");
  REQUIRE(readings.readings.size() == 1);
  CHECK(readings.readings[0].text == "中.txt");
  CHECK_FALSE(readings.broken);
}

TEST_CASE("parameters: order of RFC 2231 pieces does not matter, gaps are told") {
  CHECK(Filename("a; filename*1=b; filename*0=a").readings.at(0).text == "ab");
  CHECK(Filename("a; filename*0=a; filename*2=c").broken);
  CHECK(Filename("a; filename*0=a; filename*0=c").duplicate);
  CHECK(Filename("a; filename*=utf-8''%zz").broken);
}

TEST_CASE("parameters: encoded words inside a plain name are decoded") {
  CHECK(Filename("a; filename=\"=?utf-8?Q?na=C3=AFve=2Etxt?=\"").readings.at(0).text ==
        "naïve.txt");
}

TEST_CASE("parameters: two values of one name are told apart from a repetition") {
  CHECK(Filename("a; filename=x; filename=y").duplicate);
  const auto same = Filename("a; filename=x; filename=x");
  CHECK_FALSE(same.duplicate);
  CHECK(same.repeated);
}

TEST_CASE("parameters: their number is capped") {
  std::string text = "a";
  for (int i = 0; i < 1000; ++i) text += "; p=x";
  CHECK(ParseStructured(text).parameters.size() == kMaxParameters);
}

}  // namespace
}  // namespace lazaret::mail
