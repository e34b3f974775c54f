#include "app/lazaret/stats_text.h"

#include <numeric>

#include "base/format.h"
#include "base/json.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kShownLabel = 64;

const char* Name(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kHistogram:
      return "histogram";
    case MetricType::kGauge:
      break;
  }
  return "gauge";
}

// Whole numbers as such: a double in its shortest form would turn 10000000 into 1e+07.
std::string Number(double value) {
  constexpr double kWhole = 9e15;
  if (value >= 0 && value < kWhole &&
      value == static_cast<double>(static_cast<std::int64_t>(value)))
    return base::Format("{}", static_cast<std::int64_t>(value));
  return base::Format("{}", value);
}

std::string Escaped(const std::string& text, bool in_quotes) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '"' && in_quotes) {
      escaped += "\\\"";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string LabelText(const Labels& labels, const std::string& le = {}) {
  std::string text;
  for (const auto& [name, value] : labels)
    text += (text.empty() ? "" : ",") + name + "=\"" + Escaped(value, true) + "\"";
  if (!le.empty()) text += (text.empty() ? "le=\"" : ",le=\"") + le + "\"";
  return text.empty() ? text : "{" + text + "}";
}

std::uint64_t CountOf(const MetricSample& sample) {
  return std::accumulate(sample.counts.begin(), sample.counts.end(), std::uint64_t{0});
}

std::string HistogramText(const std::string& name, const MetricSample& sample) {
  std::string text;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < sample.counts.size(); ++i) {
    below += sample.counts[i];
    const std::string le =
        i < sample.bounds_seconds.size() ? Number(sample.bounds_seconds[i]) : "+Inf";
    text += base::Format("{}_bucket{} {}\n", name, LabelText(sample.labels, le), below);
  }
  const std::string labels = LabelText(sample.labels);
  text += base::Format("{}_sum{} {}\n", name, labels, Number(sample.value));
  text += base::Format("{}_count{} {}\n", name, labels, below);
  return text;
}

void WriteHistogram(base::JsonWriter& json, const MetricSample& sample) {
  json.Field("count", CountOf(sample));
  json.Field("sum", sample.value);
  json.Key("buckets");
  json.BeginArray();
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < sample.bounds_seconds.size(); ++i) {
    below += sample.counts[i];
    json.BeginObject();
    json.Field("le", sample.bounds_seconds[i]);
    json.Field("count", below);
    json.EndObject();
  }
  json.EndArray();
}

void WriteSample(base::JsonWriter& json, const MetricFamily& family, const MetricSample& sample) {
  json.BeginObject();
  json.Key("labels");
  json.BeginObject();
  for (const auto& [name, value] : sample.labels) json.Field(name, value);
  json.EndObject();
  if (family.type == MetricType::kHistogram) {
    WriteHistogram(json, sample);
  } else {
    json.Field("value", sample.value);
  }
  json.EndObject();
}

// "<= 0.05 s": the bound of the bucket in which the share is reached.
std::string BoundOf(const MetricSample& sample, double share) {
  const double wanted = share * static_cast<double>(CountOf(sample));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < sample.bounds_seconds.size(); ++i) {
    below += sample.counts[i];
    if (static_cast<double>(below) >= wanted)
      return base::Format("<= {} s", Number(sample.bounds_seconds[i]));
  }
  return base::Format("> {} s", Number(sample.bounds_seconds.back()));
}

std::string Shown(const MetricFamily& family, const MetricSample& sample) {
  if (family.type != MetricType::kHistogram) return Number(sample.value);
  const std::uint64_t count = CountOf(sample);
  if (count == 0) return "0 times";
  return base::Format("{} times, mean {:.6f} s, half {}, 99% {}", count,
                      sample.value / static_cast<double>(count), BoundOf(sample, 0.5),
                      BoundOf(sample, 0.99));
}

}  // namespace

std::string PrometheusText(const std::vector<MetricFamily>& families) {
  std::string text;
  for (const MetricFamily& family : families) {
    text += base::Format("# HELP {} {}\n", family.name, Escaped(family.help, false));
    text += base::Format("# TYPE {} {}\n", family.name, Name(family.type));
    for (const MetricSample& sample : family.samples) {
      text += family.type == MetricType::kHistogram
                  ? HistogramText(family.name, sample)
                  : base::Format("{}{} {}\n", family.name, LabelText(sample.labels),
                                 Number(sample.value));
    }
  }
  return text;
}

std::string StatsJson(const std::string& node, const std::vector<MetricFamily>& families) {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("v", 1);
  json.Field("node", node);
  json.Key("metrics");
  json.BeginArray();
  for (const MetricFamily& family : families) {
    json.BeginObject();
    json.Field("name", family.name);
    json.Field("type", Name(family.type));
    json.Field("help", family.help);
    json.Key("samples");
    json.BeginArray();
    for (const MetricSample& sample : family.samples) WriteSample(json, family, sample);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

std::string StatsTable(const std::vector<MetricFamily>& families) {
  std::string text;
  for (const MetricFamily& family : families) {
    for (const MetricSample& sample : family.samples) {
      std::string name = family.name.substr(family.name.find('_') + 1);
      for (const auto& label : sample.labels)
        name += " " + label.first + "=" + base::EscapeLine(label.second, kShownLabel);
      text += base::Format("{:<44} {}\n", name, Shown(family, sample));
    }
  }
  return text;
}

}  // namespace lazaret::cli
