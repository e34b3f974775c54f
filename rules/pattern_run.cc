#include "rules/pattern_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <tuple>

namespace lazaret::rules {
namespace {

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

base::Error Late() { return {base::ErrorCode::kTimeout, "rules: the deadline passed"}; }

// Values of such a leaf are masked wherever mail is shown, whether or not its rule matches.
bool IsSensitive(const NodeSpec& node) { return !node.validator.empty() || node.entropy > 0; }

}  // namespace

PatternRun::PatternRun(const Program& program, const CollectOptions& options,
                       base::Deadline deadline, Hits& hits)
    : program_(program),
      options_(options),
      deadline_(deadline),
      hits_(hits),
      today_(DateOf(base::RealtimeNow())),
      answers_(program.leaves.size(), Answer::kNone) {}

base::Status PatternRun::Run(const std::vector<std::vector<std::uint32_t>>& literals) {
  if (options_.only_rule != kNoIndex) return RunOnlyRule();
  for (std::uint32_t unit = 0; unit < hits_.texts.size(); ++unit) {
    if (deadline_.Expired()) return Late();
    LAZARET_TRY(AskUnfiltered(unit));
    LAZARET_TRY(Defer(unit, literals[unit]));
  }
  DropHopeless();
  LAZARET_TRY(Narrow());
  return AskDeferred();
}

base::Status PatternRun::RunOnlyRule() {
  for (std::uint32_t unit = 0; unit < hits_.texts.size(); ++unit) {
    for (std::uint32_t leaf : program_.leaves_of_rule[options_.only_rule])
      LAZARET_TRY(RunPattern(unit, leaf));
  }
  return base::Ok();
}

base::Status PatternRun::AskUnfiltered(std::uint32_t unit) {
  const std::function<bool(std::uint32_t)> wanted = [this](std::uint32_t use) {
    return bool{hits_.passed[program_.leaves[program_.leaf_of_use[use]].rule]};
  };
  PatternKey where;
  where.scopes = ScopeBit(hits_.facts->units[unit].scope);
  where.directions = DirectionBit(hits_.facts->direction);
  std::vector<std::uint32_t> uses;
  LAZARET_TRY(program_.sets.Match(hits_.texts[unit].view(), where, wanted, uses, deadline_));
  for (std::uint32_t use : uses) LAZARET_TRY(RunPattern(unit, program_.leaf_of_use[use]));
  return base::Ok();
}

base::Status PatternRun::Defer(std::uint32_t unit, const std::vector<std::uint32_t>& literals) {
  std::vector<std::uint32_t> uses;
  program_.filter.Candidates(literals, uses);
  const auto unwanted = [this, unit](std::uint32_t use) {
    const std::uint32_t rule = program_.leaves[program_.leaf_of_use[use]].rule;
    return !hits_.passed[rule] || !LooksAt(program_, options_, hits_, rule, unit);
  };
  uses.erase(std::remove_if(uses.begin(), uses.end(), unwanted), uses.end());
  const bool full = deferred_.size() + uses.size() > kMaxDeferred;
  if (full) LAZARET_TRY(program_.sets.Narrow(hits_.texts[unit].view(), uses, deadline_));
  for (std::uint32_t use : uses) {
    answers_[program_.leaf_of_use[use]] = Answer::kMayCome;
    if (full) {
      LAZARET_TRY(RunPattern(unit, program_.leaf_of_use[use]));
    } else {
      deferred_.emplace_back(use, unit);
    }
  }
  return base::Ok();
}

bool PatternRun::IsHopeless(std::uint32_t leaf) const {
  return !IsSensitive(*program_.leaves[leaf].node) && !RuleMayMatch(program_.leaves[leaf].rule);
}

void PatternRun::DropHopeless() {
  std::sort(deferred_.begin(), deferred_.end());
  std::uint32_t last = kNoIndex;
  bool hopeless = false;
  const auto drops = [&](const Question& question) {
    if (question.first != last) hopeless = IsHopeless(LeafOf(question));
    last = question.first;
    return hopeless;
  };
  Questions kept;
  std::copy_if(deferred_.begin(), deferred_.end(), std::back_inserter(kept),
               [&](const Question& question) { return !drops(question); });
  deferred_ = std::move(kept);
}

// Where many patterns of a set may match, the set says which of them do.
base::Status PatternRun::Narrow() {
  std::vector<std::vector<std::uint32_t>> uses_of_unit(hits_.texts.size());
  for (const Question& question : deferred_)
    uses_of_unit[question.second].push_back(question.first);
  deferred_.clear();
  for (std::uint32_t unit = 0; unit < uses_of_unit.size(); ++unit) {
    LAZARET_TRY(program_.sets.Narrow(hits_.texts[unit].view(), uses_of_unit[unit], deadline_));
    for (std::uint32_t use : uses_of_unit[unit]) deferred_.emplace_back(use, unit);
  }
  std::sort(deferred_.begin(), deferred_.end());
  return base::Ok();
}

// Uses are numbered rule by rule.
base::Status PatternRun::AskDeferred() {
  std::vector<Questions> leaves;  // of one rule
  std::uint32_t rule = kNoIndex;
  for (std::size_t at = 0; at < deferred_.size();) {
    const std::uint32_t use = deferred_[at].first;
    const std::uint32_t its_rule = program_.leaves[LeafOf(deferred_[at])].rule;
    if (its_rule != rule) LAZARET_TRY(AskRule(leaves));
    rule = its_rule;
    leaves.emplace_back();
    for (; at < deferred_.size() && deferred_[at].first == use; ++at)
      leaves.back().push_back(deferred_[at]);
  }
  return AskRule(leaves);
}

// Would the rule be lost without this leaf?
bool PatternRun::IsNeeded(std::uint32_t leaf) {
  const Answer before = std::exchange(answers_[leaf], Answer::kNone);
  const bool needed = hits_.OfLeaf(leaf).empty() && !RuleMayMatch(program_.leaves[leaf].rule);
  answers_[leaf] = before;
  return needed;
}

// Those first that can end the matter, the cheapest of them and those that say most.
void PatternRun::SortForAsking(std::vector<Questions>& leaves) {
  struct Rank {
    bool not_needed = false;
    std::size_t bytes = 0;
    std::size_t shortness = 0;
    bool operator<(const Rank& other) const {
      return std::tie(not_needed, bytes, shortness) <
             std::tie(other.not_needed, other.bytes, other.shortness);
    }
  };
  std::vector<std::pair<Rank, Questions>> ranked;
  for (Questions& questions : leaves) {
    const std::uint32_t leaf = LeafOf(questions.front());
    Rank rank;
    rank.not_needed = !IsNeeded(leaf);
    for (const Question& question : questions)
      rank.bytes += hits_.texts[question.second].view().size();
    rank.shortness = SIZE_MAX - program_.leaves[leaf].node->regex.size();
    ranked.emplace_back(rank, std::move(questions));
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  leaves.clear();
  for (auto& entry : ranked) leaves.push_back(std::move(entry.second));
}

// Asks until the rule cannot match any more; leaves `leaves` empty.
base::Status PatternRun::AskRule(std::vector<Questions>& leaves) {
  if (deadline_.Expired()) return Late();
  if (leaves.size() > 1) SortForAsking(leaves);
  for (const Questions& questions : leaves) {
    const std::uint32_t leaf = LeafOf(questions.front());
    if (IsHopeless(leaf)) continue;
    for (const Question& question : questions) LAZARET_TRY(RunPattern(question.second, leaf));
    answers_[leaf] = Answer::kAsked;
  }
  leaves.clear();
  return base::Ok();
}

// False only when the node cannot match whatever the patterns that are still to be asked say.
bool PatternRun::MayMatch(const NodeSpec& node) const {
  const auto possible = [this](const NodeSpec& child) { return MayMatch(child); };
  const auto count = static_cast<std::size_t>(
      node.kind == NodeKind::kNone
          ? 0
          : std::count_if(node.children.begin(), node.children.end(), possible));
  switch (node.kind) {
    case NodeKind::kDetector:
      return !hits_.of_detector[program_.leaves[node.leaf].detector].empty();
    case NodeKind::kRegex:
      return answers_[node.leaf] == Answer::kMayCome || !hits_.OfLeaf(node.leaf).empty();
    case NodeKind::kKeywords:
      return hits_.OfLeaf(node.leaf).size() >= node.min_count;
    case NodeKind::kAll:
    case NodeKind::kProximity:
      return count == node.children.size();
    case NodeKind::kAny:
      return count >= 1;
    case NodeKind::kAtLeast:
      return count >= node.at_least;
    case NodeKind::kNone:
      return true;
  }
  return true;
}

base::Status PatternRun::RunPattern(std::uint32_t unit, std::uint32_t leaf_index) {
  const Leaf& leaf = program_.leaves[leaf_index];
  if (leaf.pattern == kNoIndex || !hits_.passed[leaf.rule] ||
      !LooksAt(program_, options_, hits_, leaf.rule, unit))
    return base::Ok();
  const std::string_view text = hits_.texts[unit].view();
  LAZARET_ASSIGN(const auto spans, program_.patterns[leaf.pattern].FindAll(text, deadline_));
  // What stands behind the last hit was not looked at: decoys must not hide a value.
  if (spans.size() >= kMaxHitsPerText) hits_.truncated = true;
  for (const Pattern::Span& span : spans) KeepSpan(unit, leaf_index, span);
  return base::Ok();
}

// The same value again ("https://" of every link) is not hashed again.
ValueHash PatternRun::HashOf(std::uint32_t rule, const std::string& value) {
  std::unordered_map<std::string, ValueHash>& known = hashes_of_rule_[rule];
  const auto [place, added] = known.try_emplace(value);
  if (added) {
    place->second = HashValue(program_.key, "rule." + program_.summaries[rule].id, value);
  }
  return place->second;
}

void PatternRun::KeepSpan(std::uint32_t unit, std::uint32_t leaf_index, const Pattern::Span& span) {
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

}  // namespace lazaret::rules
