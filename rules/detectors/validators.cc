#include "rules/detectors/validators.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "rules/detectors/iban_table.h"

namespace lazaret::rules {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool AllDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); }

int Number(std::string_view digits) {
  int value = 0;
  for (char c : digits) value = value * 10 + (c - '0');
  return value;
}

// ISO 7064 mod 97-10 over the value with its first four characters moved to the end.
int Mod97(std::string_view value) {
  int rest = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[(i + 4) % value.size()];
    rest = IsDigit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
  }
  return rest;
}

// Shape of the SWIFT registry: "4n" digits, "4a" upper-case letters, "4c" either.
bool HasShape(std::string_view bban, std::string_view shape) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    std::size_t count = 0;
    for (; i < shape.size() && IsDigit(shape[i]); ++i)
      count = count * 10 + static_cast<std::size_t>(shape[i] - '0');
    if (i >= shape.size() || bban.size() - at < count) return false;
    for (std::size_t n = 0; n < count; ++n, ++at) {
      const char c = bban[at];
      const bool fits = shape[i] == 'n'   ? IsDigit(c)
                        : shape[i] == 'a' ? IsUpper(c)
                                          : IsDigit(c) || IsUpper(c);
      if (!fits) return false;
    }
  }
  return at == bban.size();
}

bool LuhnValidator(std::string_view value, Date) { return IsLuhn(value); }
bool IbanValidator(std::string_view value, Date) { return IsIban(value); }
bool Mod97Validator(std::string_view value, Date) {
  return value.size() > 4 &&
         std::all_of(value.begin(), value.end(), [](char c) { return IsDigit(c) || IsUpper(c); }) &&
         Mod97(value) == 1;
}

}  // namespace

bool IsLuhn(std::string_view digits) {
  if (digits.size() < 2 || !AllDigits(digits)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

std::size_t IbanLength(std::string_view country) {
  const IbanCountry* found = FindIbanCountry(country);
  return found == nullptr ? 0 : found->length;
}

bool IsIban(std::string_view value) {
  if (value.size() < 5 || !IsUpper(value[0]) || !IsUpper(value[1]) ||
      !AllDigits(value.substr(2, 2)))
    return false;
  const IbanCountry* country = FindIbanCountry(value.substr(0, 2));
  // Check digits 00, 01 and 99 are never issued: mod 97 gives 02 to 98.
  const int check = Number(value.substr(2, 2));
  if (country == nullptr || value.size() != country->length || check < 2 || check > 98)
    return false;
  return HasShape(value.substr(4), country->shape) && Mod97(value) == 1;
}

bool IsCnRegion(std::string_view six_digits) {
  // 81 to 83: residence permits of people from Hong Kong, Macao and Taiwan, which carry the same
  // number form.
  static constexpr std::array<int, 35> kProvinces = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                                     35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                                     53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83};
  if (six_digits.size() != 6 || !AllDigits(six_digits)) return false;
  const int province = Number(six_digits.substr(0, 2));
  const int prefecture = Number(six_digits.substr(2, 2));
  const int county = Number(six_digits.substr(4, 2));
  if (!std::binary_search(kProvinces.begin(), kProvinces.end(), province)) return false;
  if (province >= 71) return true;  // 710000, 810000, 820000, 830000
  const bool municipality = province == 11 || province == 12 || province == 31 || province == 50;
  if (municipality) return prefecture >= 1 && prefecture <= 3 && county != 0;
  const bool known = (prefecture >= 1 && prefecture <= 70) || prefecture == 90;
  return known && county != 0;
}

bool IsCnResidentId(std::string_view value, Date today) {
  static constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  static constexpr std::string_view kCheck = "10X98765432";
  if (value.size() != 18 || !AllDigits(value.substr(0, 17)) || !IsCnRegion(value.substr(0, 6)))
    return false;
  const Date born{Number(value.substr(6, 4)), Number(value.substr(10, 2)),
                  Number(value.substr(12, 2))};
  if (born.year < 1880 || !IsRealDate(born) || IsAfter(born, today)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += (value[i] - '0') * kWeights[i];
  return value[17] == kCheck[static_cast<std::size_t>(sum % 11)];
}

bool IsCnResidentId15(std::string_view digits) {
  if (digits.size() != 15 || !AllDigits(digits) || !IsCnRegion(digits.substr(0, 6))) return false;
  return IsRealDate({1900 + Number(digits.substr(6, 2)), Number(digits.substr(8, 2)),
                     Number(digits.substr(10, 2))});
}

std::string CompactValue(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c != ' ' && c != '-') out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return out;
}

Validator FindValidator(std::string_view name) {
  if (name == "luhn") return LuhnValidator;
  if (name == "iban") return IbanValidator;
  if (name == "gb11643") return IsCnResidentId;
  if (name == "iso7064_mod97_10") return Mod97Validator;
  return nullptr;
}

}  // namespace lazaret::rules
