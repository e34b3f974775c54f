// One YAML document -> one checked rule. docs/rules.md describes the language for administrators;
// the keys accepted here and those described there are held together by a test.
#ifndef LAZARET_RULES_SCHEMA_H_
#define LAZARET_RULES_SCHEMA_H_

#include <optional>
#include <string>

#include "base/result.h"
#include "rules/loader.h"
#include "rules/spec.h"
#include "rules/value.h"

namespace lazaret::rules {

// `text` of the summary's version and `site` are the caller's to fill.
// Every fault is named; none when there is one.
std::optional<RuleSpec> ReadRule(const Value& document, const Lists& lists, Faults& faults);

// The `match:` tree.
std::optional<NodeSpec> ReadNode(const Value& value, const Lists& lists, int depth, Faults& faults);

// A list of words, or `list:NAME`; normalised, none empty, at least one.
base::Result<std::vector<std::string>> ReadWords(const Value& value, const Lists& lists,
                                                 std::string_view field);

// `tests:`; `plain` is where a test that is a mere string goes.
std::vector<TestSpec> ReadTests(const Value& value, const TestUnit& plain, Faults& faults);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_SCHEMA_H_
