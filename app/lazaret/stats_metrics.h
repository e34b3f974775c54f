// The supervisor's status object as metrics: families with type, help and samples, under the names
// that docs/operations.md lists. Pure.
#ifndef LAZARET_APP_LAZARET_STATS_METRICS_H_
#define LAZARET_APP_LAZARET_STATS_METRICS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json_value.h"

namespace lazaret::cli {

enum class MetricType { kCounter, kGauge, kHistogram };

struct MetricSample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;                    // for a histogram the sum, in seconds
  std::vector<double> bounds_seconds;  // histogram: upper bounds, ascending
  std::vector<std::uint64_t> counts;   // histogram: one a bound, one more for all that is longer
};

struct MetricFamily {
  std::string name;  // "lazaret_messages_total"
  MetricType type = MetricType::kGauge;
  std::string help;
  std::vector<MetricSample> samples;
};

// Families in a stable order, each name once. What a role did not answer is left out, never zero.
// A counter that nobody described here comes out under its own name.
std::vector<MetricFamily> MetricsOf(const base::JsonValue& status, base::UnixTime now);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_STATS_METRICS_H_
