// Metrics as text: for Prometheus, as JSON, and for people. Pure.
#ifndef LAZARET_APP_LAZARET_STATS_TEXT_H_
#define LAZARET_APP_LAZARET_STATS_TEXT_H_

#include <string>
#include <vector>

#include "app/lazaret/stats_metrics.h"

namespace lazaret::cli {

// The text format 0.0.4 of Prometheus: HELP and TYPE lines, then the samples of the family; buckets
// summed up, with le="+Inf" equal to _count; backslash, line feed and, in label values, the double
// quote escaped.
std::string PrometheusText(const std::vector<MetricFamily>& families);

// One line: {"v":1,"node":...,"metrics":[{"name","type","help","samples":[...]}]}. Buckets are
// summed up and hold {"le","count"}; what is longer than the last bound is only in "count".
std::string StatsJson(const std::string& node, const std::vector<MetricFamily>& families);

// A line a sample; of a histogram its count, mean, and the bounds that half of all and 99 of 100
// stayed below. Safe for a terminal.
std::string StatsTable(const std::vector<MetricFamily>& families);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_STATS_TEXT_H_
