// Rule files -> checked rules. Strict YAML: unknown and duplicate keys, wrong types, unknown
// detectors, scopes and actions are faults "origin:line:column: why"; all are named. One document
// is one rule;
// `---` divides them.
#ifndef LAZARET_RULES_LOADER_H_
#define LAZARET_RULES_LOADER_H_

#include <map>
#include <string>
#include <vector>

#include "rules/faults.h"
#include "rules/spec.h"

namespace lazaret::rules {

// Rules of all documents together: stops a folder of generated files from taking minutes to
// compile.
inline constexpr std::size_t kMaxRules = 50'000;
// Words of one `keywords:` or list file.
inline constexpr std::size_t kMaxWords = 100'000;
// Bytes of one regex, as written.
inline constexpr std::size_t kMaxRegexBytes = 8'192;
// Depth of a rule's tree.
inline constexpr int kMaxTreeDepth = 8;

struct Lists {
  std::map<std::string, std::vector<std::string>> words;
  std::string folder;  // for errors
};

// One entry a line, `#` begins a comment line. Names are unique.
Lists ReadLists(const std::vector<ListDocument>& lists, Faults& faults);

// The rules of one file, in order; ids are unique within it.
// Those with faults are left out.
std::vector<RuleSpec> ReadRules(const Document& document, const Lists& lists, Faults& faults);

// All rules: a site rule takes the place of the shipped one with its id; the same id twice on one
// level is a fault. With faults the result is what is left without them.
std::vector<RuleSpec> LoadRules(const Bundle& bundle, Faults& faults);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_LOADER_H_
