#include "rules/pattern_set.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <tuple>

#include "base/format.h"

namespace lazaret::rules {
namespace {

constexpr std::int64_t kMinSetBytes = 2LL << 20;
constexpr std::int64_t kMaxSetBytes = 64LL << 20;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options Options(std::int64_t max_mem) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_mem);
  return options;
}

// "(?i)", "(?si:": a group of flags that holds i.
bool HasCaseFlag(std::string_view regex) {
  for (std::size_t at = regex.find("(?"); at != std::string_view::npos;
       at = regex.find("(?", at + 2)) {
    for (std::size_t i = at + 2; i < regex.size() && regex[i] >= 'a' && regex[i] <= 'z'; ++i) {
      if (regex[i] == 'i') return true;
    }
  }
  return false;
}

bool HasEmptyMatch(const re2::RE2& re) {
  for (std::string_view sample : {"", "a", "a b", "0", "\n"}) {
    re2::StringPiece found;
    if (re.Match(Piece(sample), 0, sample.size(), re2::RE2::UNANCHORED, &found, 1) && found.empty())
      return true;
  }
  return false;
}

bool MatchesAnything(const re2::RE2& re) {
  const std::array<std::string_view, 5> samples = {"a", "0", " ", "-", "中"};
  return std::all_of(samples.begin(), samples.end(), [&re](std::string_view sample) {
    return re2::RE2::PartialMatch(Piece(sample), re);
  });
}

// The parenthesis without its other half; the size of the pattern when all have one.
std::size_t LoneParenthesis(std::string_view regex) {
  std::vector<std::size_t> open;
  bool in_class = false;
  for (std::size_t at = 0; at < regex.size(); ++at) {
    const char c = regex[at];
    if (c == '\\') {
      ++at;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (regex.substr(at + 1, 1) == "^") ++at;
      if (regex.substr(at + 1, 1) == "]") ++at;
    } else if (c == '(') {
      open.push_back(at);
    } else if (c == ')') {
      if (open.empty()) return at;
      open.pop_back();
    }
  }
  return open.empty() ? regex.size() : open.front();
}

// Byte of the pattern at which the fault that RE2 names lies; RE2 itself names a piece only.
std::size_t FaultIn(const re2::RE2& re) {
  const std::string& regex = re.pattern();
  const std::string& piece = re.error_arg();
  if (re.error().find("parenthes") != std::string::npos || piece == regex ||
      re.error().find(" )") != std::string::npos) {
    const std::size_t lone = LoneParenthesis(regex);
    if (lone < regex.size()) return lone;
  }
  const std::size_t found = piece.empty() ? std::string::npos : regex.find(piece);
  return found == std::string::npos ? 0 : found;
}

std::size_t CharactersIn(std::string_view text, std::size_t bytes) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(bytes, text.size())),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string_view HintFor(const re2::RE2& re) {
  const std::string& piece = re.error_arg();
  if (piece.rfind("(?", 0) == 0) return "; RE2 has no look-around";
  if (piece.size() == 2 && piece[0] == '\\' && piece[1] >= '1' && piece[1] <= '9')
    return "; RE2 has no back-references";
  return {};
}

std::string WhyRefused(const re2::RE2& re, int group) {
  if (!re.ok()) {
    const std::size_t place = FaultIn(re);
    return base::Format("not a regular expression that RE2 takes, at character {}: {}{}",
                        CharactersIn(re.pattern(), place) + 1, re.error(), HintFor(re));
  }
  if (re.ProgramSize() > kMaxProgramSize) {
    return base::Format("too large: {} instructions, at most {}", re.ProgramSize(),
                        kMaxProgramSize);
  }
  if (group > re.NumberOfCapturingGroups()) {
    return base::Format("group {} does not exist, the pattern has {}", group,
                        re.NumberOfCapturingGroups());
  }
  if (HasEmptyMatch(re)) return "matches empty text";
  if (MatchesAnything(re)) return "matches any single character";
  return {};
}

}  // namespace

Pattern::Pattern() = default;
Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

