#include "app/lazaret/stats_metrics.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace lazaret::cli {
namespace {

using base::JsonValue;
using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kTotal = "_total";

struct Known {
  const char* key;     // in the role's answer
  const char* metric;  // without lazaret_
  MetricType type;
  const char* help;
  double scale = 1;
};

constexpr std::array<Known, 12> kFrontFields = {{
    {"ready", "ready", MetricType::kGauge, "1 while at least one worker can take mail."},
    {"draining", "draining", MetricType::kGauge, "1 while no new message is taken."},
    {"workers", "workers", MetricType::kGauge, "Workers that can take mail or have some."},
    {"busy", "workers_busy", MetricType::kGauge, "Workers with a message."},
    {"waiting", "queue_messages", MetricType::kGauge, "Messages that wait for a worker."},
    {"waiting_bytes", "queue_bytes", MetricType::kGauge, "Bytes of the messages that wait."},
    {"oldest_millis", "oldest_message_seconds", MetricType::kGauge,
     "How long the oldest message has been waiting for its answer.", 1e-3},
    {"worker_deaths", "worker_deaths_total", MetricType::kCounter,
     "Workers that died, hung or answered badly."},
    {"worker_retirements", "worker_recycles_total", MetricType::kCounter,
     "Workers that were replaced in order."},
    {"sessions", "sessions", MetricType::kGauge, "Open milter sessions."},
    {"in_flight", "messages_in_flight", MetricType::kGauge,
     "Messages between their end and our answer."},
    {"generation_seconds", "generation_age_seconds", MetricType::kGauge,
     "How long the generation has been in force."},
}};

constexpr std::array<Known, 16> kCounters = {{
    {"messages_total", "messages_total", MetricType::kCounter, "Messages that were answered."},
    {"message_bytes_total", "message_bytes_total", MetricType::kCounter,
     "Bytes of the messages that were answered."},
    {"messages_aborted_total", "messages_aborted_total", MetricType::kCounter,
     "Messages that began and never reached their end."},
    {"messages_refused_total", "messages_refused_total", MetricType::kCounter,
     "Messages refused at their end for a limit or a full spool."},
    {"messages_refused_at_mail_total", "messages_refused_at_mail_total", MetricType::kCounter,
     "Messages refused at MAIL."},
    {"messages_not_looked_at_total", "messages_not_looked_at_total", MetricType::kCounter,
     "Messages that no worker answered."},
    {"history_not_looked_at_total", "history_not_looked_at_total", MetricType::kCounter,
     "Messages for which the log did not say in time whether the sender is known."},
    {"verdicts_not_recorded_total", "verdicts_not_recorded_total", MetricType::kCounter,
     "Verdicts that could not be recorded; each was answered 451."},
    {"verdict_log_failing_bool", "verdict_log_failing", MetricType::kGauge,
     "1 when the last verdict could not be recorded."},
    {"log_lines_dropped_total", "log_lines_dropped_total", MetricType::kCounter,
     "Lines of the front's own log that were dropped. No verdict is among them."},
    {"sessions_total", "sessions_total", MetricType::kCounter, "Milter sessions."},
    {"sessions_refused_total", "sessions_refused_total", MetricType::kCounter,
     "Milter sessions above limits.sessions."},
    {"half_open_peers_closed_total", "half_open_peers_closed_total", MetricType::kCounter,
     "Peers that connected and did not speak the protocol."},
    {"connections_refused_total", "connections_refused_total", MetricType::kCounter,
     "Connections closed at once because descriptors are short."},
    {"callbacks_failed_total", "callbacks_failed_total", MetricType::kCounter,
     "Steps of a session that failed inside Lazaret; each was answered 4xx."},
    {"message_millis_total", "", MetricType::kCounter, ""},  // lazaret_message_seconds says more
}};

// Counters whose name holds a label's value: prefix VALUE _total.
struct Divided {
  std::string_view prefix;
  const char* metric;
  const char* label;
  const char* help;
};
constexpr std::array<Divided, 2> kDivided = {{
    {"messages_class_", "messages_by_class_total", "class", "Messages by class."},
    {"messages_action_", "messages_by_action_total", "action", "Messages by what was answered."},
}};

struct KnownHistogram {
  std::string_view name;
  const char* label;
  const char* help;
};
constexpr std::array<KnownHistogram, 3> kHistograms = {{
    {"message_seconds", "", "From the end of a message to its answer."},
    {"stage_seconds", "stage",
     "Time of a message by stage; record is the wait until the verdict is durable."},
    {"scanner_seconds", "scanner", "Time of a message in each scanner, as the worker says."},
}};

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

class MetricTable {
 public:
  // A name belongs to the type it was first used with; a later use with another type is dropped.
  void Add(std::string_view metric, MetricType type, std::string_view help, MetricSample sample) {
    const std::string name = "lazaret_" + std::string(metric);
    auto family = std::find_if(families_.begin(), families_.end(),
                               [&name](const MetricFamily& one) { return one.name == name; });
    if (family == families_.end())
      family = families_.insert(families_.end(), {name, type, std::string(help), {}});
    const bool taken =
        std::any_of(family->samples.begin(), family->samples.end(),
                    [&sample](const MetricSample& one) { return one.labels == sample.labels; });
    if (family->type == type && !taken) family->samples.push_back(std::move(sample));
  }
  void AddValue(std::string_view metric, MetricType type, std::string_view help, double value,
                Labels labels = {}) {
    MetricSample sample;
    sample.labels = std::move(labels);
    sample.value = value;
    Add(metric, type, help, std::move(sample));
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  std::vector<MetricFamily> families_;
};

std::optional<double> NumberOf(const JsonValue& value) {
  if (value.kind == JsonValue::Kind::kBool) return value.boolean ? 1.0 : 0.0;
  if (value.kind == JsonValue::Kind::kNumber && value.number >= 0) return value.number;
  return std::nullopt;
}

void AddRole(const JsonValue& role, MetricTable& table) {
  const Labels labels = {{"role", role["name"].text}};
  // analyzer-new and analyzer-old come and go with signatures; neither is an alarm.
  if (role["name"].text.rfind("analyzer-", 0) != 0)
    table.AddValue("role_up", MetricType::kGauge, "1 while the role is ready and answers.",
                   role["state"].text == "ready" && !role["status"].fields.empty() ? 1 : 0, labels);
  table.AddValue("role_uptime_seconds", MetricType::kGauge, "Since the role was started.",
                 role["uptime_seconds"].number, labels);
  table.AddValue("role_restarts_total", MetricType::kCounter, "How often the role ended.",
                 role["restarts"].number, labels);
}

void AddReloads(const JsonValue& reloads, MetricTable& table) {
  for (const char* result : {"ok", "failed"}) {
    const auto count = NumberOf(reloads[result]);
    if (count)
      table.AddValue("reloads_total", MetricType::kCounter,
                     "Reloads of rules, lists, policy and signatures by result.", *count,
                     {{"result", result}});
  }
  const auto time = NumberOf(reloads["last_ok"]);
  if (time)
    table.AddValue("reload_last_ok_timestamp_seconds", MetricType::kGauge,
                   "When the last reload succeeded, in seconds since 1970; at first the start.",
                   *time);
}

void AddCounter(const std::string& name, double value, MetricTable& table) {
  for (const Divided& divided : kDivided) {
    if (name.rfind(divided.prefix, 0) != 0 || !EndsWith(name, kTotal)) continue;
    const std::size_t length = name.size() - divided.prefix.size() - kTotal.size();
    table.AddValue(divided.metric, MetricType::kCounter, divided.help, value,
                   {{divided.label, name.substr(divided.prefix.size(), length)}});
    return;
  }
  const auto* known = std::find_if(kCounters.begin(), kCounters.end(),
                                   [&name](const Known& one) { return name == one.key; });
  if (known == kCounters.end()) {
    table.AddValue(name, EndsWith(name, kTotal) ? MetricType::kCounter : MetricType::kGauge,
                   "Counter of the front.", value);
  } else if (known->metric[0] != '\0') {
    table.AddValue(known->metric, known->type, known->help, value);
  }
}

void AddHistogram(const JsonValue& one, const std::vector<double>& bounds, MetricTable& table) {
  MetricSample sample;
  sample.value = one["sum_micros"].number / 1e6;
  sample.bounds_seconds = bounds;
  for (const JsonValue& count : one["counts"].items)
    sample.counts.push_back(static_cast<std::uint64_t>(count.number));
  const std::string& name = one["name"].text;
  if (!IsName(name) || bounds.empty() || sample.counts.size() != bounds.size() + 1) return;
  const auto* known = std::find_if(kHistograms.begin(), kHistograms.end(),
                                   [&name](const KnownHistogram& it) { return name == it.name; });
  const bool described = known != kHistograms.end();
  if (!one["label"].text.empty())
    sample.labels = {{described ? known->label : "label", one["label"].text}};
  table.Add(name, MetricType::kHistogram, described ? known->help : "Times of the front.",
            std::move(sample));
}

void AddGeneration(const JsonValue& generation, base::UnixTime now, MetricTable& table) {
  if (generation["id"].text.empty()) return;
  table.AddValue("generation_info", MetricType::kGauge, "The generation in force; always 1.", 1,
                 {{"id", generation["id"].text},
                  {"engine", generation["engine"].text},
                  {"confinement", generation["confinement"].text}});
  const double signatures = generation["signatures_time"].number;
  if (signatures <= 0) return;
  const double age = static_cast<double>(now.micros) / 1e6 - signatures;
  table.AddValue("signatures_age_seconds", MetricType::kGauge,
                 "Age of the newest signature database file.", std::max(0.0, age));
}

void AddFront(const JsonValue& front, base::UnixTime now, MetricTable& table) {
  for (const Known& known : kFrontFields) {
    const auto value = NumberOf(front[known.key]);
    if (value) table.AddValue(known.metric, known.type, known.help, *value * known.scale);
  }
  AddGeneration(front["generation"], now, table);
  for (const auto& [name, value] : front["counters"].fields) {
    const auto number = NumberOf(value);
    if (number && IsName(name)) AddCounter(name, *number, table);
  }
  std::vector<double> bounds;
  for (const JsonValue& bound : front["histogram_bounds_micros"].items)
    bounds.push_back(bound.number / 1e6);
  for (const JsonValue& one : front["histograms"].items) AddHistogram(one, bounds, table);
}

}  // namespace

std::vector<MetricFamily> MetricsOf(const base::JsonValue& status, base::UnixTime now) {
  MetricTable table;
  table.AddValue("problems", MetricType::kGauge,
                 "What keeps mail from being judged and recorded: lazaret status names each.",
                 static_cast<double>(status["problems"].items.size()));
  AddReloads(status["reloads"], table);
  for (const JsonValue& role : status["roles"].items) AddRole(role, table);
  for (const JsonValue& role : status["roles"].items) {
    if (role["name"].text == "front") AddFront(role["status"], now, table);
    const auto ends = NumberOf(role["status"]["worker_ends"]);
    if (role["name"].text == "analyzer" && ends)
      table.AddValue("worker_ends_total", MetricType::kCounter,
                     "Workers that ended out of order, as the analyzer counts.", *ends);
  }
  return table.Take();
}

}  // namespace lazaret::cli
