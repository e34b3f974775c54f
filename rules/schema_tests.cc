#include "base/text.h"
#include "rules/rule_tests.h"
#include "rules/schema.h"

namespace lazaret::rules {
namespace {

base::Status ReadHeaders(const Value& value, TestSpec& test) {
  if (value.kind != ValueKind::kMapping)
    return FieldError(value.place, "tests.headers", "must be a mapping of names and texts");
  for (const Entry& entry : value.entries) {
    LAZARET_ASSIGN(std::string text, ReadText(entry.value, "tests.headers"));
    test.units.push_back({Scope::kHeader, base::AsciiLower(entry.key), std::move(text)});
  }
  return base::Ok();
}

base::Status ReadPart(const Entry& entry, TestSpec& test) {
  if (entry.key == "direction") {
    LAZARET_ASSIGN(const Direction direction, ReadDirection(entry.value, "tests.direction"));
    test.direction = direction;
    return base::Ok();
  }
  if (entry.key == "headers") return ReadHeaders(entry.value, test);
  LAZARET_ASSIGN(std::string text, ReadText(entry.value, "tests." + entry.key));
  if (entry.key == "html") {
    std::vector<std::string> links;
    test.units.push_back({Scope::kBody, {}, PlainTextOfHtml(text, links)});
    for (std::string& link : links) test.units.push_back({Scope::kUrl, {}, std::move(link)});
    return base::Ok();
  }
  Scope scope = Scope::kBody;
  for (Scope candidate :
       {Scope::kSubject, Scope::kAttachment, Scope::kFilename, Scope::kUrl, Scope::kRaw}) {
    if (entry.key == Name(candidate)) scope = candidate;
  }
  test.units.push_back({scope, {}, std::move(text)});
  return base::Ok();
}

base::Result<TestSpec> ReadTest(const Value& value, const TestUnit& plain) {
  TestSpec test;
  test.place = value.place;
  if (value.kind == ValueKind::kScalar) {
    test.units.push_back(plain);
    test.units.back().text = value.text;
  } else {
    LAZARET_TRY(CheckKeys(value, "a test",
                          {"subject", "body", "html", "attachment", "filename", "url", "raw",
                           "headers", "direction"}));
    for (const Entry& entry : value.entries) LAZARET_TRY(ReadPart(entry, test));
  }
  // Facts are valid UTF-8 by contract, whatever the file holds.
  for (TestUnit& unit : test.units) unit.text = base::ToValidUtf8(unit.text);
  return test;
}

}  // namespace

std::vector<TestSpec> ReadTests(const Value& value, const TestUnit& plain, Faults& faults) {
  CheckKeys(value, "tests", {"should_match", "should_not_match"}, faults);
  std::vector<TestSpec> out;
  for (const Entry& entry : value.entries) {
    if (entry.value.kind != ValueKind::kSequence) {
      faults.Add(FieldError(entry.value.place, entry.key, "must be a list"));
      continue;
    }
    std::size_t number = 0;
    for (const Value& item : entry.value.items) {
      std::optional<TestSpec> test = faults.Take(ReadTest(item, plain));
      if (!test) continue;
      test->should_match = entry.key == "should_match";
      test->number = ++number;
      out.push_back(std::move(*test));
    }
  }
  return out;
}

}  // namespace lazaret::rules
