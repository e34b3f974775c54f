// Issuer ranges of ISO/IEC 7812 card numbers, and the numbers published for tests.
#ifndef LAZARET_RULES_DETECTORS_CARD_ISSUERS_H_
#define LAZARET_RULES_DETECTORS_CARD_ISSUERS_H_

#include <cstddef>
#include <string_view>

namespace lazaret::rules {

// One issuer range. `keyword`: the range is so wide or the length so short that a word near by is
// needed.
struct IssuerRange {
  std::string_view low;
  std::string_view high;
  std::size_t min_length;
  std::size_t max_length;
  bool keyword;
};

// The range that knows this number and length, one that needs no word first; nullptr for none.
const IssuerRange* FindIssuer(std::string_view digits);

// Numbers that issuers and payment services publish for tests: never a leak. docs/rules.md names
// them.
bool IsTestNumber(std::string_view digits);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_CARD_ISSUERS_H_
