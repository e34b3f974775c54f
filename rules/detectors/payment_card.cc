// Payment card numbers: ISO/IEC 7812 issuer ranges and lengths, Luhn, printed grouping, words near
// by.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "rules/detectors/detector.h"
#include "rules/detectors/evidence.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"

namespace lazaret::rules {
namespace {

// One issuer range. `keyword`: the range is so wide or the length so short that a word near by is
// needed.
struct IssuerRange {
  std::string_view low;
  std::string_view high;
  std::size_t min_length;
  std::size_t max_length;
  bool keyword;
};

constexpr IssuerRange kIssuers[] = {
    {"4", "4", 16, 16, false},        // Visa
    {"4", "4", 13, 13, true},         // Visa, old length: also EAN-13 with prefix 4
    {"4", "4", 19, 19, true},         // Visa
    {"51", "55", 16, 16, false},      // Mastercard
    {"2221", "2720", 16, 16, false},  // Mastercard
    {"34", "34", 15, 15, false},      // American Express
    {"37", "37", 15, 15, false},      // American Express
    {"6011", "6011", 16, 19, false},  // Discover
    {"644", "649", 16, 19, false},    // Discover
    {"65", "65", 16, 19, false},      // Discover
    {"3528", "3589", 16, 19, false},  // JCB
    {"300", "305", 14, 19, false},    // Diners Club
    {"36", "36", 14, 19, false},      // Diners Club
    {"38", "39", 14, 19, false},      // Diners Club
    {"62", "62", 16, 19, false},      // UnionPay
    {"2200", "2204", 16, 19, false},  // Mir
    {"50", "50", 12, 19, true},       // Maestro
    {"56", "69", 12, 19, true},       // Maestro
    {"60", "60", 16, 16, true},       // RuPay
    {"81", "82", 16, 16, true},       // RuPay
};

// So many distinct numbers raise each other by one level, by two.
constexpr std::size_t kRepeated = 3;
constexpr std::size_t kMany = 10;
// A neighbour joined by '-' or '/' that has so many digits is another card of a list.
constexpr std::size_t kMinNeighbour = 13;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool Joins(char c) { return c == '-' || c == '/'; }

// How numbers are printed on cards and in letters; a single group of any length is also a number.
constexpr std::array<std::string_view, 9> kShapes = {"4444", "44443", "44442", "44441", "465",
                                                     "464",  "88",    "6A",    "6D"};

// Numbers that issuers and payment services publish for tests: never a leak. docs/rules.md names
// them.
constexpr std::string_view kTestNumbers[] = {
    "30569309025904",      "3056930009020004", "3530111333300000", "3566002020360505",
    "36227206271667",      "371449635398431",  "374245455400126",  "378282246310005",
    "378734493671000",     "38520000023237",   "4000000000000002", "4000000000003220",
    "4000000000009995",    "4000002500003155", "4000002760003184", "4000056655665556",
    "4001919257537193",    "4007702835532454", "4012888888881881", "4111111111111111",
    "4222222222222",       "4242424242424242", "4263982640269299", "4462030000000000",
    "4508750015741019",    "4917484589897107", "4917610000000000", "4917610000000000003",
    "5019717010103742",    "5105105105105100", "5200828282828210", "5425233430109903",
    "5500005555555559",    "5555555555554444", "5610591081018250", "6011000990139424",
    "6011111111111117",    "6011981111111113", "6062826786276634", "6200000000000005",
    "6205500000000000004", "6304000000000000", "6331101999990016", "6362970000457013",
    "6555900000604105",    "2222405343248877", "2223000048400011", "2223003122003222"};

bool IsTestNumber(std::string_view digits) {
  return std::find(std::begin(kTestNumbers), std::end(kTestNumbers), digits) !=
         std::end(kTestNumbers);
}

bool HasEqualRun(std::string_view digits, std::size_t length) {
  std::size_t run = 1;
  for (std::size_t i = 1; i < digits.size(); ++i) {
    run = digits[i] == digits[i - 1] ? run + 1 : 1;
    if (run >= length) return true;
  }
  return false;
}

const IssuerRange* FindIssuer(std::string_view digits) {
  const IssuerRange* weak = nullptr;
  for (const IssuerRange& range : kIssuers) {
    const std::string_view prefix = digits.substr(0, range.low.size());
    if (prefix < range.low || prefix > range.high) continue;
    if (digits.size() < range.min_length || digits.size() > range.max_length) continue;
    if (!range.keyword) return &range;
    weak = &range;
  }
  return weak;
}

bool HasCardShape(const NumberStart& start, std::size_t count) {
  std::string shape;
  for (std::size_t i = 0; i < count; ++i) shape += "0123456789ABCDEFGHIJ"[start.groups[i].size];
  return std::find(kShapes.begin(), kShapes.end(), shape) != kShapes.end();
}

// Exactly four digits stand at `at`.
bool FourDigitsAt(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && end - at < 5 && text[end] >= '0' && text[end] <= '9') ++end;
  const bool begins = at == 0 || text[at - 1] < '0' || text[at - 1] > '9';
  return begins && end - at == 4;
}

// Four groups of four inside a longer row of them: a table of years or amounts has that form too.
bool InRowOfFours(std::string_view text, const NumberStart& start, std::size_t count) {
  if (count != 4 || start.groups[0].size != 4) return false;
  const std::size_t begin = start.groups[0].begin;
  const std::size_t end = start.groups[3].end();
  const bool before =
      begin >= 5 && text[begin - 1] == start.separator && FourDigitsAt(text, begin - 5);
  const bool after =
      end < text.size() && text[end] == start.separator && FourDigitsAt(text, end + 1);
  return before || after;
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

// "/12/27", "-12/2027": the expiry behind a card.
bool IsExpiry(std::string_view text, std::size_t at) {
  const std::size_t month = DigitsEnd(text, at + 1, 3);
  if (month - at != 3 || month >= text.size() || !Joins(text[month])) return false;
  const std::string_view digits = text.substr(at + 1, 2);
  const std::size_t year = DigitsEnd(text, month + 1, 5) - month - 1;
  return digits >= "01" && digits <= "12" && (year == 2 || year == 4);
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

class CardFinder {
 public:
  explicit CardFinder(const DetectorInput& input) : input_(input) {}

  DetectorOutput Run() {
    NumberScanner scanner(input_.text);
    NumberStart start;
    for (std::size_t seen = 0; scanner.Next(start); ++seen) {
      if (seen % 256 == 0 && input_.deadline.Expired()) {
        out_.expired = true;
        return std::move(out_);
      }
      if (!start.in_url) Try(start);
      if (points_.size() >= kMaxValuesPerUnit) {
        out_.truncated = true;
        break;
      }
    }
    Finish();
    return std::move(out_);
  }

 private:
  void Try(const NumberStart& start) {
    std::size_t length = 0;
    // The longest reading first: 4-4-4-4-3 before 4-4-4-4.
    std::array<std::size_t, kMaxNumberDigits> counts{};
    std::size_t readings = 0;
    for (std::size_t count = 1; count <= start.count; ++count) {
      length += start.groups[count - 1].size;
      if (length >= 12) counts[readings++] = count;
    }
    while (readings > 0) {
      if (TryReading(start, counts[--readings])) return;
    }
  }

  bool TryReading(const NumberStart& start, std::size_t count) {
    const std::size_t begin = start.groups[0].begin;
    const std::size_t end = start.groups[count - 1].end();
    const bool grouped = count > 1;
    const bool single_digits = grouped && end - begin == 2 * count - 1;
    if (grouped && !single_digits && !HasCardShape(start, count)) return false;
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
    const int evidence = EvidenceNear(input_.text, begin, end, CardWords());
    if ((issuer->keyword || single_digits) && evidence <= 0) return false;
    const bool printed = grouped && !single_digits && !InRowOfFours(input_.text, start, count);
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

  void Finish() {
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

DetectorOutput FindPaymentCards(const DetectorInput& input) { return CardFinder(input).Run(); }

}  // namespace lazaret::rules
