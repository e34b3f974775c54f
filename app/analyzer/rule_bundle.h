// Rules and lists of a generation bundle, as rules/ takes them.
#ifndef LAZARET_APP_ANALYZER_RULE_BUNDLE_H_
#define LAZARET_APP_ANALYZER_RULE_BUNDLE_H_

#include <memory>
#include <string>

#include "app/config/config.h"
#include "base/result.h"
#include "rules/rule_set.h"

namespace lazaret::analyzer {

// `lists_folder`: how errors name the folder of the lists.
rules::Bundle RulesOf(const config::GenerationBundle& bundle,
                      const std::string& lists_folder = "lists.d");

// Compiles and runs the rules' own tests: a rule whose tests fail does not load. The error names
// the first failures with file and line.
base::Result<std::shared_ptr<const rules::RuleSet>> CompileBundle(
    const config::GenerationBundle& bundle, const std::string& lists_folder = "lists.d");

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_RULE_BUNDLE_H_
