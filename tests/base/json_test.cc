#include "base/json.h"

#include "base/json_value.h"

#include "tests/support/catch.h"

using lazaret::base::JsonWriter;

TEST_CASE("json: nested values with commas in the right places", "[base][json]") {
  JsonWriter json;
  json.BeginObject();
  json.Field("v", 1);
  json.Key("list");
  json.BeginArray();
  json.String("a");
  json.Bool(true);
  json.BeginObject();
  json.EndObject();
  json.EndArray();
  json.Field("x", "y");
  json.EndObject();
  CHECK(json.text() == R"({"v":1,"list":["a",true,{}],"x":"y"})");
}

TEST_CASE("json: text from mail cannot break the line or the terminal", "[base][json]") {
  JsonWriter json;
  json.String("a\"\n\x1b\xFF\xE2\x80\xAE\x7f");
  CHECK(json.text() == "\"a\\\"\\n\\u001b\xEF\xBF\xBD\\u202e\\u007f\"");
}

TEST_CASE("json: a value is read back and nonsense is refused", "[base][json]") {
  const auto value = lazaret::base::ParseJson(R"({"a":[1,"x",true,null],"b":{"c":-2}})");
  REQUIRE(value.ok());
  CHECK((*value)["a"].items.size() == 4);
  CHECK((*value)["a"].items[1].text == "x");
  CHECK((*value)["b"]["c"].Int() == -2);
  CHECK((*value)["missing"]["too"].kind == lazaret::base::JsonValue::Kind::kNull);
  CHECK_FALSE(lazaret::base::ParseJson("{").ok());
  CHECK_FALSE(lazaret::base::ParseJson("").ok());
  CHECK_FALSE(lazaret::base::ParseJson("\"\xff\"").ok());
}

TEST_CASE("json: depth is taken at its limit and refused above it", "[base][json]") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(lazaret::base::ParseJson(nested(lazaret::base::kMaxJsonDepth)).ok());
  CHECK_FALSE(lazaret::base::ParseJson(nested(lazaret::base::kMaxJsonDepth + 1)).ok());
}
