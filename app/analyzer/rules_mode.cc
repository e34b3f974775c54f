#include "app/analyzer/rules_mode.h"

#include <cstdio>

#include "app/analyzer/rule_bundle.h"
#include "app/process/spawn.h"
#include "base/fd.h"
#include "rules/report.h"

namespace lazaret::analyzer {
namespace {

constexpr int kWrong = 2;
constexpr std::size_t kMaxConfigBytes = 16U << 20;
constexpr std::size_t kMaxBundleBytes = 256U << 20;

int Complain(const std::string& text) {
  std::fprintf(stdout, "%s\n", text.c_str());
  return kWrong;
}

int Print(const rules::Report& report) {
  std::fputs(report.text.c_str(), stdout);
  return report.failed ? kWrong : 0;
}

}  // namespace

int RunRulesMode(const std::string& what) {
  auto bytes = base::ReadFdWhole(process::kBundleFd, kMaxBundleBytes, "bundle");
  if (!bytes.ok()) return Complain(bytes.error().text);
  auto bundle = config::DecodeBundle(*bytes);
  if (!bundle.ok()) return Complain(bundle.error().text);
  auto settings = base::ReadFdWhole(process::kConfigFd, kMaxConfigBytes, "configuration");
  if (!settings.ok()) return Complain(settings.error().text);
  auto config = config::DecodeConfig(*settings);
  if (!config.ok()) return Complain(config.error().text);
  const rules::Bundle rule_bundle = RulesOf(*bundle, config->paths.etc + "/lists.d");
  if (what == "check") return Print(rules::CheckRules(rule_bundle));
  auto set = rules::RuleSet::Compile(rule_bundle);
  if (!set.ok()) return Complain(set.error().text);
  return Print(what == "list" ? rules::ListRules(**set) : rules::TestRules(**set));
}

}  // namespace lazaret::analyzer
