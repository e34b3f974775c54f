#include "rules/pattern_filter.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace lazaret::rules {
namespace {

constexpr std::int64_t kPatternBytes = 8LL << 20;

// Han, Kana, Hangul and their neighbours, which have no case; and U+017F, which RE2 folds to s in
// patterns but not in literals. Of other letters RE2 and this program might know different cases.
bool HasNoCase(char32_t c) {
  constexpr std::array<std::pair<char32_t, char32_t>, 5> kRanges = {
      {{0x2E80, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}, {0x17F, 0x17F}}};
  return c < 0x80 || std::any_of(kRanges.begin(), kRanges.end(), [c](const auto& range) {
           return c >= range.first && c <= range.second;
         });
}

// Can be looked for byte by byte: no letter whose case could differ, and not blanks alone.
bool CanBeFound(std::string_view literal) {
  for (std::size_t at = 0; at < literal.size();) {
    if (!HasNoCase(base::NextCodePoint(literal, at))) return false;
  }
  return !base::TrimAscii(literal).empty();
}

}  // namespace

struct PatternFilter::State {
  re2::FilteredRE2 filter{kMinLiteralBytes};
  std::vector<std::uint32_t> pattern_of_id;  // as the filter numbers those that it took
  std::vector<std::string> texts;
  std::vector<Literal> literals;
  std::vector<int> not_looked_for;  // taken to occur in every text
  std::vector<bool> filtered;       // pattern ->

  std::vector<int> Passing(std::vector<int> held) const {
    std::vector<int> ids;
    held.insert(held.end(), not_looked_for.begin(), not_looked_for.end());
    if (!pattern_of_id.empty()) filter.AllPotentials(held, &ids);
    return ids;
  }
};

PatternFilter::PatternFilter() : state_(std::make_unique<State>()) {}
PatternFilter::~PatternFilter() = default;
PatternFilter::PatternFilter(PatternFilter&&) noexcept = default;
PatternFilter& PatternFilter::operator=(PatternFilter&&) noexcept = default;

PatternFilter PatternFilter::Build(const std::vector<std::string_view>& regexes) {
  PatternFilter out;
  State& state = *out.state_;
  state.filtered.assign(regexes.size(), false);
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytes);
  options.set_never_capture(true);
  for (std::uint32_t i = 0; i < regexes.size(); ++i) {
    int id = 0;
    if (state.filter.Add({regexes[i].data(), regexes[i].size()}, options, &id) != 0) continue;
    state.pattern_of_id.push_back(i);
  }
  if (state.pattern_of_id.empty()) return out;
  state.filter.Compile(&state.texts);
  for (std::uint32_t i = 0; i < state.texts.size(); ++i) {
    if (CanBeFound(state.texts[i])) {
      state.literals.push_back({i, state.texts[i]});
    } else {
      state.not_looked_for.push_back(static_cast<int>(i));
    }
  }
  for (std::uint32_t pattern : state.pattern_of_id) state.filtered[pattern] = true;
  for (int id : state.Passing({}))
    state.filtered[state.pattern_of_id[static_cast<std::size_t>(id)]] = false;
  return out;
}

const std::vector<PatternFilter::Literal>& PatternFilter::literals() const {
  return state_->literals;
}

bool PatternFilter::IsFiltered(std::uint32_t pattern) const { return state_->filtered[pattern]; }

void PatternFilter::Candidates(const std::vector<std::uint32_t>& held,
                               std::vector<std::uint32_t>& patterns) const {
  patterns.clear();
  // With nothing held only those pass that are not filtered.
  if (held.empty()) return;
  for (int id : state_->Passing({held.begin(), held.end()})) {
    const std::uint32_t pattern = state_->pattern_of_id[static_cast<std::size_t>(id)];
    if (state_->filtered[pattern]) patterns.push_back(pattern);
  }
}

}  // namespace lazaret::rules
