#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/format.h"
#include "base/text.h"
#include "rules/hits.h"

namespace lazaret::rules {
namespace {

constexpr std::size_t kEvidenceBytes = 200;
constexpr std::size_t kShownValues = 3;
// Sensitive spans kept beside those of subjects, headers and names, which are all kept.
constexpr std::size_t kMaxBodySpans = 10'000;

struct Outcome {
  bool matched = false;
  Level confidence = Level::kMedium;
  std::vector<const Hit*> hits;
};

bool Earlier(const Hit& a, const Hit& b) {
  return a.unit != b.unit ? a.unit < b.unit : a.begin < b.begin;
}

// Distinct values with the highest confidence each was seen with.
std::map<ValueHash, Level> DistinctOf(const std::vector<const Hit*>& hits) {
  const bool values =
      std::any_of(hits.begin(), hits.end(), [](const Hit* hit) { return hit->is_value; });
  std::map<ValueHash, Level> out;
  for (const Hit* hit : hits) {
    if (values && !hit->is_value) continue;
    Level& level = out.try_emplace(hit->hash, hit->confidence).first->second;
    level = std::max(level, hit->confidence);
  }
  return out;
}

std::uint32_t CountAtLeast(const std::map<ValueHash, Level>& distinct, Level level) {
  return static_cast<std::uint32_t>(
      std::count_if(distinct.begin(), distinct.end(),
                    [level](const auto& entry) { return entry.second >= level; }));
}

std::string EvidenceText(const Hits& hits, const std::vector<const Hit*>& found) {
  std::string out;
  std::vector<ValueHash> shown;
  for (const Hit* hit : found) {
    if (std::find(shown.begin(), shown.end(), hit->hash) != shown.end()) continue;
    if (shown.size() == kShownValues) {
      out += ", ...";
      break;
    }
    if (!shown.empty()) out += ", ";
    out += hit->shown;
    if (hits.facts->units[hit->unit].hidden) out += " (hidden text)";
    shown.push_back(hit->hash);
  }
  return base::EscapeLine(out, kEvidenceBytes);
}

class RuleJudge {
 public:
  RuleJudge(const Program& program, const Hits& hits, std::uint32_t rule)
      : program_(program), hits_(hits), rule_(rule), spec_(program.rules[rule]) {}

  std::optional<RuleMatch> Run() const {
    if (!hits_.passed[rule_] || (spec_.directions & DirectionBit(hits_.facts->direction)) == 0)
      return std::nullopt;
    Outcome outcome = Evaluate(spec_.match);
    if (!outcome.matched) return std::nullopt;
    std::stable_sort(outcome.hits.begin(), outcome.hits.end(),
                     [](const Hit* a, const Hit* b) { return Earlier(*a, *b); });
    const auto distinct = DistinctOf(outcome.hits);
    RuleMatch match;
    match.rule = rule_;
    match.confidence = outcome.confidence;
    match.severity = spec_.summary.severity;
    match.action = spec_.action;
    match.distinct = static_cast<std::uint32_t>(std::max<std::size_t>(distinct.size(), 1));
    if (!ApplyThresholds(distinct, match)) return std::nullopt;
    if (!outcome.hits.empty()) {
      const Hit& first = *outcome.hits.front();
      match.artifact = hits_.facts->units[first.unit].artifact;
      match.scope = hits_.facts->units[first.unit].scope;
      match.span = hits_.Original(first);
      match.evidence = EvidenceText(hits_, outcome.hits);
    }
    return match;
  }

 private:
  Outcome Evaluate(const NodeSpec& node) const {
    switch (node.kind) {
      case NodeKind::kDetector:
        return Detector(node);
      case NodeKind::kRegex:
        return Values(node, hits_.OfLeaf(node.leaf));
      case NodeKind::kKeywords:
        return Words(node);
      case NodeKind::kAll:
        return Count(node, node.children.size());
      case NodeKind::kAny:
        return Count(node, 1);
      case NodeKind::kAtLeast:
        return Count(node, node.at_least);
      case NodeKind::kNone:
        return None(node);
      case NodeKind::kProximity:
        return Proximity(node);
    }
    return {};
  }

