#include <random>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/unicode/normalize.h"
#include "rules/detectors/detector.h"
#include "rules/detectors/evidence.h"
#include "rules/detectors/iban_table.h"
#include "rules/detectors/mask.h"
#include "rules/detectors/number_scanner.h"
#include "rules/detectors/validators.h"
#include "tests/rules/detectors_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

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
      {spaced.substr(0, 14) + "\n" + spaced.substr(15), "high", "wrapped between groups"},
      {"> " + spaced.substr(0, 14) + " \r\n> " + spaced.substr(15), "high", "quoted and wrapped"},
      {"see " + value.substr(0, 13) + "\n" + value.substr(13), "medium", "wrapped anywhere"},
      {value + "\n12 rue X", "high", "a whole number stays what it is"},
      {spaced.substr(0, 14) + "\n\n" + spaced.substr(15), "none", "an empty line"},
      {spaced.substr(0, 9) + "\n" + spaced.substr(10, 4) + "\n" + spaced.substr(15), "none",
       "two line breaks"},
      {"DE79_6639_2332_1468_8197_36", "high", "groups joined by underscores"},
      {value + "\n" + value, "2", "two"},
      {value.substr(0, 6) + " " + value.substr(6, 8) + " " + value.substr(14), "medium",
       "other groups"},
      {"X" + value, "none", "behind a letter"},
      {"IBAN" + value, "high", "behind its own name"},
      {"my iban" + lower, "high", "behind its own name"},
      {"xiban" + value, "none", "behind another word"},
      {"D E 7 9 6 6 3 9 2 3 3 2 1 4 6 8 8 1 9 7 3 6", "medium", "single characters"},
      {"D E 7 9 6 6 3 9 2 3 3 2 1 4 6 8 8 1 9 7 3 7", "none", "single characters, check digits"},
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
      {"身份证 110101\n199003074477", "high", "a line break between the parts"},
      {"1101011990\r\n03074477", "high", "a line break anywhere"},
      {"> 110101 19900307\n> 4477", "high", "quoted and wrapped"},
      {"110101-19900307-\n4477", "high", "a dash at the end of the line"},
      {with_x.substr(0, 17) + "\n" + with_x.substr(17), "high", "X behind the line break"},
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
      {"110101\n19900307\n4477", "none", "a column"},
      {"110101\n\n199003074477", "none", "an empty line"},
      {"110101\n199003074478", "none", "check digit behind a line break"},
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

TEST_CASE("detectors: columns of unrelated numbers hold nothing, quoted or not") {
  for (const std::size_t digits : {4U, 6U, 8U, 9U, 10U, 11U, 12U}) {
    for (const std::string start : {"", "> ", "  "}) {
      std::string column = "card account id\n";
      unsigned state = 7;
      for (int i = 0; i < 500; ++i) {
        std::string number;
        while (number.size() < digits) {
          state = state * 1'103'515'245U + 12'345U;
          number += std::to_string((state >> 16) % 10);
        }
        column += start + number + "\r\n";
      }
      INFO(digits);
      CHECK(Card(column) == "none");
      CHECK(Iban(column) == "none");
      CHECK(Resident(column) == "none");
    }
  }
}

TEST_CASE("detectors: near misses of everyday mail are silent beside their own words") {
  const std::vector<std::string> texts = {
      "Order number: 4539578763621486",
      "order no. 4539-5787 6362-1486",
      "Your FedEx tracking number is 4539578763621486",
      "IMEI " + WithLuhn("35693803564380"),
      "ICCID " + WithLuhn("898600123456789012"),
      "ISBN 978-3-16-148410-0, EAN 4006381333931",
      "commit 4539578763621486453957876362148645395787",
      "sha256 45395787636214864539578763621486a4539578763621486453957876362148",
      "550e8400-e29b-41d4-a716-446655440000 card",
      "timestamp 1732457876362, 20261124101530123, 2026-11-24T10:15:30.453957+08:00",
      "Call +49 4539 5787 6362 or (453) 957-8763, card office",
      "快递单号 4539578763621486，运单 6222020200112233446",
      "订单号 110101199013074477，流水号 20261124101530123456",
      "Message-ID: <20261124101530.4539578763621486@mail.example.org>",
      "https://example.org/card/4539578763621486?id=110101199003074477&i=DE79663923321468819736x",
      "2606:4700:4700:1111 and 2001:4860:4860:8888 card",
      "VAT DE123456789, BE0123456789, NL123456789B01",
      "GPS 45.39578763621486, 11.010119900307447",
      "card 0.4539578763621486",
      "licence ABCDE-FGHIJ-45395-78763-62148",
  };
  for (const std::string& text : texts) {
    INFO(text);
    CHECK(Card(text) == "none");
    CHECK(Iban(text) == "none");
    CHECK(Resident(text) == "none");
  }
}

