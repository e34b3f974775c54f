// What was found in one message, before rules are judged: hits of leaves and of detectors.
#ifndef LAZARET_RULES_HITS_H_
#define LAZARET_RULES_HITS_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/unicode/normalize.h"
#include "rules/detectors/mask.h"
#include "rules/facts.h"
#include "rules/program.h"

namespace lazaret::rules {

// One place in one unit. Holds no value of the mail: hash and masked form only.
struct Hit {
  std::uint32_t unit = 0;
  std::size_t begin = 0;  // in the normalised text
  std::size_t end = 0;
  Level confidence = Level::kMedium;
  bool is_value = false;  // of a detector or regex; false for a keyword
  ValueHash hash{};       // equal for equal values
  std::string shown;      // masked
};

struct Hits {
  const MessageFacts* facts = nullptr;
  std::vector<base::NormalizedText> texts;  // one for each unit looked at; may be fewer than units
  std::unordered_map<std::uint32_t, std::vector<Hit>> of_leaf;  // keyword and regex leaves that hit
  std::vector<std::vector<Hit>> of_detector;
  std::vector<bool> passed;  // rule -> it has no prefilter, or one of its words was found
  bool truncated = false;

  const std::vector<Hit>& OfLeaf(std::uint32_t leaf) const {
    static const std::vector<Hit> kNoHits;
    auto found = of_leaf.find(leaf);
    return found == of_leaf.end() ? kNoHits : found->second;
  }

  MaskedSpan Original(const Hit& hit) const {
    const base::NormalizedText& text = texts[hit.unit];
    return {text.OriginalBegin(hit.begin), text.OriginalEnd(hit.end)};
  }
};

// Text of one message that is looked at, in bytes; stops mail made of text from eating the whole
// deadline.
inline constexpr std::size_t kTextBudget = 16U << 20;
// Detector values of one message that are kept.
inline constexpr std::size_t kMaxValues = 50'000;

struct CollectOptions {
  std::size_t text_budget = kTextBudget;
  std::uint32_t only_rule = kNoIndex;  // a rule's own tests: nothing else is asked, drafts included
};

// Does the rule look at this unit in this direction? A draft does in its own tests only.
bool LooksAt(const Program& program, const CollectOptions& options, const Hits& hits,
             std::uint32_t rule, std::uint32_t unit);

// Looks at all units. `facts` must outlive the hits.
base::Result<Hits> Collect(const Program& program, const MessageFacts& facts,
                           base::Deadline deadline, const CollectOptions& options);

// The rules over the hits: what matched. `only_rule` as above.
std::vector<RuleMatch> Judge(const Program& program, const Hits& hits, std::uint32_t only_rule);

// The detectors' own results and the spans to mask: those of detectors, and those of regex leaves
// with a validator or an entropy ("rule.ID").
void SumUpDetectors(const Program& program, const Hits& hits, Evaluation& evaluation);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_HITS_H_
