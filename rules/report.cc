#include "rules/report.h"

#include <algorithm>
#include <array>

#include "base/format.h"
#include "base/text.h"
#include "rules/faults.h"

namespace lazaret::rules {
namespace {

constexpr std::size_t kColumns = 7;
constexpr std::size_t kMaxColumn = 60;
using Row = std::array<std::string, kColumns>;

Row RowOf(const RuleSummary& rule) {
  return {rule.id,
          std::string(Name(rule.state)),
          std::string(Name(rule.severity)),
          rule.direction,
          rule.code,
          base::EscapeLine(rule.name, kMaxColumn),
          base::EscapeLine(rule.origin, 400)};
}

std::string Padded(const Row& row, const std::array<std::size_t, kColumns>& widths) {
  std::string out;
  for (std::size_t i = 0; i < kColumns; ++i) {
    out += row[i];
    if (i + 1 == kColumns) break;
    out.append(widths[i] - std::min(widths[i], row[i].size()) + 2, ' ');
  }
  return out + "\n";
}

std::string Counted(std::size_t count, std::string_view what) {
  return base::Format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Report ReportFaults(const Faults& faults) {
  Report report;
  report.failed = true;
  for (const base::Error& fault : faults.kept())
    report.text += base::EscapeLine(fault.text, 2000) + "\n";
  if (faults.count() > faults.kept().size())
    report.text += base::Format("... and {} more\n", faults.count() - faults.kept().size());
  report.text += Counted(faults.count(), "fault") + "\n";
  return report;
}

}  // namespace

Report ListRules(const RuleSet& rules) {
  std::vector<Row> rows = {{"ID", "STATUS", "SEVERITY", "DIRECTION", "CODE", "NAME", "ORIGIN"}};
  for (const RuleSummary& rule : rules.summaries()) rows.push_back(RowOf(rule));
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  Report report;
  for (const Row& row : rows) report.text += Padded(row, widths);
  return report;
}

Report ReportTests(const std::vector<RuleSummary>& summaries,
                   const std::vector<RuleTestFailure>& failures) {
  Report report;
  for (const RuleTestFailure& failure : failures) {
    report.text += base::Format("{}: {}: {}\n", base::EscapeLine(failure.origin, 400), failure.rule,
                                base::EscapeLine(failure.text, 400));
  }
  std::size_t tests = 0;
  for (const RuleSummary& rule : summaries) tests += rule.tests;
  report.text += base::Format("{}, {}, {} failed\n", Counted(summaries.size(), "rule"),
                              Counted(tests, "test"), failures.size());
  report.failed = !failures.empty();
  return report;
}

Report TestRules(const RuleSet& rules) { return ReportTests(rules.summaries(), rules.RunTests()); }

Report CheckRules(const Bundle& bundle) {
  Faults faults;
  const auto compiled = CompileNaming(bundle, faults);
  if (compiled == nullptr) return ReportFaults(faults);
  const RuleSet& rules = *compiled;
  Report report;
  for (const RuleSummary& rule : rules.summaries()) {
    if (rule.tests > 0) continue;
    report.text += base::Format("{}: {}: warning: has no tests\n",
                                base::EscapeLine(rule.origin, 400), rule.id);
  }
  Report tests = TestRules(rules);
  report.text += tests.text;
  report.failed = tests.failed;
  return report;
}

}  // namespace lazaret::rules
