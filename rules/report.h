// Text of `lazaret rules list|test|check`: one line a thing, tab-free, safe on a terminal. The
// caller reads files, prints the text and turns `failed` into an exit code.
#ifndef LAZARET_RULES_REPORT_H_
#define LAZARET_RULES_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "rules/rule_set.h"

namespace lazaret::rules {

struct Report {
  std::string text;  // lines, each ended by '\n'
  bool failed = false;
};

// "LZ-DLP-001  enforce  high  outbound  dlp.payment_card  Payment card numbers  packs/dlp.yaml:2",
// columns padded; with a head line.
Report ListRules(const RuleSet& rules);

// One line for each failed test, then "N rules, M tests, K failed".
Report TestRules(const RuleSet& rules);

// Compiles and tests: one line for each fault ("file:line:column: why") and their number, or what
// TestRules says and one warning for each rule without tests.
Report CheckRules(const Bundle& bundle);

// The same over what is already compiled.
Report ReportTests(const std::vector<RuleSummary>& summaries,
                   const std::vector<RuleTestFailure>& failures);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_REPORT_H_
