#include "app/lazaret/suggest.h"

#include <algorithm>

#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kMostEdits = 2;
constexpr std::size_t kLongestWord = 64;  // the distance costs the square of it

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
  const std::string lower = base::AsciiLower(word);
  std::string nearest;
  std::size_t least = kMostEdits + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = Distance(lower, candidate);
    if (distance < least && 2 * distance < std::max(lower.size(), candidate.size())) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace lazaret::cli
