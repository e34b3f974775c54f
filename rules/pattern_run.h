// Asks the patterns of all rules about all texts of one message, and keeps what they find. A
// pattern is asked only where its literals occur, and only while its rule can still match.
#ifndef LAZARET_RULES_PATTERN_RUN_H_
#define LAZARET_RULES_PATTERN_RUN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/hits.h"

namespace lazaret::rules {

// Questions that wait until all texts were looked over. Stops a message of a million small texts
// from filling memory: further ones are asked at once.
inline constexpr std::size_t kMaxDeferred = 1U << 20;

class PatternRun {
 public:
  // All must outlive the run. `hits` holds texts, words and detectors' values.
  PatternRun(const Program& program, const CollectOptions& options, base::Deadline deadline,
             Hits& hits);
  // `literals` of each text: which of the filter's occur.
  base::Status Run(const std::vector<std::vector<std::uint32_t>>& literals);

 private:
  // First the use, then the unit.
  using Question = std::pair<std::uint32_t, std::uint32_t>;
  using Questions = std::vector<Question>;
  enum class Answer : std::uint8_t { kNone, kMayCome, kAsked };

  base::Status RunOnlyRule();
  base::Status AskUnfiltered(std::uint32_t unit);
  base::Status Defer(std::uint32_t unit, const std::vector<std::uint32_t>& literals);
  void DropHopeless();
  base::Status Narrow();
  base::Status AskDeferred();
  base::Status AskRule(std::vector<Questions>& leaves);
  void SortForAsking(std::vector<Questions>& leaves);
  bool MayMatch(const NodeSpec& node) const;
  bool RuleMayMatch(std::uint32_t rule) const { return MayMatch(program_.rules[rule].match); }
  bool IsNeeded(std::uint32_t leaf);
  bool IsHopeless(std::uint32_t leaf) const;
  std::uint32_t LeafOf(const Question& question) const {
    return program_.leaf_of_use[question.first];
  }
  base::Status RunPattern(std::uint32_t unit, std::uint32_t leaf);
  void KeepSpan(std::uint32_t unit, std::uint32_t leaf, const Pattern::Span& span);
  ValueHash HashOf(std::uint32_t rule, const std::string& value);

  const Program& program_;
  const CollectOptions& options_;
  base::Deadline deadline_;
  Hits& hits_;
  Date today_;
  Questions deferred_;
  std::vector<Answer> answers_;  // leaf -> what its pattern says of the message
  std::unordered_map<std::uint32_t, std::unordered_map<std::string, ValueHash>> hashes_of_rule_;
};

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_PATTERN_RUN_H_
