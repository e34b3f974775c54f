// Makes the pipeline of one generation: options from the configuration into reader and scanners.
#ifndef LAZARET_APP_ANALYZER_SCANNER_SET_H_
#define LAZARET_APP_ANALYZER_SCANNER_SET_H_

#include <memory>

#include "app/analyzer/pipeline.h"
#include "app/analyzer/worker.h"
#include "rules/rule_set.h"

namespace lazaret::analyzer {

std::unique_ptr<Pipeline> MakePipeline(const Generation& generation,
                                       std::shared_ptr<const rules::RuleSet> rules);

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_SCANNER_SET_H_
