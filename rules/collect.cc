#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/format.h"
#include "rules/hits.h"
#include "rules/pattern_run.h"

namespace lazaret::rules {
namespace {

// What one unit costs beside its text, against a message of many empty units.
constexpr std::size_t kUnitCost = 16;

// As much of a subject as is searched for words that support a number elsewhere.
constexpr std::size_t kSubjectBytes = 512;

base::Error Late() { return {base::ErrorCode::kTimeout, "rules: the deadline passed"}; }

std::string_view CutAtCharacter(std::string_view text, std::size_t size) {
  if (size >= text.size()) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

class Collector {
 public:
  Collector(const Program& program, const MessageFacts& facts, base::Deadline deadline,
            const CollectOptions& options)
      : program_(program), deadline_(deadline), options_(options) {
    hits_.passed = program.no_prefilter;
    hits_.facts = &facts;
    hits_.of_detector.resize(Detectors().size());
  }

  base::Result<Hits> Run() {
    LAZARET_TRY(Normalize());
    for (std::uint32_t unit = 0; unit < hits_.texts.size(); ++unit) {
      if (deadline_.Expired()) return Late();
      FindWords(unit);
    }
    for (std::uint32_t unit = 0; unit < hits_.texts.size(); ++unit) LAZARET_TRY(RunDetectors(unit));
    LAZARET_TRY(PatternRun(program_, options_, deadline_, hits_).Run(literals_of_unit_));
    return std::move(hits_);
  }

 private:
  const TextUnit& UnitAt(std::uint32_t unit) const { return hits_.facts->units[unit]; }

  base::Status Normalize() {
    std::size_t left = options_.text_budget;
    for (const TextUnit& unit : hits_.facts->units) {
      if (deadline_.Expired()) return Late();
      if (unit.truncated) hits_.truncated = true;
      if (left <= kUnitCost) {
        hits_.truncated = true;
        break;
      }
      left -= kUnitCost;
      const std::string_view text = CutAtCharacter(unit.text, left);
      if (text.size() < unit.text.size()) hits_.truncated = true;
      left -= text.size();
      hits_.texts.push_back(base::NormalizeForDetection(text));
    }
    for (std::uint32_t i = 0; i < hits_.texts.size() && subject_.empty(); ++i) {
      if (UnitAt(i).scope == Scope::kSubject) {
        subject_ = hits_.texts[i].view().substr(0, kSubjectBytes);
      }
    }
    return base::Ok();
  }

  // The cap is one a word: some occurrence of it was left out.
  void NoteWordCap(const std::vector<KeywordHit>& found) {
    if (found.size() < kMaxHitsPerText) return;
    std::map<std::uint32_t, std::size_t> counts;
    for (const KeywordHit& hit : found) {
      if (++counts[hit.word] >= kMaxHitsPerText) hits_.truncated = true;
    }
  }

  void FindWords(std::uint32_t unit) {
    program_.words.Find(hits_.texts[unit].view(), kMaxHitsPerText, finds_);
    NoteWordCap(finds_.hits);
    literals_of_unit_.push_back(finds_.literals);
    for (const KeywordHit& hit : finds_.hits) {
      for (const WordUse& use : program_.uses_of_word[hit.word]) {
        if (!LooksAt(program_, options_, hits_, use.rule, unit)) continue;
        if (use.leaf == kNoIndex) {
          hits_.passed[use.rule] = true;
        } else {
          KeepWord(unit, hit, use.leaf);
        }
      }
    }
  }

  void KeepWord(std::uint32_t unit, const KeywordHit& found, std::uint32_t leaf) {
    Hit hit;
    hit.unit = unit;
    hit.begin = found.begin;
    hit.end = found.end;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&found.word), sizeof found.word,
                hit.hash.begin());
    // Words of a rule may be shown; a list file may hold names of customers.
    const std::string& list = program_.leaves[leaf].node->list;
    hit.shown = list.empty() ? program_.words.word(found.word) : Redacted(list);
    hits_.of_leaf[leaf].push_back(std::move(hit));
  }

  base::Status RunDetectors(std::uint32_t unit) {
    if (!DetectorsLookAt(UnitAt(unit))) return base::Ok();
    const DetectorInput input{hits_.texts[unit].view(), SubjectFor(unit), today_, deadline_};
    std::map<std::size_t, std::size_t> claimed;  // begin -> end
    std::vector<DetectorOutput> outputs = FindAllValues(input);
    for (std::uint32_t detector : ByRank()) {
      const DetectorOutput& output = outputs[detector];
      if (output.expired) return Late();
      if (output.truncated) hits_.truncated = true;
      for (const DetectedValue& value : output.values) {
        if (!Claim(claimed, value)) continue;
        if (++values_ > kMaxValues) {
          hits_.truncated = true;
          return base::Ok();
        }
        KeepValue(unit, detector, value);
      }
    }
    return base::Ok();
  }

  // The subject supports the other texts, not itself.
  std::string_view SubjectFor(std::uint32_t unit) const {
    return UnitAt(unit).scope == Scope::kSubject ? std::string_view() : subject_;
  }

  static const std::vector<std::uint32_t>& ByRank() {
    static const std::vector<std::uint32_t> kOrder = [] {
      std::vector<std::uint32_t> order(Detectors().size());
      for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
      std::sort(order.begin(), order.end(), [](std::uint32_t a, std::uint32_t b) {
        return Detectors()[a].rank < Detectors()[b].rank;
      });
      return order;
    }();
    return kOrder;
  }

  static bool Claim(std::map<std::size_t, std::size_t>& claimed, const DetectedValue& value) {
    auto next = claimed.lower_bound(value.begin);
    if (next != claimed.end() && next->first < value.end) return false;
    if (next != claimed.begin() && std::prev(next)->second > value.begin) return false;
    claimed.emplace_hint(next, value.begin, value.end);
    return true;
  }

  void KeepValue(std::uint32_t unit, std::uint32_t detector, const DetectedValue& value) {
    const DetectorEntry& entry = Detectors()[detector];
    Hit hit;
    hit.unit = unit;
    hit.begin = value.begin;
    hit.end = value.end;
    hit.confidence = value.confidence;
    hit.is_value = true;
    hit.hash = HashValue(program_.key, entry.id, value.value);
    hit.shown = MaskValue(value.value, entry.mask);
    hits_.of_detector[detector].push_back(std::move(hit));
  }

  const Program& program_;
  base::Deadline deadline_;
  CollectOptions options_;
  Date today_ = DateOf(base::RealtimeNow());
  Hits hits_;
  KeywordFinds finds_;
  std::vector<std::vector<std::uint32_t>> literals_of_unit_;  // that occur in it
  std::string_view subject_;                                  // into hits_.texts
  std::size_t values_ = 0;
};

}  // namespace

bool LooksAt(const Program& program, const CollectOptions& options, const Hits& hits,
             std::uint32_t rule, std::uint32_t unit) {
  const RuleSpec& spec = program.rules[rule];
  if (options.only_rule != kNoIndex && options.only_rule != rule) return false;
  if (options.only_rule == kNoIndex && spec.summary.state == RuleState::kDraft) return false;
  return (spec.directions & DirectionBit(hits.facts->direction)) != 0 &&
         spec.scope.Includes(hits.facts->units[unit]);
}

base::Result<Hits> Collect(const Program& program, const MessageFacts& facts,
                           base::Deadline deadline, const CollectOptions& options) {
  return Collector(program, facts, deadline, options).Run();
}

}  // namespace lazaret::rules
