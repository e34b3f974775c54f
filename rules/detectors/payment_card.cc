// Payment card numbers: ISO/IEC 7812 issuer ranges and lengths, Luhn, printed grouping, words near
// by.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "rules/detectors/card_issuers.h"
#include "rules/detectors/detector.h"
#include "rules/detectors/evidence.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"

namespace lazaret::rules {
namespace {

// How numbers are printed on cards and in letters; a single group of any length is also a number.
constexpr std::array<std::string_view, 9> kShapes = {"4444", "44443", "44442", "44441", "465",
                                                     "464",  "88",    "6A",    "6D"};

// So many distinct numbers raise each other by one level, by two.
constexpr std::size_t kRepeated = 3;
constexpr std::size_t kMany = 10;
// A neighbour joined by '-' or '/' that has so many digits is another card of a list.
constexpr std::size_t kMinNeighbour = 13;

constexpr std::size_t kMinLength = 12;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool Joins(char c) { return c == '-' || c == '/'; }

bool HasEqualRun(std::string_view digits, std::size_t length) {
  std::size_t run = 1;
  for (std::size_t i = 1; i < digits.size(); ++i) {
    run = digits[i] == digits[i - 1] ? run + 1 : 1;
    if (run >= length) return true;
  }
  return false;
}

bool HasCardShape(std::string_view shape) {
  return std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end();
}

// True at the beginning of a line and of a table's cell.
bool BeginsCell(std::string_view text, std::size_t at) {
  if (BeginsLine(text, at)) return true;
  while (at > 0 && text[at - 1] == ' ') --at;
  return at > 0 && IsCellDivider(text[at - 1]);
}

// Groups as on a card, at a line break whole or cut. A number in one piece that a line break cut is
// none where it is a column of numbers.
bool MayBeCard(std::string_view text, const NumberStart& start, std::size_t count) {
  if (count == 1) return true;
  if (!start.IsBroken(count)) return HasCardShape(start.Shape(count, false));
  if (IsCellDivider(start.separator)) return false;
  if (count == 2) return !BeginsCell(text, start.groups[0].begin);
  return HasCardShape(start.Shape(count, false)) || HasCardShape(start.Shape(count, true));
}

bool IsAlnum(char c) { return IsDigit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

// Exactly four digits stand at `at`, or four letters and digits as at the head of an IBAN.
bool FourAt(std::string_view text, std::size_t at, bool letters) {
  const auto belongs = [&](std::size_t i) {
    return i < text.size() && (letters ? IsAlnum(text[i]) : IsDigit(text[i]));
  };
  const bool whole = belongs(at + 3) && belongs(at) && belongs(at + 1) && IsDigit(text[at + 2]);
  return whole && (at == 0 || !belongs(at - 1)) && !belongs(at + 4);
}

// Groups of four inside a longer row of them: a table of years or amounts has that form too, and
// so have tracking numbers and IBANs.
bool InRowOfFours(std::string_view text, const NumberStart& start, std::size_t count) {
  if (count < 4 || start.groups[0].size != 4 || start.groups[3].size != 4) return false;
  const bool cells = IsCellDivider(start.separator);
  std::size_t begin = start.groups[0].begin;
  std::size_t end = start.groups[count - 1].end();
  if (start.separator == kOddDivider) {
    const std::size_t before = OddSignBefore(text, begin);
    const std::size_t after = OddSignAt(text, end);
    return (before != 0 && begin > before && IsDigit(text[begin - before - 1])) ||
           (after != 0 && end + after < text.size() && IsDigit(text[end + after]));
  }
  // A divider may have a blank on either side.
  const auto blank = [&](std::size_t at) { return cells && at < text.size() && text[at] == ' '; };
  if (begin > 0 && blank(begin - 1)) --begin;
  if (begin > 0 && text[begin - 1] == start.separator) {
    --begin;
    if (begin > 0 && blank(begin - 1)) --begin;
    if (begin >= 4 && FourAt(text, begin - 4, true)) return true;
  }
  if (blank(end)) ++end;
  if (end >= text.size() || text[end] != start.separator) return false;
  ++end;
  if (blank(end)) ++end;
  return FourAt(text, end, false);
}

std::size_t DigitsEnd(std::string_view text, std::size_t at, std::size_t most) {
  const std::size_t begin = at;
  while (at < text.size() && at - begin < most && IsDigit(text[at])) ++at;
  return at;
}

std::size_t DigitsBegin(std::string_view text, std::size_t end, std::size_t most) {
  std::size_t at = end;
  while (at > 0 && end - at < most && IsDigit(text[at - 1])) --at;
  return at;
}

// "/12/27", "|12|2027", " 12/27": the expiry behind a card.
bool IsExpiry(std::string_view text, std::size_t at) {
  constexpr std::string_view kBefore = "/-|,; ";
  constexpr std::string_view kBetween = "/-|";
  if (at >= text.size() || kBefore.find(text[at]) == std::string_view::npos) return false;
  const std::size_t month = DigitsEnd(text, at + 1, 3);
  if (month - at != 3 || month >= text.size() ||
      kBetween.find(text[month]) == std::string_view::npos)
    return false;
  const std::string_view digits = text.substr(at + 1, 2);
  const std::size_t end = DigitsEnd(text, month + 1, 5);
  const std::size_t year = end - month - 1;
  // "12/24/2026" is a date; a code of three or four digits may follow "12/2027" or "12|27".
  const bool date = text[month] == '/' && year == 2 && end + 1 < text.size() && text[end] == '/' &&
                    IsDigit(text[end + 1]);
  return digits >= "01" && digits <= "12" && (year == 2 || year == 4) && !date;
}

// "%B4539...^NAME^" and ";4539...=2712...": the tracks of a card's stripe (ISO/IEC 7813).
bool IsTrack(std::string_view text, std::size_t begin, std::size_t end) {
  if (end >= text.size() || begin == 0) return false;
  return (text[begin - 1] == 'B' && text[end] == '^') ||
         (text[begin - 1] == ';' && text[end] == '=');
}

// A number that goes on behind '-' or '/' is part of something longer: an order number, a date, a
// path. An expiry or another number as long as a card is not.
bool GoesOn(std::string_view text, std::size_t begin, std::size_t end) {
  if (end + 1 < text.size() && Joins(text[end]) && IsDigit(text[end + 1]) && !IsExpiry(text, end)) {
    const std::size_t size = DigitsEnd(text, end + 1, kMaxNumberDigits + 1) - end - 1;
    if (size < kMinNeighbour || size > kMaxNumberDigits) return true;
  }
  if (begin < 2 || !Joins(text[begin - 1]) || !IsDigit(text[begin - 2])) return false;
  const std::size_t size = begin - 1 - DigitsBegin(text, begin - 1, kMaxNumberDigits + 1);
  return size < kMinNeighbour || size > kMaxNumberDigits;
}

const EvidenceWords& CardWords() {
  static const EvidenceWords kWords = {{"card",
                                        "credit card",
                                        "creditcard",
                                        "cardnumber",
                                        "cardno",
                                        "debit card",
                                        "visa",
                                        "mastercard",
                                        "amex",
                                        "american express",
                                        "discover",
                                        "jcb",
                                        "diners",
                                        "unionpay",
                                        "maestro",
                                        "rupay",
                                        "mir",
                                        "expiry",
                                        "expires",
                                        "expiration",
                                        "exp",
                                        "exp date",
                                        "valid thru",
                                        "valid through",
                                        "cvv",
                                        "cvv2",
                                        "cvc",
                                        "cvc2",
                                        "security code",
                                        "cardholder",
                                        "pan",
                                        "carte",
                                        "kreditkarte",
                                        "kreditkartennummer",
                                        "kartennummer",
                                        "tarjeta",
                                        "carta di credito",
                                        "信用卡",
                                        "卡号",
                                        "有效期",
                                        "安全码",
                                        "银行卡",
                                        "储蓄卡",
                                        "借记卡",
                                        "银联",
                                        "持卡人",
                                        "工资卡",
                                        "开户行",
                                        "カード番号",
                                        "クレジットカード"},
                                       ContradictingWords(),
                                       kWindowBefore,
                                       kWindowAfter};
  return kWords;
}

class CardFinder final : public NumberDetector {
 public:
  explicit CardFinder(const DetectorInput& input) : input_(input) {}

  bool Take(const NumberStart& start) override {
    if (!start.in_url) Try(start);
    out_.truncated = points_.size() >= kMaxValuesPerUnit;
    return !out_.truncated;
  }

  DetectorOutput Finish() override {
    Grade();
    return std::move(out_);
  }

 private:
  // The longest reading first: 4-4-4-4-3 before 4-4-4-4; but one line before two.
  void Try(const NumberStart& start) {
    const std::size_t of_line = start.broken_before == 0 ? start.count : start.broken_before;
    if (!TryLongest(start, 0, of_line)) TryLongest(start, of_line, start.count);
  }

  bool TryLongest(const NumberStart& start, std::size_t above, std::size_t most) {
    for (std::size_t count = most; count > above; --count) {
      if (TryReading(start, count)) return true;
    }
    return false;
  }

  bool TryReading(const NumberStart& start, std::size_t count) {
    const std::size_t begin = start.groups[0].begin;
    const std::size_t end = start.groups[count - 1].end();
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length += start.groups[i].size;
    if (length < kMinLength) return false;
    const bool grouped = count > (start.IsBroken(count) ? 2U : 1U);
    const bool single_digits = grouped && length == count;
    if (!single_digits && !MayBeCard(input_.text, start, count)) return false;
    const bool row = InRowOfFours(input_.text, start, count);
    const bool cells = IsCellDivider(start.separator);
    if (row && cells) return false;
    if (!RightEdge(input_.text, end) || GoesOn(input_.text, begin, end)) return false;
    if (InBase64Line(input_.text, begin, end)) return false;
    // Inside a row of groups: the middle of a number that was found.
    if (begin < last_end_) return true;
    std::string digits = start.Digits(input_.text, count);
    const bool seen_before = distinct_.count(digits) != 0;
    if (!seen_before) ++tried_;
    const IssuerRange* issuer = FindIssuer(digits);
    if (issuer != nullptr && !seen_before) ++tried_of_issuers_;
    if (issuer == nullptr || !IsLuhn(digits) || HasEqualRun(digits, 5) || IsTestNumber(digits))
      return false;
    const bool broken = start.IsBroken(count);
    const bool framed = !broken && (IsExpiry(input_.text, end) || IsTrack(input_.text, begin, end));
    const int near = EvidenceNear(input_.text, begin, end, CardWords());
    const int evidence = framed ? std::min(near + 1, 1) : near;
    const bool needs_word = issuer->keyword || single_digits || start.separator == kOddDivider;
    if (needs_word && evidence <= 0) return false;
    // A number at the end of a line and one at the beginning of the next: too likely by chance.
    if (issuer->keyword && broken && !grouped) return false;
    const bool printed = grouped && !single_digits && !row && !cells;
    int points = (printed ? 1 : 0) + evidence;
    if (points == 0 && evidence == 0 && SubjectSupports(input_.subject, CardWords())) points = 1;
    last_end_ = end;
    if (points >= 0) distinct_.insert(digits);
    out_.values.push_back({begin, end, Level::kLow, std::move(digits)});
    points_.push_back(points);
    return true;
  }

  // Three distinct valid numbers out of few tried ones do not come by chance (one in ten of those
  // with an issuer's prefix, one in forty of all), and ten are beyond doubt.
  int PointsOfRepetition() const {
    const std::size_t distinct = distinct_.size();
    const bool by_chance = distinct * 10 < tried_ * 3 && distinct * 2 < tried_of_issuers_;
    if (distinct < kRepeated || by_chance) return 0;
    return distinct < kMany ? 1 : 2;
  }

  void Grade() {
    const int repetition = PointsOfRepetition();
    std::vector<DetectedValue> kept;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (points_[i] < 0) continue;
      out_.values[i].confidence = LevelOfPoints(points_[i] + repetition);
      kept.push_back(std::move(out_.values[i]));
    }
    out_.values = std::move(kept);
  }

  const DetectorInput& input_;
  DetectorOutput out_;
  std::vector<int> points_;
  std::set<std::string> distinct_;
  std::size_t tried_ = 0;
  std::size_t tried_of_issuers_ = 0;
  std::size_t last_end_ = 0;
};

}  // namespace

DetectorOutput FindPaymentCards(const DetectorInput& input) {
  CardFinder finder(input);
  return ScanNumbers(input, finder);
}

std::unique_ptr<NumberDetector> MakePaymentCardDetector(const DetectorInput& input) {
  return std::make_unique<CardFinder>(input);
}

}  // namespace lazaret::rules
