// Short ways to ask one detector about one text, and to make up numbers that pass their checks.
#ifndef LAZARET_TESTS_RULES_DETECTORS_SUPPORT_H_
#define LAZARET_TESTS_RULES_DETECTORS_SUPPORT_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/unicode/normalize.h"
#include "rules/detectors/detector.h"
#include "rules/detectors/validators.h"

namespace lazaret::rules {

inline constexpr Date kToday{2026, 11, 24};

inline std::vector<DetectedValue> Find(DetectorOutput (*find)(const DetectorInput&),
                                       std::string_view text) {
  const base::NormalizedText normal = base::NormalizeForDetection(text);
  return find({normal.view(), {}, kToday, base::Deadline()}).values;
}

// "none", "low", "medium" or "high": the confidence of the only value, or how many there are.
inline std::string Card(std::string_view text) {
  const auto values = Find(FindPaymentCards, text);
  if (values.empty()) return "none";
  return values.size() == 1 ? std::string(Name(values[0].confidence))
                            : std::to_string(values.size());
}
inline std::string Iban(std::string_view text) {
  const auto values = Find(FindIbans, text);
  if (values.empty()) return "none";
  return values.size() == 1 ? std::string(Name(values[0].confidence))
                            : std::to_string(values.size());
}
inline std::string Resident(std::string_view text) {
  const auto values = Find(FindCnResidentIds, text);
  if (values.empty()) return "none";
  return values.size() == 1 ? std::string(Name(values[0].confidence))
                            : std::to_string(values.size());
}

inline std::string WithLuhn(std::string digits) {
  for (char c = '0'; c <= '9'; ++c) {
    if (IsLuhn(digits + c)) return digits + c;
  }
  return {};
}

inline std::string WithIbanCheck(const std::string& country, const std::string& bban) {
  for (int check = 2; check <= 98; ++check) {
    const std::string value = country + (check < 10 ? "0" : "") + std::to_string(check) + bban;
    if (IsIban(value)) return value;
  }
  return {};
}

inline std::string WithResidentCheck(const std::string& seventeen) {
  for (char c : std::string("0123456789X")) {
    if (IsCnResidentId(seventeen + c, kToday)) return seventeen + c;
  }
  return {};
}

struct Case {
  std::string text;
  std::string expected;
  std::string why;
};

}  // namespace lazaret::rules

#endif  // LAZARET_TESTS_RULES_DETECTORS_SUPPORT_H_
