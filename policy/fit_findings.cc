#include "policy/fit_findings.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>

namespace lazaret::policy {
namespace {

// What is left of the other texts of a finding that is kept only for its kind.
constexpr std::size_t kShortTextBytes = 64;

using Kind = std::tuple<std::string_view, Class, std::optional<Action>>;
using RuleKind = std::tuple<Kind, std::string_view, bool>;

Kind KindOf(const Finding& finding) { return {finding.code, finding.cls, finding.proposed}; }

bool Worse(const Finding& a, const Finding& b) {
  if (a.shadow != b.shadow) return b.shadow;
  return a.cls != b.cls ? a.cls > b.cls : a.severity > b.severity;
}

struct Ranking {
  std::vector<std::size_t> order;  // indices, first to keep first
  std::size_t kinds = 0;           // so many of them, at the front, stand for their kind
};

Ranking Rank(const std::vector<Finding>& findings) {
  std::vector<std::size_t> worst_first(findings.size());
  std::iota(worst_first.begin(), worst_first.end(), std::size_t{0});
  std::stable_sort(worst_first.begin(), worst_first.end(),
                   [&](std::size_t a, std::size_t b) { return Worse(findings[a], findings[b]); });
  Ranking ranking;
  std::vector<std::size_t> rules;
  std::vector<std::size_t> rest;
  std::set<Kind> kinds;
  std::set<RuleKind> rule_kinds;
  for (const std::size_t index : worst_first) {
    const Finding& one = findings[index];
    const bool new_rule = rule_kinds.insert({KindOf(one), one.rule, one.shadow}).second;
    if (!one.shadow && kinds.insert(KindOf(one)).second) {
      ranking.order.push_back(index);
    } else {
      (new_rule ? rules : rest).push_back(index);
    }
  }
  ranking.kinds = ranking.order.size();
  ranking.order.insert(ranking.order.end(), rules.begin(), rules.end());
  ranking.order.insert(ranking.order.end(), rest.begin(), rest.end());
  return ranking;
}

// The encoder cuts at a character boundary what is cut inside one here.
Finding Shortened(Finding finding) {
  for (std::string* text :
       {&finding.rule, &finding.rule_version, &finding.scanner, &finding.path, &finding.evidence}) {
    if (text->size() > kShortTextBytes) text->resize(kShortTextBytes);
  }
  return finding;
}

Finding NotListed(std::size_t dropped, bool kinds_lost) {
  Finding note;
  note.code = kinds_lost ? "scan.error.findings" : "scan.unscannable.findings";
  note.cls = kinds_lost ? Class::kError : Class::kUnscannable;
  note.scanner = "analyzer";
  note.path = "message";
  note.evidence = std::to_string(dropped) + " findings not listed";
  return note;
}

class Fitting {
 public:
  Fitting(const std::vector<Finding>& findings, const FindingRoom& room)
      : findings_(findings), room_(room), ranking_(Rank(findings)) {}

  std::vector<Finding> Run() {
    const std::size_t most = room_.count - 1;
    const std::size_t note = room_.size_of(NotListed(findings_.size(), true));
    left_ = room_.bytes > note ? room_.bytes - note : 0;
    KeepKinds(most);
    const bool kinds_lost = kept_.size() < ranking_.kinds;
    MakeWhole();
    KeepMore(most);
    kept_.push_back(NotListed(findings_.size() - kept_.size(), kinds_lost));
    return std::move(kept_);
  }

 private:
  void KeepKinds(std::size_t most) {
    for (std::size_t i = 0; i < std::min(most, ranking_.kinds); ++i) {
      Finding finding = Shortened(findings_[ranking_.order[i]]);
      const std::size_t size = room_.size_of(finding);
      if (size > left_) return;
      left_ -= size;
      kept_.push_back(std::move(finding));
    }
  }

  void MakeWhole() {
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      const Finding& whole = findings_[ranking_.order[i]];
      const std::size_t had = room_.size_of(kept_[i]);
      const std::size_t size = room_.size_of(whole);
      if (size > left_ + had) continue;
      left_ = left_ + had - size;
      kept_[i] = whole;
    }
  }

  void KeepMore(std::size_t most) {
    if (kept_.size() < ranking_.kinds) return;
    for (std::size_t i = ranking_.kinds; i < ranking_.order.size() && kept_.size() < most; ++i) {
      const Finding& finding = findings_[ranking_.order[i]];
      const std::size_t size = room_.size_of(finding);
      if (size > left_) return;
      left_ -= size;
      kept_.push_back(finding);
    }
  }

  const std::vector<Finding>& findings_;
  const FindingRoom& room_;
  const Ranking ranking_;
  std::vector<Finding> kept_;
  std::size_t left_ = 0;
};

bool HasRoom(const std::vector<Finding>& findings, const FindingRoom& room) {
  if (findings.size() > room.count) return false;
  std::size_t bytes = 0;
  for (const Finding& finding : findings) {
    bytes += room.size_of(finding);
    if (bytes > room.bytes) return false;
  }
  return true;
}

}  // namespace

std::vector<Finding> FitFindings(const std::vector<Finding>& findings, const FindingRoom& room) {
  if (HasRoom(findings, room)) return findings;
  return Fitting(findings, room).Run();
}

}  // namespace lazaret::policy
