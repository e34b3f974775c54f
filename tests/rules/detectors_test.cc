#include <string>
#include <vector>

#include "base/unicode/normalize.h"
#include "rules/detectors/detector.h"
#include "rules/detectors/evidence.h"
#include "rules/detectors/iban_table.h"
#include "rules/detectors/mask.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

constexpr Date kToday{2026, 11, 24};

std::vector<DetectedValue> Find(DetectorOutput (*find)(const DetectorInput&),
                                std::string_view text) {
  const base::NormalizedText normal = base::NormalizeForDetection(text);
  return find({normal.view(), {}, kToday, base::Deadline()}).values;
}

// "none", "low", "medium" or "high": the confidence of the only value, or how many there are.
std::string Card(std::string_view text) {
  const auto values = Find(FindPaymentCards, text);
  if (values.empty()) return "none";
  return values.size() == 1 ? std::string(Name(values[0].confidence))
                            : std::to_string(values.size());
}
std::string Iban(std::string_view text) {
  const auto values = Find(FindIbans, text);
  if (values.empty()) return "none";
  return values.size() == 1 ? std::string(Name(values[0].confidence))
                            : std::to_string(values.size());
}
std::string Resident(std::string_view text) {
  const auto values = Find(FindCnResidentIds, text);
  if (values.empty()) return "none";
  return values.size() == 1 ? std::string(Name(values[0].confidence))
                            : std::to_string(values.size());
}

std::string WithLuhn(std::string digits) {
  for (char c = '0'; c <= '9'; ++c) {
    if (IsLuhn(digits + c)) return digits + c;
  }
  return {};
}

std::string WithIbanCheck(const std::string& country, const std::string& bban) {
  for (int check = 2; check <= 98; ++check) {
    const std::string value = country + (check < 10 ? "0" : "") + std::to_string(check) + bban;
    if (IsIban(value)) return value;
  }
  return {};
}

