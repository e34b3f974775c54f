#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include "base/format.h"
#include "rules/hits.h"

namespace lazaret::rules {
namespace {

// What one unit costs beside its text, against a message of many empty units.
constexpr std::size_t kUnitCost = 16;

// As much of a subject as is searched for words that support a number elsewhere.
constexpr std::size_t kSubjectBytes = 512;

base::Error Late() { return {base::ErrorCode::kTimeout, "rules: the deadline passed"}; }

// Bits of Shannon entropy a byte.
double Entropy(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

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
    for (std::uint32_t unit = 0; unit < hits_.texts.size(); ++unit) {
      LAZARET_TRY(RunDetectors(unit));
      LAZARET_TRY(RunPatterns(unit));
    }
    return std::move(hits_);
  }

 private:
  const TextUnit& UnitAt(std::uint32_t unit) const { return hits_.facts->units[unit]; }

  bool Runs(std::uint32_t rule, std::uint32_t unit) const {
    const RuleSpec& spec = program_.rules[rule];
    if (options_.only_rule != kNoIndex && options_.only_rule != rule) return false;
    if (options_.only_rule == kNoIndex && spec.summary.state == RuleState::kDraft) return false;
    return (spec.directions & DirectionBit(hits_.facts->direction)) != 0 &&
           spec.scope.Includes(UnitAt(unit));
  }

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
    std::vector<KeywordHit> found;
    program_.words.Find(hits_.texts[unit].view(), kMaxHitsPerText, found);
    NoteWordCap(found);
    for (const KeywordHit& hit : found) {
      for (const WordUse& use : program_.uses_of_word[hit.word]) {
        if (!Runs(use.rule, unit)) continue;
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
    for (std::uint32_t detector : ByRank()) {
      DetectorOutput output = Detectors()[detector].find(input);
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
      if (deadline_.Expired()) return Late();
    }
    return base::Ok();
  }

  // The subject supports the other texts, not itself.
  std::string_view SubjectFor(std::uint32_t unit) const {
    return UnitAt(unit).scope == Scope::kSubject ? std::string_view() : subject_;
  }

  static std::vector<std::uint32_t> ByRank() {
    std::vector<std::uint32_t> order(Detectors().size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [](std::uint32_t a, std::uint32_t b) {
      return Detectors()[a].rank < Detectors()[b].rank;
    });
    return order;
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

  base::Status RunPatterns(std::uint32_t unit) {
    const std::string_view text = hits_.texts[unit].view();
    if (options_.only_rule != kNoIndex) {
      for (std::uint32_t leaf : program_.leaves_of_rule[options_.only_rule])
        LAZARET_TRY(RunPattern(unit, leaf));
      return base::Ok();
    }
    std::vector<std::uint32_t> uses;
    const PatternKey where{ScopeBit(UnitAt(unit).scope), DirectionBit(hits_.facts->direction),
                           false};
    auto wanted = [this](std::uint32_t use) {
      return bool{hits_.passed[program_.leaves[program_.leaf_of_use[use]].rule]};
    };
    LAZARET_TRY(program_.sets.Match(text, where, wanted, uses, deadline_));
    for (std::uint32_t use : uses) LAZARET_TRY(RunPattern(unit, program_.leaf_of_use[use]));
    return base::Ok();
  }

  base::Status RunPattern(std::uint32_t unit, std::uint32_t leaf_index) {
    const Leaf& leaf = program_.leaves[leaf_index];
    if (leaf.pattern == kNoIndex || !hits_.passed[leaf.rule] || !Runs(leaf.rule, unit))
      return base::Ok();
    const std::string_view text = hits_.texts[unit].view();
    LAZARET_ASSIGN(const auto spans, program_.patterns[leaf.pattern].FindAll(text, deadline_));
    // What stands behind the last hit was not looked at: decoys must not hide a value.
    if (spans.size() >= kMaxHitsPerText) hits_.truncated = true;
    for (const Pattern::Span& span : spans) KeepSpan(unit, leaf_index, span);
    return base::Ok();
  }

  // The same value again ("https://" of every link) is not hashed again.
  ValueHash HashOf(std::uint32_t rule, const std::string& value) {
    std::unordered_map<std::string, ValueHash>& known = hashes_of_rule_[rule];
    const auto [place, added] = known.try_emplace(value);
    if (added) {
      place->second = HashValue(program_.key, "rule." + program_.summaries[rule].id, value);
    }
    return place->second;
  }

  void KeepSpan(std::uint32_t unit, std::uint32_t leaf_index, const Pattern::Span& span) {
    const Leaf& leaf = program_.leaves[leaf_index];
    const NodeSpec& node = *leaf.node;
    const std::string_view text = hits_.texts[unit].view();
    std::string value(text.substr(span.begin, span.end - span.begin));
    if (leaf.validator != nullptr) {
      value = CompactValue(value);
      if (!leaf.validator(value, today_)) return;
    }
    if (node.entropy > 0 && Entropy(value) < node.entropy) return;
    int points = static_cast<int>(node.base_confidence);
    if (node.has_near) points += EvidenceNear(text, span.begin, span.end, node.near);
    if (points < 0) return;
    Hit hit;
    hit.unit = unit;
    hit.begin = span.begin;
    hit.end = span.end;
    hit.confidence = LevelOfPoints(points);
    hit.is_value = true;
    hit.hash = HashOf(leaf.rule, value);
    if (leaf.validator != nullptr) {
      hit.shown =
          MaskValue(value, node.validator == "luhn" ? MaskStyle::kCard : MaskStyle::kIdentity);
    } else {
      hit.shown = Redacted("regex");
    }
    hits_.of_leaf[leaf_index].push_back(std::move(hit));
  }

  const Program& program_;
  base::Deadline deadline_;
  CollectOptions options_;
  Date today_ = DateOf(base::RealtimeNow());
  Hits hits_;
  std::string_view subject_;  // into hits_.texts
  std::unordered_map<std::uint32_t, std::unordered_map<std::string, ValueHash>> hashes_of_rule_;
  std::size_t values_ = 0;
};

}  // namespace

base::Result<Hits> Collect(const Program& program, const MessageFacts& facts,
                           base::Deadline deadline, const CollectOptions& options) {
  return Collector(program, facts, deadline, options).Run();
}

}  // namespace lazaret::rules
