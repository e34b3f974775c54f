// Words near a candidate that raise or lower the belief in it. Windows are counted in characters; a
// CJK character counts double, since it carries about half a word.
#ifndef LAZARET_RULES_DETECTORS_EVIDENCE_H_
#define LAZARET_RULES_DETECTORS_EVIDENCE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::rules {

inline constexpr std::size_t kWindowBefore = 120;
inline constexpr std::size_t kWindowAfter = 60;

// Words are lower case (SimpleLower). A word that begins or ends with a letter of a spaced script
// matches whole words only (a plural "s" may follow); Han, Kana and Hangul match anywhere.
struct EvidenceWords {
  std::vector<std::string> raise;
  std::vector<std::string> lower;
  std::size_t before = kWindowBefore;
  std::size_t after = kWindowAfter;
};

// +1 when the nearest word raises, -1 when it lowers, 0 when there is none. The nearest counts, so
// that "order 17, paid by card 4539..." raises and "card holders: order 4539..." lowers.
int EvidenceNear(std::string_view text, std::size_t begin, std::size_t end,
                 const EvidenceWords& words);

// True when the subject holds a word that raises and none that lowers.
bool SubjectSupports(std::string_view subject, const EvidenceWords& words);

// True when lower-case `text` holds the word under the boundary rule above, starting at or after
// `from`; `at` is where.
bool FindWord(std::string_view text, std::string_view word, std::size_t from, std::size_t& at);

// Where a window of `width` weighted characters that ends at `at` begins, and one that begins at
// `at` ends.
std::size_t WindowBegin(std::string_view text, std::size_t at, std::size_t width);
std::size_t WindowEnd(std::string_view text, std::size_t at, std::size_t width);

// Order, tracking, serial and similar words that lower every digit class.
const std::vector<std::string>& ContradictingWords();

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_EVIDENCE_H_