std::string WithResidentCheck(const std::string& seventeen) {
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

TEST_CASE("payment_card: what is a card number and how sure that is") {
  const std::string visa = WithLuhn("453957876362148");
  REQUIRE(visa == "4539578763621486");
  const std::string amex = WithLuhn("37144963539843");
  const std::vector<Case> cases = {
      {visa, "low", "a bare valid number: one of 43 random ones is"},
      {"Card " + visa, "medium", "a word raises"},
      {"4539 5787 6362 1486", "medium", "printed grouping raises"},
      {"4539-5787-6362-1486", "medium", "printed grouping with dashes"},
      {"4539.5787.6362.1486", "medium", "printed grouping with dots"},
      {"Card number 4539 5787 6362 1486, expiry 09/29", "high", "both"},
      {"信用卡号：４５３９５７８７６３６２１４８６", "medium", "full-width digits, Chinese word"},
      {"卡号4539 5787 6362 1486有效期09/29", "high", "no space beside Chinese letters"},
      {"4539 5787\n6362 1486", "medium", "one line break between groups of four"},
      {"card 4539 5787 6362 1486 0929", "medium", "the expiry behind it does not hide it"},
      {"1999 4539 5787 6362 1486", "low", "a row of groups of four is a table as well"},
      {"4539 5787 6362 1486 2004", "low", "a row of groups of four is a table as well"},
      {"card 4 5 3 9 5 7 8 7 6 3 6 2 1 4 8 6", "medium", "single digits need a word"},
      {"12 4539 5787 6362 1486", "medium", "a group of another size in front"},
      {"Amex " + WithLuhn("37828224631000"), "none", "published test number 378282246310005"},
      {"amex 3714 496353 98431", "none", "published test number in its grouping"},
      {"amex " + WithLuhn("37449635398432"), "medium", "15 digits"},
      {"amex 3744 963539 8432" + WithLuhn("37449635398432").substr(14), "high", "4-6-5 grouping"},
      {"unionpay 6222 0202 0011 2233 " + WithLuhn("622202020011223344").substr(16), "high",
       "19 digits in 4-4-4-4-3"},
      {"银行卡 " + WithLuhn("622202020011223344"), "medium", "19 digits bare"},
      {"maestro " + WithLuhn("56781234567"), "medium", "12 digits with its word"},
  };
  for (const Case& test : cases) {
    INFO(test.text << ": " << test.why);
    CHECK(Card(test.text) == test.expected);
  }
  CHECK_FALSE(amex.empty());
}

TEST_CASE("payment_card: what looks like one and is none") {
  const std::vector<Case> cases = {
      {"Card number 4539 5787 6362 1487", "none", "check digit"},
      {"Card 4111 1111 1111 1111", "none", "published test number, and a run of equal digits"},
      {"Card 4242 4242 4242 4242", "none", "published test number"},
      {"Card 5555 5555 5555 4444", "none", "published test number"},
      {"Card " + WithLuhn("453900000123456"), "none", "five equal digits in a row"},
      {"Order 4539578763621486 has shipped", "none", "order lowers a bare number"},
      {"订单号4539578763621486", "none", "order number in Chinese"},
      {"运单号：4539578763621486", "none", "tracking number in Chinese"},
      {"Tracking 4539 5787 6362 1486", "low", "grouping raises, tracking lowers"},
      {"https://shop.example/pay/card/4539578763621486", "none", "part of a URL"},
      {"www.example.org/4539578763621486 card", "none", "part of a URL"},
      {"card X4539578763621486", "none", "behind a letter"},
      {"card 4539578763621486B", "none", "before a letter"},
      {"card 45395787636214861", "none", "17 digits"},
      {"card 3.4539578763621486", "none", "a decimal fraction"},
      {"card 4539578763621486.25", "none", "an amount"},
      {"card 4539578763621486@example.org", "none", "a mail address"},
      {"card +4539 5787 6362 1486", "none", "a telephone number"},
      {"card id 550e8400-e29b-41d4-a716-446655440000", "none", "a UUID"},
      {"4539\n5787\n6362\n1486", "none", "a column of numbers"},
      {"4 5 3 9 5 7 8 7 6 3 6 2 1 4 8 6", "none", "single digits without a word"},
      {"card 4539 578763 621486", "none", "a grouping that no card has"},
      {"card 112-4539578763621486-7", "none", "part of a longer number with dashes"},
      {"4539-5787 6362.1486 card", "none", "separators that change"},
      {"4" + std::string(5000, '1'), "none", "a long run of digits"},
      {WithLuhn("400638133393"), "none", "EAN-13 beginning with 4, no word"},
      {WithLuhn("56781234567"), "none", "12 digits without a word"},
      {"card " + std::string(40, 'A') + "/4539578763621486/" + std::string(40, 'b'), "none",
       "a base64 line"},
  };
  for (const Case& test : cases) {
    INFO(test.text.substr(0, 80) << ": " << test.why);
    CHECK(Card(test.text) == test.expected);
  }
}

TEST_CASE("payment_card: three distinct numbers raise each other, three of many tries do not") {
  const std::vector<std::string> numbers = {
      WithLuhn("453957876362148"), WithLuhn("510239487561203"), WithLuhn("401288123456789")};
  std::string list;
  for (const auto& number : numbers) list += number + "\n";
  for (const auto& value : Find(FindPaymentCards, list)) CHECK(value.confidence == Level::kMedium);
  CHECK(Find(FindPaymentCards, list).size() == 3);
  for (const auto& value : Find(FindPaymentCards, numbers[0] + "\n" + numbers[1]))
    CHECK(value.confidence == Level::kLow);
  std::string many = list;
  for (int i = 0; i < 20; ++i) many += "45395787636214" + std::to_string(10 + i) + "\n";
  for (const auto& value : Find(FindPaymentCards, many)) CHECK(value.confidence == Level::kLow);
}

std::vector<std::string> ThirtyCards() {
  std::vector<std::string> cards;
  for (int i = 0; cards.size() < 30; ++i) {
    const std::string middle = std::to_string(1357924 + i * 86'413).substr(0, 7);
    cards.push_back(WithLuhn((i % 2 == 0 ? "45395787" : "51023948") + middle));
  }
  return cards;
}

std::string Grouped(const std::string& digits, const std::string& separator) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i)
    out += (i > 0 && i % 4 == 0 ? separator : "") + digits.substr(i, 1);
  return out;
}

