// One YAML document -> one checked rule. docs/rules.md describes the language for administrators;
// the keys accepted here and those described there are held together by a test.
#ifndef LAZARET_RULES_SCHEMA_H_
#define LAZARET_RULES_SCHEMA_H_

#include <string>

#include "base/result.h"
#include "rules/loader.h"
#include "rules/spec.h"
#include "rules/value.h"

namespace lazaret::rules {

// `text` of the summary's version and `site` are the caller's to fill.
base::Result<RuleSpec> ReadRule(const Value& document, const Lists& lists);

// The `match:` tree. `rule_id` is for errors.
base::Result<NodeSpec> ReadNode(const Value& value, const Lists& lists, int depth);

// A list of words, or `list:NAME`; normalised, none empty, at least one.
base::Result<std::vector<std::string>> ReadWords(const Value& value, const Lists& lists,
                                                 std::string_view field);

// `tests:`; `plain` is where a test that is a mere string goes.
base::Result<std::vector<TestSpec>> ReadTests(const Value& value, const TestUnit& plain);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_SCHEMA_H_
