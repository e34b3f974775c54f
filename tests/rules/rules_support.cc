#include "tests/rules/rules_support.h"

#include <algorithm>
#include <filesystem>

#include "base/fd.h"
#include "base/format.h"
#include "tests/support/catch.h"

namespace lazaret::rules::testing {

base::Result<RuleSetPtr> TryCompile(const std::string& text, std::vector<ListDocument> lists) {
  Bundle bundle;
  bundle.rules.push_back({"test.yaml", text, true});
  bundle.lists = std::move(lists);
  bundle.masking_key = "test key";
  return RuleSet::Compile(bundle);
}

RuleSetPtr Compiled(const std::string& text, std::vector<ListDocument> lists) {
  auto result = TryCompile(text, std::move(lists));
  if (!result.ok()) FAIL(result.error().text);
  return *result;
}

std::string CompileError(const std::string& text) {
  auto result = TryCompile(text);
  return result.ok() ? std::string() : result.error().text;
}

Evaluation Evaluated(const RuleSet& rules, const std::vector<Unit>& units, Direction direction) {
  MessageFacts facts;
  facts.direction = direction;
  std::uint32_t artifact = 100;
  for (const Unit& unit : units) {
    TextUnit out;
    out.scope = unit.scope;
    out.header_name = unit.header_name;
    out.text = unit.text;
    out.artifact = artifact++;
    out.hidden = unit.hidden;
    facts.units.push_back(out);
  }
  auto result = rules.Evaluate(facts, base::Deadline());
  if (!result.ok()) FAIL(result.error().text);
  return *result;
}

std::string Matching(const RuleSet& rules, const std::vector<Unit>& units, Direction direction) {
  std::string out;
  for (const RuleMatch& match : Evaluated(rules, units, direction).matches) {
    out += (out.empty() ? "" : " ") + rules.summaries()[match.rule].id;
  }
  return out;
}

Bundle Shipped() {
  Bundle bundle;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(LAZARET_SOURCE_DIR "/rules/packs"))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& path : paths) {
    auto text = base::ReadFile(path.string(), 1U << 20);
    REQUIRE(text.ok());
    bundle.rules.push_back({"packs/" + path.filename().string(), *text, false});
  }
  bundle.masking_key = "test key";
  return bundle;
}

std::string Text(const RuleMatch& match) {
  return base::Format(" {} {} {}-{} {} {} {} {} {}", match.artifact, Name(match.scope),
                      match.span.begin, match.span.end, Name(match.confidence),
                      Name(match.severity), match.distinct, match.evidence, match.action);
}

}  // namespace lazaret::rules::testing