TEST_CASE("payment_card: many distinct numbers on one line are high, whatever divides them") {
  const auto cards = ThirtyCards();
  for (const std::string between :
       {",", ";", "\t", " ", ", ", " | ", "|", "_", "-", "/", "\",\"", "\n", "<br>"}) {
    for (const std::string inside : {"", " ", "-"}) {
      if (inside == between) continue;
      if (inside != "" && (between == "-" || between == "/" || between == "_")) continue;
      std::string line;
      for (const auto& card : cards) line += (line.empty() ? "" : between) + Grouped(card, inside);
      const auto values = Find(FindPaymentCards, line);
      INFO("between '" << between << "', inside '" << inside << "'");
      CHECK(values.size() == 30);
      for (const auto& value : values) CHECK(value.confidence == Level::kHigh);
    }
  }
  std::string blanks;
  for (const auto& card : cards) blanks += Grouped(card, " ") + " ";
  CHECK(Find(FindPaymentCards, blanks).size() == 30);
  for (const auto& value : Find(FindPaymentCards, blanks)) CHECK(value.confidence == Level::kHigh);
}

TEST_CASE(
    "payment_card: other columns of a table and repeated rows do not weaken a list of cards") {
  const auto cards = ThirtyCards();
  std::string table;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    table += std::to_string(1'732'450'000'000 + i * 77'711) + ";90" + std::to_string(i + 100) +
             "17283940561;" + cards[i % 12] + ";12.50\n";
  }
  const auto values = Find(FindPaymentCards, table);
  CHECK(values.size() == 30);
  for (const auto& value : values) CHECK(value.confidence == Level::kHigh);
}

TEST_CASE("payment_card: a table of four-digit numbers stays low") {
  std::string table;
  unsigned state = 12345;
  for (int i = 0; i < 4000; ++i) {
    state = state * 1'103'515'245U + 12'345U;
    table += std::to_string(1000 + (state >> 16) % 9000) + (i % 12 == 11 ? "\n" : " ");
  }
  for (const auto& value : Find(FindPaymentCards, table)) CHECK(value.confidence == Level::kLow);
}

TEST_CASE("payment_card: an underscore is an edge, a hexadecimal token is not") {
  const std::string visa = "4539578763621486";
  const std::vector<Case> cases = {
      {"card_" + visa + "_", "medium", "letters joined by underscores"},
      {visa + "_" + WithLuhn("510239487561203"), "2", "two cards"},
      {"2026_" + visa, "low", "a year in front"},
      {visa + "_2026", "low", "a year behind"},
      {"inv2024_" + visa + "_v2", "low", "words with digits that are not hexadecimal"},
      {"4539_5787_6362_1486", "medium", "groups joined by underscores"},
      {"scan-q3-" + visa, "none", "goes on behind a dash"},
      {"card a716-" + visa, "none", "hexadecimal in front"},
      {"card " + visa + "-4f2a", "none", "hexadecimal behind"},
      {"card 550e8400_" + visa, "none", "hexadecimal in front, underscore"},
      {"card " + visa + "/12/27", "medium", "expiry"},
      {"card " + visa + "/12/2027/123", "medium", "expiry and code"},
      {"card " + visa + "-12/27", "medium", "expiry behind a dash"},
      {"card " + visa + "/13/27", "none", "no month"},
      {"card " + visa + "/12/271", "none", "no year"},
  };
  for (const Case& test : cases) {
    INFO(test.text << ": " << test.why);
    CHECK(Card(test.text) == test.expected);
  }
}

TEST_CASE("payment_card: issuer ranges hold at their edges") {
  CHECK(Card("card " + WithLuhn("222012345678123")) == "none");
  CHECK(Card("card " + WithLuhn("222112345678123")) == "medium");
  CHECK(Card("card " + WithLuhn("272012345678123")) == "medium");
  CHECK(Card("card " + WithLuhn("272112345678123")) == "none");
  CHECK(Card("card " + WithLuhn("352712345678123")) == "none");
  CHECK(Card("card " + WithLuhn("352812345678123")) == "medium");
  CHECK(Card("card " + WithLuhn("358912345678123")) == "medium");
  CHECK(Card("card " + WithLuhn("359012345678123")) == "none");
}

