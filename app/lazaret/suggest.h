// What a mistyped word was probably meant to be.
#ifndef LAZARET_APP_LAZARET_SUGGEST_H_
#define LAZARET_APP_LAZARET_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::cli {

// The known word that is nearest: at most two letters added, dropped, changed or swapped, and fewer
// than half of them; empty when none is. Case does not count.
std::string Nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_SUGGEST_H_
