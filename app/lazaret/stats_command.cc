#include "app/lazaret/stats_command.h"

#include "app/lazaret/ask_supervisor.h"
#include "app/lazaret/stats_metrics.h"
#include "app/lazaret/stats_text.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kNoAnswer = 2;

}  // namespace

int RunStats(const config::Config& config, const StatsArguments& arguments, std::ostream& out,
             std::ostream& err) {
  auto answer = AskSupervisor(config, "status");
  if (!answer.ok()) {
    err << "lazaret stats: " << WhyNoAnswer("stats", answer.error()) << "\n";
    return kNoAnswer;
  }
  auto status = base::ParseJson(*answer);
  if (!status.ok()) {
    err << "lazaret stats: " << status.error().text << "\n";
    return kNoAnswer;
  }
  const std::vector<MetricFamily> families = MetricsOf(*status, base::RealtimeNow());
  if (arguments.prometheus) {
    out << PrometheusText(families);
  } else if (arguments.json) {
    out << StatsJson((*status)["node"].text, families) << "\n";
  } else {
    out << StatsTable(families);
  }
  return 0;
}

}  // namespace lazaret::cli