  Outcome Detector(const NodeSpec& node) const {
    return Values(node, hits_.of_detector[program_.leaves[node.leaf].detector]);
  }

  Outcome Values(const NodeSpec& node, const std::vector<Hit>& all) const {
    Outcome out;
    out.confidence = Level::kLow;
    for (const Hit& hit : all) {
      if (hit.confidence < node.min_confidence ||
          !spec_.scope.Includes(hits_.facts->units[hit.unit]))
        continue;
      out.hits.push_back(&hit);
      out.confidence = std::max(out.confidence, hit.confidence);
    }
    out.matched = !out.hits.empty() && DistinctOf(out.hits).size() >= node.min_distinct;
    return out;
  }

  Outcome Words(const NodeSpec& node) const {
    Outcome out;
    for (const Hit& hit : hits_.OfLeaf(node.leaf)) out.hits.push_back(&hit);
    out.matched = out.hits.size() >= node.min_count;
    return out;
  }

  // `wanted` or more of the children; the belief is that of the weakest needed child.
  Outcome Count(const NodeSpec& node, std::size_t wanted) const {
    Outcome out;
    std::vector<Level> levels;
    for (const NodeSpec& child : node.children) {
      Outcome inner = Evaluate(child);
      if (!inner.matched) continue;
      levels.push_back(inner.confidence);
      out.hits.insert(out.hits.end(), inner.hits.begin(), inner.hits.end());
    }
    if (levels.size() < wanted || levels.empty()) return {};
    std::sort(levels.begin(), levels.end(), std::greater<>());
    out.confidence = levels[std::min(std::max<std::size_t>(wanted, 1), levels.size()) - 1];
    out.matched = true;
    return out;
  }

  Outcome None(const NodeSpec& node) const {
    Outcome out;
    out.confidence = Level::kHigh;
    out.matched = std::none_of(node.children.begin(), node.children.end(),
                               [this](const NodeSpec& child) { return Evaluate(child).matched; });
    return out;
  }

  // Each of the other children has a hit at most `window` characters from one hit of the first.
  Outcome Proximity(const NodeSpec& node) const {
    std::vector<Outcome> parts;
    for (const NodeSpec& child : node.children) {
      parts.push_back(Evaluate(child));
      if (!parts.back().matched) return {};
      std::sort(parts.back().hits.begin(), parts.back().hits.end(),
                [](const Hit* a, const Hit* b) { return Earlier(*a, *b); });
    }
    for (const Hit* anchor : parts.front().hits) {
      Outcome out;
      out.confidence = parts.front().confidence;
      out.hits.push_back(anchor);
      for (std::size_t i = 1; i < parts.size(); ++i) {
        const Hit* near = Nearest(node, *anchor, parts[i].hits);
        if (near == nullptr) break;
        out.hits.push_back(near);
        out.confidence = std::min(out.confidence, parts[i].confidence);
      }
      if (out.hits.size() != parts.size()) continue;
      out.matched = true;
      return out;
    }
    return {};
  }

  // The first hit behind the anchor, else (not ordered) the last before it, when inside the window.
  const Hit* Nearest(const NodeSpec& node, const Hit& anchor,
                     const std::vector<const Hit*>& hits) const {
    const std::string_view text = hits_.texts[anchor.unit].view();
    auto after = std::lower_bound(hits.begin(), hits.end(), &anchor,
                                  [](const Hit* a, const Hit* b) { return Earlier(*a, *b); });
    if (after != hits.end() && (*after)->unit == anchor.unit &&
        ((*after)->begin <= anchor.end ||
         (*after)->begin <= WindowEnd(text, anchor.end, node.window))) {
      return *after;
    }
    if (node.ordered || after == hits.begin()) return nullptr;
    const Hit* before = *std::prev(after);
    const bool inside =
        before->unit == anchor.unit && before->end >= WindowBegin(text, anchor.begin, node.window);
    return inside ? before : nullptr;
  }

