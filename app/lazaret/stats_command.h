// `lazaret stats`: counters, gauges and histograms of every role, as the running supervisor
// collects them. Exit 0 when it answered, 2 when no daemon answers.
#ifndef LAZARET_APP_LAZARET_STATS_COMMAND_H_
#define LAZARET_APP_LAZARET_STATS_COMMAND_H_

#include <ostream>

#include "app/config/config.h"

namespace lazaret::cli {

struct StatsArguments {
  bool json = false;
  bool prometheus = false;
};

int RunStats(const config::Config& config, const StatsArguments& arguments, std::ostream& out,
             std::ostream& err);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_STATS_COMMAND_H_
