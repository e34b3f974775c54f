#include "app/analyzer/rules_mode.h"

#include <cstdio>

#include "app/analyzer/rule_bundle.h"
#include "rules/report.h"

namespace lazaret::analyzer {
namespace {

constexpr int kWrong = 2;
constexpr int kBundleFd = 4;
constexpr std::size_t kMaxBundleBytes = 256U << 20;

int Complain(const std::string& text) {
  std::fprintf(stdout, "%s\n", text.c_str());
  return kWrong;
}

}  // namespace

int RunRulesMode(const std::string& what) {
  auto bytes = base::ReadFdWhole(kBundleFd, kMaxBundleBytes, "bundle");
  if (!bytes.ok()) return Complain(bytes.error().text);
  auto bundle = config::DecodeBundle(*bytes);
  if (!bundle.ok()) return Complain(bundle.error().text);
  auto set = rules::RuleSet::Compile(RulesOf(*bundle));
  if (!set.ok()) return Complain(set.error().text);
  if (what == "list") {
    std::fputs(rules::ListReport(**set).c_str(), stdout);
    return 0;
  }
  const rules::TestReport report = rules::RunTestReport(**set);
  std::fputs(report.text.c_str(), stdout);
  return report.failed == 0 ? 0 : kWrong;
}

}  // namespace lazaret::analyzer