  // The last threshold that is reached decides; false when the rule has some and none is.
  bool ApplyThresholds(const std::map<ValueHash, Level>& distinct, RuleMatch& match) const {
    if (spec_.thresholds.empty()) return true;
    bool reached = false;
    for (const ThresholdSpec& threshold : spec_.thresholds) {
      if (CountAtLeast(distinct, threshold.min_confidence) < threshold.distinct) continue;
      reached = true;
      match.action = threshold.action.empty() ? spec_.action : threshold.action;
      match.severity = threshold.severity.value_or(spec_.summary.severity);
    }
    return reached;
  }

  const Program& program_;
  const Hits& hits_;
  std::uint32_t rule_;
  const RuleSpec& spec_;
};

}  // namespace

std::vector<RuleMatch> Judge(const Program& program, const Hits& hits, std::uint32_t only_rule) {
  std::vector<RuleMatch> out;
  const bool all = only_rule == kNoIndex;
  const auto end = all ? static_cast<std::uint32_t>(program.rules.size()) : only_rule + 1;
  for (std::uint32_t rule = all ? 0 : only_rule; rule < end; ++rule) {
    if (all && program.rules[rule].summary.state == RuleState::kDraft) continue;
    if (auto match = RuleJudge(program, hits, rule).Run()) out.push_back(std::move(*match));
  }
  return out;
}

namespace {

class SpanSink {
 public:
  SpanSink(const Hits& hits, std::vector<SensitiveSpan>& out) : hits_(hits), out_(out) {}
  void Add(const Hit& hit, const std::string& detector) {
    const Scope scope = hits_.facts->units[hit.unit].scope;
    const bool shown =
        scope == Scope::kSubject || scope == Scope::kFilename || scope == Scope::kHeader;
    if (shown || ++body_spans_ <= kMaxBodySpans)
      out_.push_back({hit.unit, hits_.Original(hit), detector});
  }

 private:
  const Hits& hits_;
  std::vector<SensitiveSpan>& out_;
  std::size_t body_spans_ = 0;
};

DetectorResult SumUp(const Hits& hits, std::size_t detector) {
  std::vector<const Hit*> found;
  for (const Hit& hit : hits.of_detector[detector]) found.push_back(&hit);
  const auto distinct = DistinctOf(found);
  const Hit& first = *found.front();
  DetectorResult result;
  result.detector = Detectors()[detector].id;
  result.artifact = hits.facts->units[first.unit].artifact;
  result.scope = hits.facts->units[first.unit].scope;
  result.span = hits.Original(first);
  for (const auto& entry : distinct) result.confidence = std::max(result.confidence, entry.second);
  result.distinct = static_cast<std::uint32_t>(distinct.size());
  result.distinct_medium = CountAtLeast(distinct, Level::kMedium);
  result.evidence = EvidenceText(hits, found);
  return result;
}

}  // namespace

void SumUpDetectors(const Program& program, const Hits& hits, Evaluation& evaluation) {
  SpanSink spans(hits, evaluation.sensitive);
  for (std::size_t i = 0; i < hits.of_detector.size(); ++i) {
    if (hits.of_detector[i].empty()) continue;
    for (const Hit& hit : hits.of_detector[i]) spans.Add(hit, std::string(Detectors()[i].id));
    evaluation.detectors.push_back(SumUp(hits, i));
  }
  for (std::uint32_t leaf = 0; leaf < program.leaves.size(); ++leaf) {
    const NodeSpec& node = *program.leaves[leaf].node;
    if (node.validator.empty() && node.entropy <= 0) continue;
    const std::string name = "rule." + program.summaries[program.leaves[leaf].rule].id;
    for (const Hit& hit : hits.OfLeaf(leaf)) spans.Add(hit, name);
  }
}

}  // namespace lazaret::rules
