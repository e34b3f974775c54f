#include "base/json.h"

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
