// Canaries: small messages whose answer is known. Libraries go blind silently when confined (no
// charset converter, no locale, no temp folder), so a worker that cannot see its canaries is not
// ready. They run through the same reader, scanners and engine as mail, with rules of their own.
#ifndef LAZARET_APP_ANALYZER_CANARY_H_
#define LAZARET_APP_ANALYZER_CANARY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/analyzer/pipeline.h"
#include "base/result.h"
#include "rules/rule_set.h"

namespace lazaret::analyzer {

struct Canary {
  std::string name;  // "gb18030-subject"
  std::string message;
  std::string expected_code;  // the finding that must be there
  // No signature may hit it: one that does hits half of all mail. Stops a faulty update from
  // refusing everything.
  bool harmless = false;
};

// EICAR plain and in a zip, a GB18030 subject, a KOI8-R body, a zip member with a Chinese name.
std::vector<Canary> MakeCanaries();

base::Result<std::shared_ptr<const rules::RuleSet>> CanaryRules();
// Their text: one YAML document for each canary that a rule must see.
std::string_view CanaryRuleText();

// Runs all through the pipeline (made with CanaryRules); the error names the canary and what was
// seen.
base::Status RunCanaries(Pipeline& pipeline, const std::vector<Canary>& canaries,
                         base::Deadline deadline);

// A zip with one member whose name is UTF-8 (flag bit 11). APPNOTE.TXT 4.3. The member is deflated
// (RFC 1951 section 3.2.6, literals only), so that its text is not to be seen by who does not
// unpack. `content` is ASCII.
std::string DeflatedZip(std::string_view name, std::string_view content);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_CANARY_H_