TEST_CASE("number scanner: inside a row of short groups no number begins, whatever divides them") {
  for (const std::string between : {" ", "-", ",", ", ", " | ", "\t"}) {
    std::string row;
    for (int i = 0; i < 100; ++i) row += "1" + between;
    NumberScanner scanner(row);
    NumberStart start;
    std::size_t starts = 0;
    while (scanner.Next(start)) ++starts;
    INFO("'" << between << "'");
    CHECK(starts == 1);
  }
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

bool SameValues(const DetectorOutput& a, const DetectorOutput& b) {
  return a.truncated == b.truncated && a.expired == b.expired &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                    [](const DetectedValue& x, const DetectedValue& y) {
                      return x.begin == y.begin && x.end == y.end && x.value == y.value &&
                             x.confidence == y.confidence;
                    });
}

std::string RandomNumbers(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {"1",
                                                   "12",
                                                   "4539",
                                                   "5787",
                                                   "6362",
                                                   "1486",
                                                   "4539578763621486",
                                                   "110101199003074477",
                                                   "DE79",
                                                   "6639",
                                                   "2332",
                                                   "1468",
                                                   "8197",
                                                   "36",
                                                   "d e 7 9 ",
                                                   "://",
                                                   "www.",
                                                   "WWW.",
                                                   "wWw",
                                                   ".",
                                                   " ",
                                                   " ",
                                                   "-",
                                                   "\n",
                                                   "\t",
                                                   "a",
                                                   "<",
                                                   "\"",
                                                   "\u5361",
                                                   "x",
                                                   "DE79663923321468819736",
                                                   "card ",
                                                   "0000000"};
  std::string out;
  for (std::size_t n = random() % 40; n > 0; --n) out += kPieces[random() % kPieces.size()];
  return out;
}

TEST_CASE("number scanner: knows links by their token alone, and skips no digit") {
  std::mt19937 random(20261124);
  std::size_t in_url = 0;
  std::size_t starts = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = RandomNumbers(random);
    std::size_t digit = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      digit = at;
      while (digit < text.size() && (text[digit] < '0' || text[digit] > '9')) ++digit;
      CHECK(NextDigit(text, at) == digit);
    }
    NumberScanner scanner(text);
    NumberStart start;
    while (scanner.Next(start)) {
      std::size_t token = start.groups[0].begin;
      const std::string ends = " \n\t<\"";
      while (token > 0 && ends.find(text[token - 1]) == std::string::npos &&
             static_cast<unsigned char>(text[token - 1]) < 0x80)
        --token;
      const std::string before =
          base::AsciiLower(text.substr(token, start.groups[0].begin - token));
      INFO(text);
      CHECK(start.in_url ==
            (before.find("://") != std::string::npos || before.find("www.") != std::string::npos));
      in_url += start.in_url ? 1 : 0;
      ++starts;
    }
  }
  CHECK(in_url > 500);
  CHECK(starts > in_url * 2);
}

TEST_CASE("detectors: one scan for all finds what each finds alone") {
  std::mt19937 random(1);
  std::size_t values = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = RandomNumbers(random);
    const DetectorInput input{text, {}, kToday, base::Deadline()};
    const auto all = FindAllValues(input);
    REQUIRE(all.size() == Detectors().size());
    for (std::size_t one = 0; one < all.size(); ++one) {
      INFO(text);
      CHECK(SameValues(all[one], Detectors()[one].find(input)));
      values += all[one].values.size();
    }
  }
  CHECK(values > 300);
  std::string many;
  for (std::size_t i = 0; i <= kMaxValuesPerUnit; ++i)
    many += "110101199003074477 card 4539578763621486\n";
  const DetectorInput input{many, {}, kToday, base::Deadline()};
  for (std::size_t one = 0; one < Detectors().size(); ++one)
    CHECK(SameValues(FindAllValues(input)[one], Detectors()[one].find(input)));
  const DetectorInput late{many, {}, kToday, base::Deadline::At(1)};
  for (std::size_t one = 0; one < Detectors().size(); ++one)
    CHECK(FindAllValues(late)[one].expired == (Detectors()[one].id != "iban"));
}

}  // namespace
}  // namespace lazaret::rules
