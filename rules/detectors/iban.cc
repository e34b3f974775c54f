// IBANs: ISO 13616, electronic form and the printed form in groups of four, either case.
#include <cctype>
#include <string>
#include <string_view>

#include "base/text.h"
#include "rules/detectors/detector.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"

namespace lazaret::rules {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool IsAlnum(char c) { return IsDigit(c) || IsLetter(c); }
char Upper(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

// "IBANDE79...": its own name may stand directly in front.
bool BehindItsName(std::string_view text, std::size_t at) {
  constexpr std::string_view kName = "iban";
  return at >= kName.size() &&
         base::AsciiEqualNoCase(text.substr(at - kName.size(), kName.size()), kName) &&
         LeftEdge(text, at - kName.size());
}

// The country's two letters begin at `at`, and the two check digits follow, one character each
// `step`.
bool MayBegin(std::string_view text, std::size_t at, std::size_t step) {
  return at + 3 * step < text.size() && IsLetter(text[at]) && IsLetter(text[at + step]) &&
         IsDigit(text[at + 2 * step]) && IsDigit(text[at + 3 * step]) &&
         (LeftEdge(text, at) || BehindItsName(text, at));
}

constexpr std::size_t kNowhere = std::string_view::npos;

// Where an IBAN with its first check digit at `digit` may begin: "DE79", and "D E 7 9" of a form
// with one character a box. kNowhere when none may.
std::size_t BeginBefore(std::string_view text, std::size_t digit) {
  if (digit < 2) return kNowhere;
  // Most digits of most texts.
  if (text[digit - 1] != ' ')
    return IsLetter(text[digit - 1]) && MayBegin(text, digit - 2, 1) ? digit - 2 : kNowhere;
  const bool boxes =
      digit >= 4 && digit + 2 < text.size() && text[digit - 3] == ' ' && text[digit + 1] == ' ';
  return boxes && MayBegin(text, digit - 4, 2) ? digit - 4 : kNowhere;
}

std::string CountryAt(std::string_view text, std::size_t at) {
  const char second = text[at + 1] == ' ' ? text[at + 2] : text[at + 1];
  return {Upper(text[at]), Upper(second)};
}

struct Reading {
  std::string value;  // empty when something else stands in between
  std::size_t end = 0;
  bool printed = true;  // in one piece or in groups of four
};

bool IsBetween(char c) { return c == ' ' || c == '-' || c == '_'; }

// Reads `length` letters and digits; single separators, all the same, may stand between, and one
// line break when that is allowed.
class Reader {
 public:
  Reader(std::string_view text, std::size_t begin, std::size_t length)
      : text_(text), at_(begin), length_(length) {}

  Reading Run(bool may_break) {
    may_break_ = may_break;
    std::string& value = out_.value;
    while (value.size() < length_ && at_ < text_.size()) {
      const char c = text_[at_];
      if (IsAlnum(c)) {
        value += Upper(c);
        ++at_;
      } else if (value.empty() || !(Break() || Separate(c))) {
        return {};
      }
    }
    if (value.size() != length_) return {};
    // A line break alone says nothing of groups: one number may be at the end of a line and another
    // at the beginning of the next.
    if (broken_ && separator_ == 0) out_.printed = false;
    out_.end = at_;
    return std::move(out_);
  }

 private:
  bool Break() {
    std::size_t next = may_break_ && !broken_ ? AfterLineBreak(text_, at_) : kNone;
    const bool dash = may_break_ && !broken_ && next == kNone && text_[at_] == '-';
    if (dash) next = AfterLineBreak(text_, at_ + 1);
    if (next == kNone) return false;
    broken_ = true;
    at_ = next;
    return true;
  }

  bool Separate(char c) {
    if (!IsBetween(c) || (separator_ != 0 && separator_ != c) || text_[at_ - 1] == c) return false;
    separator_ = c;
    if (out_.value.size() % 4 != 0) out_.printed = false;
    ++at_;
    return true;
  }

  static constexpr std::size_t kNone = std::string_view::npos;
  std::string_view text_;
  std::size_t at_;
  std::size_t length_;
  bool may_break_ = false;
  bool broken_ = false;
  char separator_ = 0;
  Reading out_;
};

bool IsValid(std::string_view text, const Reading& reading) {
  return !reading.value.empty() && RightEdge(text, reading.end) && IsIban(reading.value);
}

// What stands in one line first.
Reading Read(std::string_view text, std::size_t begin, std::size_t length) {
  Reading reading = Reader(text, begin, length).Run(false);
  if (!IsValid(text, reading)) reading = Reader(text, begin, length).Run(true);
  if (!IsValid(text, reading)) reading.value.clear();
  return reading;
}

}  // namespace

DetectorOutput FindIbans(const DetectorInput& input) {
  DetectorOutput out;
  const std::string_view text = input.text;
  std::size_t tried = 0;
  std::size_t from = 0;  // behind the last value
  for (std::size_t digit = NextDigit(text, 0); digit < text.size();
       digit = NextDigit(text, digit + 1)) {
    const std::size_t at = BeginBefore(text, digit);
    if (at == kNowhere || at < from) continue;
    if (++tried % 1024 == 0 && input.deadline.Expired()) {
      out.expired = true;
      return out;
    }
    const std::size_t length = IbanLength(CountryAt(text, at));
    Reading reading = length == 0 ? Reading() : Read(text, at, length);
    if (reading.value.empty()) continue;
    if (out.values.size() >= kMaxValuesPerUnit) {
      out.truncated = true;
      return out;
    }
    const Level level = reading.printed ? Level::kHigh : Level::kMedium;
    out.values.push_back({at, reading.end, level, std::move(reading.value)});
    from = reading.end;
  }
  return out;
}

}  // namespace lazaret::rules
