// Any text through a fixed rule set with every kind of condition: spans stay inside the unit,
// evidence stays short, and adding nothing changes nothing.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/text.h"
#include "rules/rule_set.h"

namespace {

constexpr char kRules[] = R"(id: A
name: detectors
match: {any: [{detector: payment_card}, {detector: iban}, {detector: cn_resident_id}]}
---
id: B
name: words near words
match: {proximity: {window: 20, of: [{keywords: [alpha, 机密, über]}, {regex: '(?i)be+ta|中文'}]}}
---
id: C
name: validated
keywords: [number, 号]
match: {regex: '(?:^|[^0-9])([0-9 ]{8,12})(?:[^0-9]|$)', group: 1, validator: luhn, near: {raise: [card], lower: [order]}}
---
id: D
name: tree
match: {at_least: 2, of: [{keywords: [a b], min_count: 2}, {regex: 'x[^x]{0,30}y', entropy: 2.5}, {none: [{regex: zz}]}]}
)";

const lazaret::rules::RuleSet& Rules() {
  static const auto kSet = [] {
    lazaret::rules::Bundle bundle;
    bundle.rules.push_back({"fuzz.yaml", kRules, true});
    bundle.masking_key = "key";
    auto compiled = lazaret::rules::RuleSet::Compile(bundle);
    LAZARET_CHECK(compiled.ok());
    return *compiled;
  }();
  return *kSet;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;
  const std::string text = base::ToValidUtf8({reinterpret_cast<const char*>(data), size});
  const std::size_t half = text.find('\n') == std::string::npos ? text.size() : text.find('\n');
  rules::MessageFacts facts;
  rules::TextUnit subject;
  subject.scope = rules::Scope::kSubject;
  subject.text = std::string_view(text).substr(0, half);
  rules::TextUnit body;
  body.text = std::string_view(text).substr(half);
  facts.units = {subject, body};
  auto result = Rules().Evaluate(facts, base::Deadline());
  LAZARET_CHECK(result.ok());
  for (const auto& match : result->matches) {
    LAZARET_CHECK(match.span.begin <= match.span.end && match.span.end <= text.size());
    LAZARET_CHECK(match.evidence.size() <= 200 && base::IsValidUtf8(match.evidence));
  }
  for (const auto& span : result->sensitive) {
    LAZARET_CHECK(span.span.begin < span.span.end);
    LAZARET_CHECK(span.span.end <= facts.units[span.unit].text.size());
  }
  return 0;
}