base::Result<Pattern> Pattern::Compile(const std::string& regex, int group) {
  auto re = std::make_unique<re2::RE2>(Piece(regex), Options(8LL << 20));
  const std::string why = WhyRefused(*re, group);
  if (!why.empty()) return base::Error{base::ErrorCode::kInvalid, why};
  Pattern pattern;
  pattern.re_ = std::move(re);
  pattern.regex_ = regex;
  pattern.group_ = group;
  pattern.ignores_case_ = HasCaseFlag(regex);
  return pattern;
}

bool Pattern::Occurs(std::string_view text) const {
  return re2::RE2::PartialMatch(Piece(text), *re_);
}

base::Result<std::vector<Pattern::Span>> Pattern::FindAll(std::string_view text,
                                                          base::Deadline deadline) const {
  std::vector<Span> out;
  std::vector<re2::StringPiece> groups(
      static_cast<std::size_t>(std::max(group_, re_->NumberOfCapturingGroups() > 0 ? 1 : 0)) + 1);
  std::size_t at = 0;
  while (at < text.size() && out.size() < kMaxHitsPerText) {
    if (deadline.Expired())
      return base::Error{base::ErrorCode::kTimeout, "rules: the deadline passed"};
    if (!re_->Match(Piece(text), at, text.size(), re2::RE2::UNANCHORED, groups.data(),
                    static_cast<int>(groups.size()))) {
      break;
    }
    auto offset = [text](const char* p) { return static_cast<std::size_t>(p - text.data()); };
    const re2::StringPiece& group = groups[static_cast<std::size_t>(group_)];
    if (group.data() != nullptr && !group.empty()) {
      out.push_back({offset(group.data()), offset(group.data()) + group.size()});
    }
    const re2::StringPiece& resume =
        groups.size() > 1 && groups[1].data() != nullptr && !groups[1].empty() ? groups[1]
                                                                               : groups[0];
    at = std::max(at + 1, offset(resume.data()) + resume.size());
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return out;
}

struct PatternSets::Group {
  PatternKey key;
  std::vector<std::uint32_t> uses;
  std::unique_ptr<re2::RE2::Set> set;  // null: asked one by one
};

struct PatternSets::State {
  std::vector<PatternUse> uses;
  std::vector<Group> groups;
  std::vector<std::uint32_t> group_of_use;
  std::vector<std::uint32_t> unfiltered;  // groups asked about every text
  std::atomic<std::uint64_t> fallbacks{0};

  void Compile(Group& group, std::int64_t bytes) const {
    auto set = std::make_unique<re2::RE2::Set>(Options(bytes), re2::RE2::UNANCHORED);
    for (std::uint32_t use : group.uses) {
      if (set->Add(Piece(uses[use].pattern->regex()), nullptr) < 0) return;
    }
    if (set->Compile()) group.set = std::move(set);
  }

  // True when the set answered; false when its automaton had no memory.
  static bool AskSet(const Group& group, std::string_view text, std::vector<int>& found) {
    if (group.set == nullptr) return false;
    re2::RE2::Set::ErrorInfo info;
    info.kind = re2::RE2::Set::kNoError;
    found.clear();
    return group.set->Match(Piece(text), &found, &info) || info.kind == re2::RE2::Set::kNoError;
  }

  base::Status AskAll(const Group& group, std::string_view text, std::vector<std::uint32_t>& hits,
                      base::Deadline deadline) {
    if (deadline.Expired())
      return base::Error{base::ErrorCode::kTimeout, "rules: the deadline passed"};
    std::vector<int> found;
    if (!AskSet(group, text, found)) return AskEach(group, text, hits, deadline);
    for (int index : found) hits.push_back(group.uses[static_cast<std::size_t>(index)]);
    return base::Ok();
  }

  base::Status AskEach(const Group& group, std::string_view text, std::vector<std::uint32_t>& hits,
                       base::Deadline deadline) {
    fallbacks.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t use : group.uses) {
      if (deadline.Expired())
        return base::Error{base::ErrorCode::kTimeout, "rules: the deadline passed"};
      if (uses[use].pattern->Occurs(text)) hits.push_back(use);
    }
    return base::Ok();
  }
};

