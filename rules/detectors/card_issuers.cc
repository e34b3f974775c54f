#include "rules/detectors/card_issuers.h"

#include <algorithm>
#include <iterator>

namespace lazaret::rules {
namespace {

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

}  // namespace

bool IsTestNumber(std::string_view digits) {
  return std::find(std::begin(kTestNumbers), std::end(kTestNumbers), digits) !=
         std::end(kTestNumbers);
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

}  // namespace lazaret::rules
