// Regular expressions of all rules, over RE2: sets say which patterns occur in a text, the patterns
// themselves say where. RE2 matches in linear time; \b \d \w \s know ASCII only.
#ifndef LAZARET_RULES_PATTERN_SET_H_
#define LAZARET_RULES_PATTERN_SET_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace re2 {
class RE2;
}

namespace lazaret::rules {

// Patterns in one set: larger sets of gap patterns make the automaton collapse.
inline constexpr std::size_t kPatternsPerSet = 64;
// Memory of all automata of a process together, divided over its sets.
inline constexpr std::int64_t kAutomataBytes = 256LL << 20;
// Instructions of one compiled pattern: stops (x{1000}){10} from filling memory at load.
inline constexpr int kMaxProgramSize = 20'000;
// Hits kept of one pattern in one text.
inline constexpr std::size_t kMaxHitsPerText = 65'536;

class Pattern {
 public:
  ~Pattern();
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Refuses what RE2 refuses, what can match empty text or any single character, a group that the
  // pattern does not have, and programs above kMaxProgramSize. The error is the reason alone.
  static base::Result<Pattern> Compile(const std::string& regex, int group);

  struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // All hits from left to right, as spans of the group; goes on behind the end of group 1 when
  // there is one, so that values that share one separator are all found. kTimeout when the deadline
  // passes.
  base::Result<std::vector<Span>> FindAll(std::string_view text, base::Deadline deadline) const;
  bool Occurs(std::string_view text) const;
  bool ignores_case() const { return ignores_case_; }
  const std::string& regex() const { return regex_; }

 private:
  Pattern();
  std::unique_ptr<re2::RE2> re_;
  std::string regex_;
  int group_ = 0;
  bool ignores_case_ = false;
};

// Where only so few patterns of a set may match, the set is not asked: most of them fall away with
// their rules, and the others cost less alone.
inline constexpr std::size_t kAskedAlone = 6;

// Patterns that are asked together: same units, same directions, all behind a prefilter or none.
struct PatternKey {
  std::uint8_t scopes = 0;      // bits of Scope
  std::uint8_t directions = 0;  // bits of Direction
  bool prefiltered = false;     // by the words of its rule
  bool filtered = false;        // by the literals it needs (PatternFilter)
};

struct PatternUse {
  const Pattern* pattern = nullptr;  // outlives the sets
  PatternKey key;
};

class PatternSets {
 public:
  PatternSets();
  ~PatternSets();
  PatternSets(PatternSets&&) noexcept;
  PatternSets& operator=(PatternSets&&) noexcept;

  // `automata_bytes` is the memory for all sets together. A set that does not fit in its part is
  // not an error: its patterns are then asked one by one.
  static PatternSets Build(const std::vector<PatternUse>& uses,
                           std::int64_t automata_bytes = kAutomataBytes);

  // Appends to `hits` the indices of the unfiltered uses that occur in `text`; only sets whose key
  // has one of the bits `where`, and prefiltered ones only when `wanted` says so for one of theirs.
  // Memory of an automaton running out never reads as "no match": each pattern is asked alone then.
  base::Status Match(std::string_view text, PatternKey where,
                     const std::function<bool(std::uint32_t)>& wanted,
                     std::vector<std::uint32_t>& hits, base::Deadline deadline) const;

  // Takes uses that do not occur in `text` out of `uses`, where asking a set is cheaper than asking
  // them alone. Every one that occurs stays. In no order.
  base::Status Narrow(std::string_view text, std::vector<std::uint32_t>& uses,
                      base::Deadline deadline) const;

  std::size_t size() const;
  // How often patterns of a set were asked one by one since Build; for tests and counters.
  std::uint64_t fallbacks() const;

 private:
  struct Group;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_PATTERN_SET_H_
