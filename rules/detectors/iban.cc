// IBANs: ISO 13616, electronic form and the printed form in groups of four, either case.
#include <cctype>
#include <string>
#include <string_view>

#include "rules/detectors/detector.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"

namespace lazaret::rules {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool IsAlnum(char c) { return IsDigit(c) || IsLetter(c); }
char Upper(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

bool MayBegin(std::string_view text, std::size_t at) {
  return at + 5 <= text.size() && IsLetter(text[at]) && IsLetter(text[at + 1]) &&
         IsDigit(text[at + 2]) && IsDigit(text[at + 3]) && (at == 0 || !IsAlnum(text[at - 1])) &&
         LeftEdge(text, at);
}

struct Reading {
  std::string value;  // empty when something else stands in between
  std::size_t end = 0;
  bool printed = true;  // in one piece or in groups of four
};

// Reads `length` letters and digits from `begin`; single spaces or dashes, all the same, may stand
// between.
Reading Read(std::string_view text, std::size_t begin, std::size_t length) {
  Reading out;
  std::string& value = out.value;
  char separator = 0;
  std::size_t at = begin;
  while (value.size() < length && at < text.size()) {
    const char c = text[at];
    const bool between = (c == ' ' || c == '-') && !value.empty();
    if (between && (separator == 0 || separator == c) && text[at - 1] != c) {
      separator = c;
      if (value.size() % 4 != 0) out.printed = false;
    } else if (IsAlnum(c)) {
      value += Upper(c);
    } else {
      return {};
    }
    ++at;
  }
  out.end = at;
  if (value.size() != length) value.clear();
  return out;
}

}  // namespace

DetectorOutput FindIbans(const DetectorInput& input) {
  DetectorOutput out;
  const std::string_view text = input.text;
  std::size_t tried = 0;
  for (std::size_t at = 0; at + 5 <= text.size(); ++at) {
    if (!MayBegin(text, at)) continue;
    if (++tried % 1024 == 0 && input.deadline.Expired()) {
      out.expired = true;
      return out;
    }
    const char country[] = {Upper(text[at]), Upper(text[at + 1])};
    const std::size_t length = IbanLength(std::string_view(country, 2));
    Reading reading = length == 0 ? Reading() : Read(text, at, length);
    if (reading.value.empty() || !RightEdge(text, reading.end) || !IsIban(reading.value)) continue;
    if (out.values.size() >= kMaxValuesPerUnit) {
      out.truncated = true;
      return out;
    }
    const Level level = reading.printed ? Level::kHigh : Level::kMedium;
    out.values.push_back({at, reading.end, level, std::move(reading.value)});
    at = reading.end - 1;
  }
  return out;
}

}  // namespace lazaret::rules
