// One value of a rule file with its place, and the typed readings that rules need. Every reading
// that fails names place, field and reason. All scalars are text until a reading gives them a type.
#ifndef LAZARET_RULES_VALUE_H_
#define LAZARET_RULES_VALUE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "rules/faults.h"
#include "rules/spec.h"

namespace lazaret::rules {

enum class ValueKind : std::uint8_t { kScalar, kSequence, kMapping };

struct Entry;

struct Value {
  ValueKind kind = ValueKind::kScalar;
  Place place;
  std::string text;            // kScalar
  std::vector<Value> items;    // kSequence
  std::vector<Entry> entries;  // kMapping, keys unique

  const Value* Find(std::string_view key) const;
};

struct Entry {
  std::string key;
  Place place;  // of the key
  Value value;
};

// All documents of a file; empty documents are left out. Duplicate keys, anchors, aliases and tags
// are faults "origin:line:column: why".
// After a fault the file is read on behind the next `---`.
std::vector<Value> ParseYaml(std::string_view text, const std::string& origin, Faults& faults);

base::Error FieldError(const Place& place, std::string_view field, std::string_view why);
// Refuses keys that are not among `known`; `what` names the mapping. Not a mapping: an error too.
base::Status CheckKeys(const Value& value, std::string_view what,
                       std::initializer_list<std::string_view> known);
// The same, but names every unknown key.
void CheckKeys(const Value& value, std::string_view what,
               std::initializer_list<std::string_view> known, Faults& faults);

base::Result<std::string> ReadText(const Value& value, std::string_view field);
base::Result<std::vector<std::string>> ReadTextList(const Value& value, std::string_view field);
base::Result<std::uint32_t> ReadNumber(const Value& value, std::string_view field,
                                       std::uint32_t min, std::uint32_t max);
base::Result<double> ReadDecimal(const Value& value, std::string_view field, double min,
                                 double max);
base::Result<bool> ReadBool(const Value& value, std::string_view field);
// Index of the text in `names`; the error lists them.
base::Result<std::size_t> ReadChoice(const Value& value, std::string_view field,
                                     std::initializer_list<std::string_view> names);
base::Result<Level> ReadLevel(const Value& value, std::string_view field);
base::Result<RuleSeverity> ReadSeverity(const Value& value, std::string_view field);
base::Result<Direction> ReadDirection(const Value& value, std::string_view field);
// A name of an action that is built; the error says which are.
base::Result<std::string> ReadAction(const Value& value, std::string_view field);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_VALUE_H_