TEST_CASE("iban: each country's shape adds up to its length, and a made-up number of it is found") {
  std::size_t countries = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) {
      const IbanCountry* country = FindIbanCountry(std::string{a, b});
      if (country == nullptr) continue;
      ++countries;
      std::string bban;
      std::size_t count = 0;
      for (char c : country->shape) {
        if (c >= '0' && c <= '9') {
          count = count * 10 + static_cast<std::size_t>(c - '0');
          continue;
        }
        bban.append(count, c == 'n' ? '7' : c == 'a' ? 'Q' : 'Z');
        count = 0;
      }
      INFO(country->code);
      CHECK(bban.size() + 4 == country->length);
      CHECK(country->length <= kMaxIbanLength);
      CHECK(Iban(WithIbanCheck(std::string(country->code), bban)) == "high");
    }
  }
  CHECK(countries >= 85);
}

TEST_CASE("iban: published examples pass, near misses do not") {
  CHECK(IsIban("DE89370400440532013000"));
  CHECK(IsIban("GB29NWBK60161331926819"));
  CHECK(IsIban("NO9386011117947"));
  CHECK(IsIban("MT84MALT011000012345MTLCAST001S"));
  CHECK(IsIban("BR1800360305000010009795493C1"));
  CHECK(IsIban("SC18SSCB11010000000000001497USD"));
  CHECK_FALSE(IsIban("DE89370400440532013001"));
  CHECK_FALSE(IsIban("DE8937040044053201300"));
  CHECK_FALSE(IsIban("GB2912345660161331926819"));
  CHECK_FALSE(IsIban("US89370400440532013000"));
  CHECK_FALSE(IsIban("DE"));
  CHECK_FALSE(IsIban(""));
}

TEST_CASE("iban: found in all the ways it is written") {
  const std::string value = WithIbanCheck("DE", "663923321468819736");
  REQUIRE(value.size() == 22);
  std::string spaced;
  for (std::size_t i = 0; i < value.size(); ++i)
    spaced += (i % 4 == 0 && i > 0 ? " " : "") + std::string(1, value[i]);
  std::string lower;
  for (char c : value) lower += static_cast<char>(std::tolower(c));
  const std::vector<Case> cases = {
      {"IBAN " + value, "high", "electronic form"},
      {spaced, "high", "printed form"},
      {lower, "high", "lower case"},
      {"账号：" + value + "，谢谢", "high", "beside Chinese"},
      {spaced + " please", "high", "a word behind it"},
      {value + "\n" + value, "2", "two"},
      {value.substr(0, 6) + " " + value.substr(6, 8) + " " + value.substr(14), "medium",
       "other groups"},
      {"X" + value, "none", "behind a letter"},
      {value + "7", "none", "one digit more"},
      {value.substr(0, 21), "none", "one digit short"},
      {value.substr(0, 10) + "  " + value.substr(10), "none", "space in the wrong place"},
      {"KEY DE12 3456 7890 1234 5678 90", "none", "check digits"},
      {"AB12-CD34-EF56-GH78-IJ90", "none", "a product key"},
  };
  for (const Case& test : cases) {
    INFO(test.text << ": " << test.why);
    CHECK(Iban(test.text) == test.expected);
  }
}

