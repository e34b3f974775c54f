// Check digit algorithms over plain strings without separators. Each answers false for characters
// or lengths outside its definition. Pure.
#ifndef LAZARET_RULES_DETECTORS_VALIDATORS_H_
#define LAZARET_RULES_DETECTORS_VALIDATORS_H_

#include <string_view>

#include "rules/detectors/detector.h"

namespace lazaret::rules {

// ISO/IEC 7812-1 annex B (Luhn): digits only, at least two.
bool IsLuhn(std::string_view digits);
// ISO 13616: upper-case letters and digits; country, its exact length and shape, mod 97 = 1.
bool IsIban(std::string_view value);
// Length of an IBAN of this two-letter country (upper case); 0 when unknown.
std::size_t IbanLength(std::string_view country);
// GB 11643: 18 characters, GB/T 2260 region, real date of birth not after `today`, ISO 7064 mod
// 11-2.
bool IsCnResidentId(std::string_view value, Date today);
// The 15-digit form of before 1999: region and date (19yy) only, no check digit.
bool IsCnResidentId15(std::string_view digits);
// Region part of GB/T 2260: province exactly, prefecture and county by range.
bool IsCnRegion(std::string_view six_digits);

// For `validator:` of a rule: strips spaces and dashes, upper-cases, then asks the algorithm.
using Validator = bool (*)(std::string_view value, Date today);
// luhn, iban, gb11643, iso7064_mod97_10; nullptr when unknown.
Validator FindValidator(std::string_view name);
std::string CompactValue(std::string_view value);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_VALIDATORS_H_
