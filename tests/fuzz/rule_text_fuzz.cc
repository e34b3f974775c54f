// Any text as a rule file: it compiles or says why; what compiles runs its own tests and an
// evaluation.
#include <cstddef>
#include <cstdint>
#include <string>

#include "rules/rule_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lazaret;
  rules::Bundle bundle;
  bundle.rules.push_back(
      {"fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size), true});
  bundle.lists.push_back({"words", "words", "alpha\nbeta\n"});
  bundle.masking_key = "key";
  auto compiled = rules::RuleSet::Compile(bundle);
  if (!compiled.ok()) {
    LAZARET_CHECK(compiled.error().text.rfind("fuzz.yaml:", 0) == 0);
    return 0;
  }
  static_cast<void>((*compiled)->RunTests());
  rules::MessageFacts facts;
  rules::TextUnit unit;
  unit.text = "alpha beta 4539 5787 6362 1486";
  facts.units.push_back(unit);
  static_cast<void>((*compiled)->Evaluate(facts, base::Deadline::AfterMillis(2000)).ok());
  return 0;
}
