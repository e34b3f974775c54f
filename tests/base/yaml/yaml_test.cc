#include "base/yaml/yaml.h"

#include "tests/support/catch.h"

using namespace lazaret;
namespace yaml = lazaret::base::yaml;

namespace {

std::string ErrorOf(const std::string& text) {
  const auto document = yaml::ParseDocument(text, "f.yaml");
  return document.ok() ? "no error" : document.error().text;
}

}  // namespace

TEST_CASE("yaml: scalars stay text, with their place", "[base][yaml]") {
  const auto document = yaml::ParseDocument("a: no\nb:\n  - 010\n  - 'x'\n", "f.yaml");
  REQUIRE(document.ok());
  const yaml::Node* a = document->Find("a");
  REQUIRE(a != nullptr);
  CHECK(a->text == "no");
  CHECK(a->line == 1);
  CHECK(a->column == 4);
  const yaml::Node* b = document->Find("b");
  REQUIRE(b != nullptr);
  REQUIRE(b->items.size() == 2);
  CHECK(b->items[0].text == "010");
  CHECK(b->items[1].quoted);
}

TEST_CASE("yaml: several documents in one stream", "[base][yaml]") {
  const auto documents = yaml::ParseStream("a: 1\n---\nb: 2\n", "f.yaml");
  REQUIRE(documents.ok());
  CHECK(documents->size() == 2);
  CHECK(yaml::ParseStream("", "f.yaml")->empty());
  CHECK(ErrorOf("a: 1\n---\nb: 2\n") == "f.yaml:3:1: one document is expected");
}

TEST_CASE("yaml: a byte order mark may stand at the very start only", "[base][yaml]") {
  const auto document = yaml::ParseDocument(
      "\xEF\xBB\xBF"
      "a: 1\n",
      "f.yaml");
  REQUIRE(document.ok());
  REQUIRE(document->Find("a") != nullptr);
  CHECK(document->fields.front().key.column == 1);
  CHECK(yaml::ParseStream("\xEF\xBB\xBF", "f.yaml")->empty());
  CHECK(ErrorOf("\xFF\xFE"
                "a")
            .find("not valid UTF-8") != std::string::npos);
  CHECK(ErrorOf("\xFF\xFE"
                "a")
            .find("UTF-16") != std::string::npos);
}

TEST_CASE("yaml: what is not UTF-8 is refused where it stands", "[base][yaml]") {
  CHECK(ErrorOf("a: 1\nb: x\xE9\n").rfind("f.yaml:2:5: not valid UTF-8", 0) == 0);
}

TEST_CASE("yaml: what makes two readings possible is refused with its place", "[base][yaml]") {
  CHECK(ErrorOf("a: 1\na: 2\n") == "f.yaml:2:1: duplicate key \"a\"");
  CHECK(ErrorOf("a: &x 1\n") == "f.yaml:1:4: anchors are not allowed");
  CHECK(ErrorOf("a: *x\n") == "f.yaml:1:4: aliases are not allowed");
  CHECK(ErrorOf("a: !!int 1\n") == "f.yaml:1:4: tags are not allowed");
  CHECK(ErrorOf("<<: {a: 1}\n") == "f.yaml:1:1: merge keys are not allowed");
  CHECK(ErrorOf("? [a]\n: 1\n") == "f.yaml:1:3: a key must be a word");
  CHECK(ErrorOf("a: [1\n").find("f.yaml:2:1: ") == 0);
  CHECK(ErrorOf("a: \xff\n") == "f.yaml:1:4: not valid UTF-8");
}

TEST_CASE("yaml: nesting is refused above its limit and taken at it", "[base][yaml]") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(yaml::ParseStream(nested(yaml::kMaxDepth), "f").ok());
  CHECK_FALSE(yaml::ParseStream(nested(yaml::kMaxDepth + 1), "f").ok());
}

TEST_CASE("yaml: size is refused above its limit and taken at it", "[base][yaml]") {
  std::string text = "a: " + std::string(yaml::kMaxBytes - 3, 'x');
  CHECK(yaml::ParseStream(text, "f").ok());
  text += "x";
  CHECK_FALSE(yaml::ParseStream(text, "f").ok());
}

