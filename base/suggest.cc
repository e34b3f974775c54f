#include "base/suggest.h"

#include <algorithm>

#include "base/text.h"

namespace lazaret::base {
namespace {

constexpr std::size_t kFewEdits = 2;
constexpr std::size_t kLettersOfAnEdit = 5;  // in a long word one more for so many
constexpr std::size_t kLongestWord = 64;     // the distance costs the square of it

// Damerau and Levenshtein, with swaps of neighbours only.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Nearest(std::string_view word, const std::vector<std::string>& known) {
  if (word.empty() || word.size() > kLongestWord) return {};
  const std::string lower = AsciiLower(word);
  std::string nearest;
  std::size_t least = kLongestWord;
  for (const std::string& candidate : known) {
    const std::size_t distance = Distance(lower, candidate);
    const std::size_t longer = std::max(lower.size(), candidate.size());
    const std::size_t most = std::max(kFewEdits, longer / kLettersOfAnEdit);
    if (distance < least && distance <= most && 2 * distance < longer) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string UnknownHint(std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = Nearest(word, known);
  std::string out = nearest.empty() ? "" : "did you mean \"" + nearest + "\"? ";
  out += "known are ";
  for (std::size_t i = 0; i < known.size(); ++i) out += (i == 0 ? "" : ", ") + known[i];
  return out;
}

}  // namespace lazaret::base