PatternSets::PatternSets() : state_(std::make_unique<State>()) {}
PatternSets::~PatternSets() = default;
PatternSets::PatternSets(PatternSets&&) noexcept = default;
PatternSets& PatternSets::operator=(PatternSets&&) noexcept = default;

PatternSets PatternSets::Build(const std::vector<PatternUse>& uses, std::int64_t automata_bytes) {
  PatternSets sets;
  State& state = *sets.state_;
  state.uses = uses;
  // Patterns that ignore case stay among themselves: mixed sets need many more states.
  using SortKey = std::tuple<std::uint8_t, std::uint8_t, bool, bool, bool>;
  std::map<SortKey, std::size_t> open;
  for (std::uint32_t use = 0; use < uses.size(); ++use) {
    const PatternKey& key = uses[use].key;
    const SortKey sort{key.scopes, key.directions, key.prefiltered, key.filtered,
                       uses[use].pattern->ignores_case()};
    auto found = open.find(sort);
    if (found == open.end() || state.groups[found->second].uses.size() >= kPatternsPerSet) {
      state.groups.push_back({key, {}, nullptr});
      found = open.insert_or_assign(sort, state.groups.size() - 1).first;
    }
    state.groups[found->second].uses.push_back(use);
    state.group_of_use.push_back(static_cast<std::uint32_t>(found->second));
  }
  if (state.groups.empty()) return sets;
  for (std::uint32_t i = 0; i < state.groups.size(); ++i) {
    if (!state.groups[i].key.filtered) state.unfiltered.push_back(i);
  }
  const auto share = automata_bytes / static_cast<std::int64_t>(state.groups.size());
  const std::int64_t bytes =
      automata_bytes == kAutomataBytes ? std::clamp(share, kMinSetBytes, kMaxSetBytes) : share;
  for (Group& group : state.groups) {
    state.Compile(group, bytes);
    // Few sets are larger than their part; asking their patterns one by one would cost far more.
    if (group.set == nullptr && automata_bytes == kAutomataBytes)
      state.Compile(group, kMaxSetBytes);
  }
  return sets;
}

base::Status PatternSets::Match(std::string_view text, PatternKey where,
                                const std::function<bool(std::uint32_t)>& wanted,
                                std::vector<std::uint32_t>& hits, base::Deadline deadline) const {
  for (std::uint32_t index : state_->unfiltered) {
    const Group& group = state_->groups[index];
    if ((group.key.scopes & where.scopes) == 0 || (group.key.directions & where.directions) == 0)
      continue;
    if (group.key.prefiltered && std::none_of(group.uses.begin(), group.uses.end(), wanted))
      continue;
    LAZARET_TRY(state_->AskAll(group, text, hits, deadline));
  }
  return base::Ok();
}

base::Status PatternSets::Narrow(std::string_view text, std::vector<std::uint32_t>& uses,
                                 base::Deadline deadline) const {
  if (uses.size() <= kAskedAlone) return base::Ok();
  std::map<std::uint32_t, std::vector<std::uint32_t>> uses_of_group;
  for (std::uint32_t use : uses) uses_of_group[state_->group_of_use[use]].push_back(use);
  uses.clear();
  for (auto& [index, wanted] : uses_of_group) {
    if (wanted.size() <= kAskedAlone) {
      uses.insert(uses.end(), wanted.begin(), wanted.end());
      continue;
    }
    std::vector<std::uint32_t> hits;
    LAZARET_TRY(state_->AskAll(state_->groups[index], text, hits, deadline));
    std::sort(wanted.begin(), wanted.end());
    std::sort(hits.begin(), hits.end());
    std::set_intersection(wanted.begin(), wanted.end(), hits.begin(), hits.end(),
                          std::back_inserter(uses));
  }
  return base::Ok();
}

std::size_t PatternSets::size() const { return state_->groups.size(); }
std::uint64_t PatternSets::fallbacks() const {
  return state_->fallbacks.load(std::memory_order_relaxed);
}

}  // namespace lazaret::rules
