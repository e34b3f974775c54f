// Which patterns may match a text, from the literals that it holds: RE2 derives from each pattern
// the literals that every match contains, so that most patterns are not asked about most texts.
// What RE2 would match is never left out. Immutable once made; any thread.
#ifndef LAZARET_RULES_PATTERN_FILTER_H_
#define LAZARET_RULES_PATTERN_FILTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::rules {

// Shorter literals are in most texts: looking for them costs more than it saves.
inline constexpr int kMinLiteralBytes = 3;

class PatternFilter {
 public:
  PatternFilter();
  ~PatternFilter();
  PatternFilter(PatternFilter&&) noexcept;
  PatternFilter& operator=(PatternFilter&&) noexcept;

  // Patterns that RE2 takes, numbered by their place.
  static PatternFilter Build(const std::vector<std::string_view>& regexes);

  struct Literal {
    std::uint32_t number = 0;
    std::string_view text;  // ASCII in lower case; letters of other scripts that have case: none
  };
  // What is to be looked for, ASCII case ignored. Texts are those of base::NormalizeForDetection,
  // where U+212A, which folds to k, does not occur.
  const std::vector<Literal>& literals() const;

  // False: the pattern has no literals and must be asked about every text.
  bool IsFiltered(std::uint32_t pattern) const;

  // Replaces `patterns` by the filtered ones, in order, that may match a text which holds the
  // literals of these numbers, each named once.
  void Candidates(const std::vector<std::uint32_t>& held,
                  std::vector<std::uint32_t>& patterns) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_PATTERN_FILTER_H_
