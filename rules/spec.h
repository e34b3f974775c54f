// A rule as written, checked but not compiled: what schema.cc makes of YAML and program.cc
// compiles.
#ifndef LAZARET_RULES_SPEC_H_
#define LAZARET_RULES_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/detectors/detector.h"
#include "rules/detectors/evidence.h"
#include "rules/detectors/validators.h"
#include "rules/facts.h"
#include "rules/rule_set.h"

namespace lazaret::rules {

// Where something stands, for errors: "origin:line:column".
struct Place {
  std::string origin;
  std::size_t line = 0;  // 1-based
  std::size_t column = 0;
};
base::Error ErrorAt(const Place& place, std::string_view why);

// Which units a rule looks at.
struct ScopeSelector {
  std::uint8_t mask = 0;                  // bit = Scope
  bool any_header = false;                // `header`
  std::vector<std::string> header_names;  // `header:NAME`, lower case

  bool Includes(const TextUnit& unit) const;
};
constexpr std::uint8_t ScopeBit(Scope scope) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(scope));
}

// Which units detectors look at: subject, bodies, attachments, names, and headers in which people
// write. Other headers, links and raw bytes are full of numbers that no person wrote.
bool DetectorsLookAt(const TextUnit& unit);
// The same of what a rule may select.
bool DetectorsLookAt(const ScopeSelector& scope);

inline constexpr std::uint8_t kAllDirections = 7;
constexpr std::uint8_t DirectionBit(Direction direction) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(direction));
}

enum class NodeKind : std::uint8_t {
  kDetector,
  kRegex,
  kKeywords,
  kAll,
  kAny,
  kNone,
  kAtLeast,
  kProximity
};

struct NodeSpec {
  NodeKind kind = NodeKind::kAll;
  Place place;
  std::vector<NodeSpec> children;
  std::uint32_t at_least = 0;  // kAtLeast
  std::uint32_t window = 0;    // kProximity: characters, CJK double
  bool ordered = false;        // kProximity

  std::string detector;  // kDetector
  Level min_confidence = Level::kLow;
  std::uint32_t min_distinct = 1;

  std::string regex;  // kRegex
  int group = 0;
  std::string validator;
  Level base_confidence = Level::kMedium;
  bool has_near = false;
  EvidenceWords near;
  double entropy = 0;  // bits a character of the group; 0 = not asked

  std::vector<std::string> words;  // kKeywords, normalised
  std::string
      list;  // kKeywords: name of the list file the words came from; empty = written in the rule
  std::uint32_t min_count = 1;

  std::uint32_t leaf = 0;  // index in Program::leaves, set when compiled; leaves only
};

struct ThresholdSpec {
  std::uint32_t distinct = 1;
  Level min_confidence = Level::kLow;
  std::string action;
  std::optional<RuleSeverity> severity;
};

struct TestUnit {
  Scope scope = Scope::kBody;
  std::string header_name;
  std::string text;
};

struct TestSpec {
  bool should_match = true;
  std::size_t number = 1;  // within its list
  Place place;
  std::vector<TestUnit> units;
  std::optional<Direction> direction;
};

struct RuleSpec {
  RuleSummary summary;
  Place place;
  std::string description;
  std::uint8_t directions = kAllDirections;
  ScopeSelector scope;
  std::vector<std::string> keywords;  // prefilter; empty = none
  NodeSpec match;
  std::string action;
  std::vector<ThresholdSpec> thresholds;
  std::vector<TestSpec> tests;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_SPEC_H_
