// The SWIFT IBAN registry (ISO 13616): country, length, shape of the national part.
#ifndef LAZARET_RULES_DETECTORS_IBAN_TABLE_H_
#define LAZARET_RULES_DETECTORS_IBAN_TABLE_H_

#include <cstddef>
#include <string_view>

namespace lazaret::rules {

struct IbanCountry {
  std::string_view code;
  std::size_t length;
  std::string_view shape;
};

// The longest IBAN of the registry.
inline constexpr std::size_t kMaxIbanLength = 33;

// `code` upper case; nullptr when the country has no IBAN.
const IbanCountry* FindIbanCountry(std::string_view code);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_IBAN_TABLE_H_