TEST_CASE("cn_resident_id: what is one") {
  const std::string value = WithResidentCheck("11010119900307447");
  REQUIRE(value == "110101199003074477");
  std::string with_x;
  for (int serial = 100; with_x.empty(); ++serial) {
    const std::string candidate = WithResidentCheck("44030619851224" + std::to_string(serial));
    if (candidate.back() == 'X') with_x = candidate;
  }
  std::string lower_x = with_x;
  lower_x.back() = 'x';
  const std::vector<Case> cases = {
      {value, "high", "region, date and check digit need no word"},
      {"身份证号码110101199003074477请勿外传", "high", "no boundary in Chinese text"},
      {"１１０１０１１９９００３０７４４７７", "high", "full-width digits"},
      {"110101 19900307 4477", "high", "6-8-4"},
      {"110101-19900307-4477", "high", "6-8-4 with dashes"},
      {"110101 1990 0307 4477", "high", "6-4-4-4"},
      {"1101 0119 9003 0744 77", "high", "groups of four"},
      {"110101 1990 03 07 4477", "high", "the date in parts"},
      {"110 101 199003074477", "medium", "other groups"},
      {"身份证 110 101 199003074477", "high", "other groups and a word"},
      {"1 1 0 1 0 1 1 9 9 0 0 3 0 7 4 4 7 7", "medium", "single digits"},
      {with_x.substr(0, 6) + "-" + with_x.substr(6, 8) + "-" + with_x.substr(14, 3) + "-X", "high",
       "X in a group of its own"},
      {with_x, "high", "check character X"},
      {lower_x, "high", "lower-case x"},
      {with_x.substr(0, 6) + " " + with_x.substr(6, 8) + " " + with_x.substr(14), "high",
       "6-8-4 with X"},
      {"订单号 " + value, "medium", "order lowers"},
      {"身份证 110101900307447", "medium", "15 digits with a word"},
      {"resident id 110101900307447", "medium", "15 digits with an English word"},
  };
  for (const Case& test : cases) {
    INFO(test.text << ": " << test.why);
    CHECK(Resident(test.text) == test.expected);
  }
}

TEST_CASE("cn_resident_id: what looks like one and is none") {
  const std::vector<Case> cases = {
      {"身份证号码110101199003074478", "none", "check digit"},
      {"订单编号211010119900307447712", "none", "inside a longer number"},
      {"身份证 170101199003074477", "none", "no such province"},
      {"身份证 110001199003074477", "none", "no such prefecture in Beijing"},
      {"身份证 110101199002304477", "none", "30 February"},
      {"身份证 110101199013074477", "none", "month 13"},
      {"110101900307447", "none", "15 digits without a word"},
      {"A110101199003074477", "none", "behind a letter"},
      {"110101199003074477Z", "none", "before a letter"},
      {"https://example.org/id/110101199003074477", "none", "part of a URL"},
      {"身份证 20261124101530123", "none", "a timestamp"},
  };
  for (const Case& test : cases) {
    INFO(test.text << ": " << test.why);
    CHECK(Resident(test.text) == test.expected);
  }
}

TEST_CASE("cn_resident_id: a birth date is today at the latest") {
  const Date day{2026, 11, 24};
  std::string today;
  for (char c : std::string("0123456789X")) {
    if (IsCnResidentId(std::string("11010120261124123") + c, day))
      today = std::string("11010120261124123") + c;
  }
  REQUIRE(today.size() == 18);
  CHECK(IsCnResidentId(today, day));
  CHECK(IsCnResidentId(today, {2026, 11, 25}));
  CHECK_FALSE(IsCnResidentId(today, {2026, 11, 23}));
  CHECK_FALSE(IsCnResidentId(today, {2025, 12, 31}));
}

