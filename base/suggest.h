// What a mistyped word was probably meant to be.
#ifndef LAZARET_BASE_SUGGEST_H_
#define LAZARET_BASE_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::base {

// The known word that is nearest: at most two letters (of a long word a fifth) added, dropped,
// changed or swapped, and fewer than half of them; empty when none is. Case does not count.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

// `did you mean "x"? known are x, y`, without the question when none is near.
std::string UnknownHint(std::string_view word, const std::vector<std::string>& known);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_SUGGEST_H_
