#include <string>
#include <vector>

#include "base/fd.h"
#include "rules/report.h"
#include "tests/rules/rules_support.h"
#include "tests/support/catch.h"

namespace lazaret::rules {
namespace {

std::string Page() {
  auto text = base::ReadFile(LAZARET_SOURCE_DIR "/docs/rules.md", 1U << 20);
  REQUIRE(text.ok());
  return *text;
}

std::vector<std::string> YamlBlocks(const std::string& page) {
  std::vector<std::string> out;
  for (std::size_t at = page.find("```yaml\n"); at != std::string::npos;
       at = page.find("```yaml\n", at + 1)) {
    const std::size_t begin = at + 8;
    out.push_back(page.substr(begin, page.find("\n```", begin) + 1 - begin));
  }
  return out;
}

std::string ShownAction(const RuleSummary& rule, const std::string& text) {
  if (rule.state == RuleState::kShadow) return "none: `shadow`, recorded only";
  std::string shown;
  constexpr std::string_view kDistinct = "{distinct: ";
  for (std::size_t at = text.find(kDistinct); at != std::string::npos;
       at = text.find(kDistinct, at + 1)) {
    const std::size_t number = at + kDistinct.size();
    const std::size_t action = text.find("action: ", at) + 8;
    shown += (shown.empty() ? "" : ", ") +
             text.substr(action, text.find_first_of(",}", action) - action) + " from " +
             text.substr(number, text.find(',', number) - number);
  }
  if (!shown.empty()) return shown;
  const std::size_t action = text.find("\naction: ");
  return action == std::string::npos
             ? "by class"
             : text.substr(action + 9, text.find('\n', action + 9) - action - 9);
}

TEST_CASE("docs/rules.md: the table of shipped rules is that of the packs") {
  const std::string page = Page();
  const Bundle shipped = testing::Shipped();
  auto rules = RuleSet::Compile(shipped);
  REQUIRE(rules.ok());
  std::string all;
  for (const Document& document : shipped.rules) all += document.text + "\n---\n";
  std::size_t rows = 0;
  for (const RuleSummary& rule : (*rules)->summaries()) {
    const std::size_t at = all.find("id: " + rule.id + "\n");
    REQUIRE(at != std::string::npos);
    const std::string text = all.substr(at, all.find("\n---\n", at) - at);
    const std::string row = "| `" + rule.id + "` | " + rule.name + " | " + rule.direction + " | " +
                            rule.cls + " | " + ShownAction(rule, text) + " |\n";
    INFO(row);
    CHECK(page.find(row) != std::string::npos);
    ++rows;
  }
  std::size_t shown = 0;
  for (std::size_t at = page.find("\n| `LZ-"); at != std::string::npos;
       at = page.find("\n| `LZ-", at + 1))
    ++shown;
  CHECK(shown == rows);
}

TEST_CASE("docs/rules.md: every example compiles and passes its own tests") {
  const auto blocks = YamlBlocks(Page());
  REQUIRE(blocks.size() >= 2);
  for (const std::string& block : blocks) {
    Bundle bundle;
    bundle.rules.push_back({"docs/rules.md", block, true});
    const Report report = CheckRules(bundle);
    INFO(block << "\n" << report.text);
    CHECK_FALSE(report.failed);
    CHECK(report.text.find("warning") == std::string::npos);
  }
}

TEST_CASE(
    "docs/rules.md: every key that the loader takes is described, and every name of its errors") {
  const std::string page = Page();
  // The loader's own error lists its keys.
  for (const char* text :
       {"id: A\nname: x\nmatch: {keywords: [a]}\nunknown: 1\n",
        "id: A\nname: x\nmatch: {regex: ab, unknown: 1}\n",
        "id: A\nname: x\nmatch: {keywords: [a], unknown: 1}\n",
        "id: A\nname: x\nmatch: {regex: ab, near: {unknown: 1}}\n",
        "id: A\nname: x\nmatch: {proximity: {unknown: 1}}\n",
        "id: A\nname: x\nmatch: {unknown: 1}\n", "id: A\nname: x\nmatch: {detector: unknown}\n",
        "id: A\nname: x\nmatch: {regex: ab, validator: unknown}\n",
        "id: A\nname: x\nmatch: {keywords: [a]}\nscope: [unknown]\n",
        "id: A\nname: x\nmatch: {keywords: [a]}\nthresholds: [{unknown: 1}]\n",
        "id: A\nname: x\nmatch: {keywords: [a]}\ntests: {should_match: [{unknown: 1}]}\n"}) {
    const std::string error = testing::CompileError(text);
    const std::size_t known = error.find("known are ");
    INFO(error);
    REQUIRE(known != std::string::npos);
    std::string names = error.substr(known + 10, error.find(" (rule", known) - known - 10) + ", ";
    for (std::size_t at = names.find(", "); at != std::string::npos; at = names.find(", ")) {
      const std::string name = names.substr(0, at);
      names.erase(0, at + 2);
      INFO(name);
      const bool said = page.find("`" + name) != std::string::npos ||
                        page.find(name + "`") != std::string::npos ||
                        page.find(name + ":") != std::string::npos;
      CHECK(said);
    }
  }
}

}  // namespace
}  // namespace lazaret::rules
