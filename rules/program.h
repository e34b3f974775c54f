// All rules compiled together: one keyword automaton, sets of patterns, and the tree of each rule
// over numbered leaves. Immutable once made; shared by workers through fork.
#ifndef LAZARET_RULES_PROGRAM_H_
#define LAZARET_RULES_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rules/faults.h"
#include "rules/keyword_set.h"
#include "rules/pattern_filter.h"
#include "rules/pattern_set.h"
#include "rules/spec.h"

namespace lazaret::rules {

inline constexpr std::uint32_t kNoIndex = UINT32_MAX;

// A leaf of a rule's tree.
struct Leaf {
  std::uint32_t rule = 0;
  const NodeSpec* node = nullptr;
  std::uint32_t detector = kNoIndex;  // index in Detectors()
  std::uint32_t pattern = kNoIndex;   // index in Program::patterns
  Validator validator = nullptr;
};

// What one word is for: the prefilter of a rule (leaf = kNoIndex) or a keyword leaf.
struct WordUse {
  std::uint32_t rule = 0;
  std::uint32_t leaf = kNoIndex;
};

struct Program {
  std::vector<RuleSpec> rules;
  std::vector<RuleSummary> summaries;  // same order as rules
  std::vector<Leaf> leaves;
  std::vector<std::vector<std::uint32_t>> leaves_of_rule;
  std::vector<bool> no_prefilter;  // rule -> it has no `keywords`
  std::vector<Pattern> patterns;
  std::vector<std::uint32_t> leaf_of_use;  // use in `sets` -> leaf
  PatternSets sets;                        // patterns of rules that are not drafts
  PatternFilter filter;                    // numbers patterns as `sets` numbers uses
  KeywordSet words;                        // and the filter's literals
  std::vector<std::vector<WordUse>> uses_of_word;
  std::string key;  // of the keyed hashes
};

// Faults name the places of the regexes that do not compile; not to be used then.
std::shared_ptr<const Program> CompileProgram(std::vector<RuleSpec> rules, std::string key,
                                              Faults& faults);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_PROGRAM_H_