TEST_CASE("yaml: the number of values is refused above its limit and taken at it", "[base][yaml]") {
  const auto list = [](std::size_t nodes) {
    std::string text = "[";
    for (std::size_t i = 1; i < nodes; ++i) text += "a,";
    return text + "]";
  };
  CHECK(yaml::ParseStream(list(yaml::kMaxNodes), "f").ok());
  const auto above = yaml::ParseStream(list(yaml::kMaxNodes + 1), "f");
  REQUIRE_FALSE(above.ok());
  CHECK(above.error().text.find("more than 500000 values") != std::string::npos);
}

TEST_CASE("yaml: a list may be one text, and holds nothing but texts", "[base][yaml]") {
  const auto document = yaml::ParseDocument("a: x\nb: [y, [z]]\nc:\nd: ''\n", "f.yaml");
  REQUIRE(document.ok());
  const auto strings = [&](const char* key) {
    return yaml::AsStrings(*document->Find(key), "f.yaml");
  };
  CHECK(*strings("a") == std::vector<std::string>{"x"});
  CHECK(strings("b").error().text == "f.yaml:2:8: a text is expected");
  CHECK_FALSE(strings("c").ok());
  CHECK(*strings("d") == std::vector<std::string>{""});
  CHECK(document->Find("c")->IsNull());
  CHECK_FALSE(document->Find("d")->IsNull());
}

TEST_CASE("yaml: numbers are taken at their bounds and refused beyond them", "[base][yaml]") {
  const auto document = yaml::ParseDocument(
      "a: 9\nb: 10\nc: -1\nd: 0.5\ne: nan\nf: '7'\ng: 99999999999999999999\n", "f.yaml");
  REQUIRE(document.ok());
  const auto number = [&](const char* key) {
    return yaml::AsUint(*document->Find(key), "f.yaml", 1, 9);
  };
  CHECK(*number("a") == 9);
  CHECK_FALSE(number("b").ok());
  CHECK_FALSE(number("c").ok());
  CHECK_FALSE(number("d").ok());
  CHECK(*number("f") == 7);
  CHECK_FALSE(number("g").ok());
  CHECK(*yaml::AsDouble(*document->Find("d"), "f.yaml", 0.5, 1) == 0.5);
  CHECK_FALSE(yaml::AsDouble(*document->Find("d"), "f.yaml", 0.6, 1).ok());
  CHECK_FALSE(yaml::AsDouble(*document->Find("e"), "f.yaml", 0, 1).ok());
}

TEST_CASE("yaml: a schema reads its keys and refuses the others", "[base][yaml]") {
  const auto document =
      yaml::ParseDocument("name: x\non: yes\nn: 7\nlist: [a, b]\nkind: two\n", "f.yaml");
  REQUIRE(document.ok());
  yaml::MappingReader reader(*document, "f.yaml", "thing");
  CHECK(reader.RequiredString("name") == "x");
  CHECK(reader.Bool("on", false));
  CHECK(reader.Uint("n", 0, 1, 9) == 7);
  CHECK(reader.Strings("list") == std::vector<std::string>{"a", "b"});
  CHECK(reader.OneOf("kind", {"one", "two"}, 0) == 1);
  CHECK(reader.Finish().ok());
  yaml::MappingReader other(*document, "f.yaml", "thing");
  static_cast<void>(other.String("name"));
  const auto status = other.Finish();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().text == "f.yaml:2:1: thing: unknown key \"on\"; known are name");
}

TEST_CASE("yaml: wrong types and missing keys say what was expected", "[base][yaml]") {
  const auto document = yaml::ParseDocument("n: 12x\nb: maybe\n", "f.yaml");
  REQUIRE(document.ok());
  yaml::MappingReader reader(*document, "f.yaml", "thing");
  CHECK(reader.Uint("n", 3, 1, 9) == 3);
  CHECK(reader.Finish().error().text == "f.yaml:1:4: a whole number from 1 to 9 is expected");
  yaml::MappingReader second(*document, "f.yaml", "thing");
  static_cast<void>(second.Bool("b", false));
  CHECK(second.Finish().error().text == "f.yaml:2:4: true or false is expected");
  yaml::MappingReader third(*document, "f.yaml", "thing");
  static_cast<void>(third.RequiredString("id"));
  CHECK(third.Finish().error().text == "f.yaml:1:1: thing: \"id\" is missing");
}
