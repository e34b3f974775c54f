#include <string>
#include <vector>

#include "tests/rules/detectors_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

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
      {"9400 6222 0202 0011 2233 " + WithLuhn("62220202001122333").substr(16), "low",
       "a tracking number of 22 digits"},
      {"DE12 4539 5787 6362 1486 90", "low", "the middle of something printed like an IBAN"},
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

TEST_CASE("payment_card: one line break may stand where a separator may, quote marks behind it") {
  const std::string amex = WithLuhn("37449635398432");
  const std::vector<Case> cases = {
      {"card 4539 5787 6362\n1486", "high", "before the last group"},
      {"card 4539\r\n5787 6362 1486", "high", "CR LF behind the first group"},
      {"> card 4539 5787\n> 6362 1486", "high", "quoted"},
      {"> > card 4539 5787 \r\n> > 6362 1486", "high", "quoted twice, a blank at the end"},
      {"card 4539-5787-\n6362-1486", "high", "a dash at the end of the line"},
      {"amex " + amex.substr(0, 4) + " " + amex.substr(4, 6) + "\n" + amex.substr(10), "high",
       "4-6-5"},
      {"card 4539 5787 63\n62 1486", "high", "inside a group"},
      {"my card 453957876362\n1486 thanks", "medium", "a bare number broken by a hard wrap"},
      {"see 453957876362\n1486 thanks", "low", "the same without a word"},
      {"card 4539578763621486\n123 Main Street", "medium", "a whole number stays what it is"},
      {"card 4539 5787 6362 1486\n123 Main Street", "high", "a whole number stays what it is"},
      {"card\n45395787\n63621486\n", "none", "a column of eight digits"},
      {"card\n453957876362\n1486", "none", "a column"},
      {"card a\t45395787\n63621486\tb", "none", "the ends of two rows"},
      {"card a,45395787\n63621486,b", "none", "the ends of two rows"},
      {"size=" + WithLuhn("588333123202").substr(0, 9) + "\n" + WithLuhn("588333123202").substr(9) +
           "-11-24 12:00",
       "none", "a date on the next line is no expiry"},
      {"maestro size=" + WithLuhn("588333123202").substr(0, 9) + "\n" +
           WithLuhn("588333123202").substr(9) + " x",
       "none", "a range that needs a word is not broken in one piece"},
      {"> card\n> 45395787\n> 63621486\n", "none", "a quoted column"},
      {"card 4539\n5787\n6362 1486", "none", "two line breaks"},
      {"card 4539 5787\n\n6362 1486", "none", "an empty line"},
      {"card 4539 5787\n- 6362 1486", "none", "a list"},
  };
  for (const Case& test : cases) {
    INFO(test.text << ": " << test.why);
    CHECK(Card(test.text) == test.expected);
  }
}

TEST_CASE("payment_card: cells of a table row with four digits or one each are a number") {
  for (const std::string cell : {"\t", ",", ";", "|", ", ", " | ", " ; "}) {
    auto row = [&cell](std::initializer_list<std::string> cells) {
      std::string out;
      for (const std::string& text : cells) out += (out.empty() ? "" : cell) + text;
      return out;
    };
    INFO("'" << cell << "'");
    CHECK(Card(row({"card", "4539", "5787", "6362", "1486"})) == "medium");
    CHECK(Card(row({"4539", "5787", "6362", "1486"})) == "low");
    CHECK(Card(row({"card", "2019", "4539", "5787", "6362", "1486"})) == "none");
    CHECK(Card(row({"card", "4539", "5787", "6362", "1486", "2019"})) == "none");
    CHECK(Card("card " + row({"4539", "5787"}) + "\n" + row({"6362", "1486"})) == "none");
    CHECK(Card("card " + row({"45395787", "63621486"})) == "none");
    std::string digits;
    for (const char c : std::string("4539578763621486"))
      digits += (digits.empty() ? "" : cell) + std::string(1, c);
    CHECK(Card("card " + digits) == "medium");
    CHECK(Card(digits) == "none");
  }
  CHECK(Card("card 4539 5787\t6362 1486") == "high");
  CHECK(Card("card 4539,5787;6362,1486") == "none");
}

TEST_CASE("payment_card: groups of four divided by an odd sign are a number beside a word only") {
  for (const std::string sign : {"+", ":", "*", "\\", "'", "~", "=", "\u00B7", "\u2022", "%20"}) {
    const std::string number = Grouped("4539578763621486", sign);
    INFO(number);
    CHECK(Card("card " + number) == "medium");
    CHECK(Card("card=" + number + "&x=1") == "medium");
    CHECK(Card("see " + number) == "none");
    CHECK(Card("card 2019" + sign + number) == "none");
    CHECK(Card("card " + number + sign + "2019") == "none");
    CHECK(Card("order " + number) == "none");
  }
  CHECK(Card("card 45395787:63621486") == "none");
}

TEST_CASE("payment_card: an expiry behind it and the frame of a track are as good as a word") {
  const std::string visa = "4539578763621486";
  const std::vector<Case> cases = {
      {visa + "|12|27|123", "medium", "number, month, year, code"},
      {visa + ",12/27,123", "medium", "with commas"},
      {visa + " 12/27", "medium", "a blank"},
      {visa + ";12/2027", "medium", "the year in four digits"},
      {visa + "/12/27", "medium", "slashes"},
      {visa + " 13/27", "low", "no month"},
      {visa + " 12/24/2026", "low", "a date"},
      {visa + " 12:27", "low", "a time"},
      {"%B" + visa + "^DOE/JANE^27121010000000000000?", "medium", "track 1"},
      {";" + visa + "=27121010000000000000?", "medium", "track 2"},
      {"B" + visa + "^DOE", "none", "a letter in front"},
      {"cardnumber=" + visa, "medium", "written in one word"},
      {"creditcard: " + visa, "medium", "written in one word"},
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

}  // namespace
}  // namespace lazaret::rules