TEST_CASE("dates: epoch, leap days and the days around them") {
  auto at = [](std::int64_t seconds) { return DateOf({seconds * 1'000'000}); };
  CHECK((at(0).year == 1970 && at(0).month == 1 && at(0).day == 1));
  CHECK((at(951'782'400).month == 2 && at(951'782'400).day == 29));
  CHECK((at(-1).year == 1969 && at(-1).month == 12 && at(-1).day == 31));
  CHECK((at(1'795'521'600).year == 2026 && at(1'795'521'600).month == 11 &&
         at(1'795'521'600).day == 24));
  CHECK(IsRealDate({2000, 2, 29}));
  CHECK_FALSE(IsRealDate({1900, 2, 29}));
  CHECK_FALSE(IsRealDate({2001, 0, 1}));
  CHECK_FALSE(IsRealDate({2001, 4, 31}));
}

TEST_CASE("evidence: windows end where they say, and CJK counts double") {
  const std::string number = "4539578763621486";
  auto before = [&number](const std::string& between) { return Card("card" + between + number); };
  // The word itself must lie in the window whole: 4 characters and what stands between.
  CHECK(before(std::string(kWindowBefore - 4, ' ')) == "medium");
  CHECK(before(std::string(kWindowBefore - 3, ' ')) == "low");
  std::string chinese;
  for (std::size_t i = 0; i < (kWindowBefore - 4) / 2; ++i) chinese += "中";
  CHECK(before(chinese) == "medium");
  CHECK(before(chinese + "中") == "low");
  CHECK(Card(number + std::string(kWindowAfter - 4, ' ') + "card") == "medium");
  CHECK(Card(number + std::string(kWindowAfter - 3, ' ') + "card") == "low");
}

TEST_CASE("evidence: whole words for letters, the nearest word decides") {
  CHECK(Card("discard 4539578763621486") == "low");
  CHECK(Card("cards 4539578763621486") == "medium");
  CHECK(Card("order 17, paid by card 4539578763621486") == "medium");
  CHECK(Card("card holders: order 4539578763621486") == "none");
}

TEST_CASE("mask: cards show six and four, identities two and two, short values nothing") {
  CHECK(MaskValue("4539578763621486", MaskStyle::kCard) == "453957******1486");
  CHECK(MaskValue("110101199003074477", MaskStyle::kIdentity) == "11**************77");
  CHECK(MaskValue("1234567", MaskStyle::kIdentity) == "*******");
  CHECK(MaskValue("12345678", MaskStyle::kIdentity) == "12****78");
  CHECK(MaskValue("12345678901", MaskStyle::kCard) == "12*******01");
  CHECK(MaskValue("123456789012", MaskStyle::kCard) == "123456**9012");
  CHECK(MaskValue("", MaskStyle::kCard).empty());
}

TEST_CASE("mask: a hash depends on key, class and value") {
  const ValueHash hash = HashValue("key", "iban", "DE1");
  CHECK(hash == HashValue("key", "iban", "DE1"));
  CHECK(hash != HashValue("other", "iban", "DE1"));
  CHECK(hash != HashValue("key", "payment_card", "DE1"));
  CHECK(hash != HashValue("key", "iban", "DE2"));
}

TEST_CASE("detectors: an expired deadline is said, not read as nothing found") {
  for (const DetectorEntry& entry : Detectors()) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += "DE12 1234 ";
    INFO(entry.id);
    CHECK(entry.find({text, {}, kToday, base::Deadline::At(1)}).expired);
  }
}

TEST_CASE("detectors: values kept of one text end at the limit") {
  std::string text;
  std::size_t made = 0;
  for (int i = 0; made <= kMaxValuesPerUnit; ++i) {
    const std::string value =
        WithResidentCheck("1101011990" + std::string(i % 2 == 0 ? "0307" : "0308") +
                          std::to_string(100 + i / 2 % 900));
    text += value + "\n";
    ++made;
  }
  const auto over = FindCnResidentIds({text, {}, kToday, base::Deadline()});
  CHECK(over.values.size() == kMaxValuesPerUnit);
  CHECK(over.truncated);
  text.resize(text.size() - 19);
  const auto at = FindCnResidentIds({text, {}, kToday, base::Deadline()});
  CHECK(at.values.size() == kMaxValuesPerUnit);
  CHECK_FALSE(at.truncated);
}

TEST_CASE("number scanner: groups, separators and where a number may begin") {
  NumberScanner scanner("12 3456-78  90   1 https://x/55");
  NumberStart start;
  std::vector<std::string> seen;
  while (scanner.Next(start)) {
    std::string line = start.in_url ? "url" : "";
    for (std::size_t i = 0; i < start.count; ++i)
      line += ":" + std::to_string(start.groups[i].size);
    seen.push_back(line);
  }
  CHECK(seen == std::vector<std::string>{":2:4", ":4:2", ":2", ":1", "url:2"});
}

}  // namespace
}  // namespace lazaret::rules
