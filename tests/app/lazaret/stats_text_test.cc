#include "app/lazaret/stats_text.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/format.h"
#include "tests/support/catch.h"

namespace lazaret::cli {
namespace {

// The text format 0.0.4, read strictly: https://prometheus.io/docs/instrumenting/exposition_formats
class PrometheusReader {
 public:
  struct Family {
    std::string type;
    bool has_help = false;
    // name and labels as written, le taken out -> value
    std::map<std::string, std::string> values;
    std::map<std::string, std::vector<std::pair<std::string, std::string>>> buckets;
  };
  using Labels = std::map<std::string, std::string>;

  explicit PrometheusReader(const std::string& text) {
    if (text.empty() || text.back() != '\n') Fail("the last line has no end");
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      line_ = line;
      at_ = 0;
      if (line.rfind("# HELP ", 0) == 0) {
        ReadHelp();
      } else if (line.rfind("# TYPE ", 0) == 0) {
        ReadType();
      } else if (!line.empty() && line[0] == '#') {
        Fail("a comment that is neither HELP nor TYPE");
      } else {
        ReadSample();
      }
    }
  }

  std::map<std::string, Family> families;
  std::vector<std::pair<std::string, Labels>> samples;

 private:
  [[noreturn]] void Fail(const std::string& why) const {
    throw std::runtime_error(why + ": " + line_);
  }
  std::string TakeName(bool label) {
    const std::size_t start = at_;
    while (at_ < line_.size() &&
           ((line_[at_] >= 'a' && line_[at_] <= 'z') || (line_[at_] >= 'A' && line_[at_] <= 'Z') ||
            line_[at_] == '_' || (line_[at_] == ':' && !label) ||
            (line_[at_] >= '0' && line_[at_] <= '9' && at_ > start)))
      ++at_;
    if (at_ == start) Fail("no name");
    return line_.substr(start, at_ - start);
  }
  void Take(char wanted) {
    if (at_ >= line_.size() || line_[at_] != wanted) Fail(std::string("no ") + wanted);
    ++at_;
  }
  void ReadHelp() {
    at_ = 7;
    current_ = TakeName(false);
    Take(' ');
    for (std::size_t i = at_; i < line_.size(); ++i) {
      if (line_[i] != '\\') continue;
      ++i;
      if (i >= line_.size() || (line_[i] != '\\' && line_[i] != 'n')) Fail("wrong escape");
    }
    if (families.count(current_) != 0) Fail("a family twice");
    families[current_].has_help = true;
  }
  void ReadType() {
    at_ = 7;
    if (TakeName(false) != current_) Fail("TYPE of another family than HELP");
    Take(' ');
    const std::string type = line_.substr(at_);
    if (type != "counter" && type != "gauge" && type != "histogram") Fail("wrong type");
    if (!families[current_].type.empty()) Fail("TYPE twice");
    families[current_].type = type;
  }
  Labels TakeLabels() {
    Labels labels;
    if (at_ >= line_.size() || line_[at_] != '{') return labels;
    do {
      ++at_;
      const std::string name = TakeName(true);
      Take('=');
      Take('"');
      std::string value;
      while (at_ < line_.size() && line_[at_] != '"') {
        char c = line_[at_++];
        if (c == '\\') {
          if (at_ >= line_.size()) Fail("half an escape");
          c = line_[at_++];
          if (c == 'n') {
            c = '\n';
          } else if (c != '\\' && c != '"') {
            Fail("wrong escape");
          }
        }
        value += c;
      }
      Take('"');
      if (!labels.emplace(name, value).second) Fail("a label twice");
    } while (at_ < line_.size() && line_[at_] == ',');
    Take('}');
    return labels;
  }
  void ReadSample() {
    std::string name = TakeName(false);
    Labels labels = TakeLabels();
    Take(' ');
    const std::string value = line_.substr(at_);
    char* end = nullptr;
    std::strtod(value.c_str(), &end);
    if (value.empty() || *end != '\0') Fail("no number");
    samples.emplace_back(name, labels);
    Family& family = families[current_];
    if (family.type.empty()) Fail("a sample before its TYPE");
    const std::string suffix =
        name.rfind(current_, 0) == 0 ? name.substr(current_.size()) : Otherwise();
    if (family.type != "histogram" && !suffix.empty()) Fail("a sample of another family");
    if (family.type == "histogram" && suffix != "_bucket" && suffix != "_sum" && suffix != "_count")
      Fail("not of a histogram");
    std::string le;
    if (suffix == "_bucket") {
      if (labels.count("le") == 0) Fail("a bucket without le");
      le = labels["le"];
      labels.erase("le");
    }
    std::string key;
    for (const auto& [label, text] : labels) key += label + "=" + text + ";";
    if (suffix == "_bucket") {
      family.buckets[key].emplace_back(le, value);
    } else if (!family.values.emplace(suffix + key, value).second) {
      Fail("a sample twice");
    }
  }
  std::string Otherwise() const { Fail("a sample of another family"); }

  std::string line_;
  std::size_t at_ = 0;
  std::string current_;
};

std::string FrontCounters() {
  std::string text;
  for (const char* name :
       {"messages_total", "message_bytes_total", "messages_aborted_total", "messages_refused_total",
        "messages_refused_at_mail_total", "messages_not_looked_at_total",
        "history_not_looked_at_total", "verdicts_not_recorded_total", "verdict_log_failing_bool",
        "log_lines_dropped_total", "sessions_total", "sessions_refused_total",
        "half_open_peers_closed_total", "connections_refused_total", "callbacks_failed_total",
        "message_millis_total", "messages_class_clean_total", "messages_class_malicious_total",
        "messages_action_accept_total"})
    text += base::Format("{}\"{}\":3", text.empty() ? "" : ",", name);
  return text;
}

// What a supervisor with a busy front and an analyzer says; `more` goes into the front's object.
base::JsonValue Status(const std::string& counters, const std::string& more = "") {
  const std::string front =
      R"({"role":"front","draining":false,"ready":true,"generation":{"id":"g1","engine":"lib \"x\" \\ y\nz",)"
      R"("signatures_time":1000,"confinement":"namespace"},"generation_seconds":60,"workers":2,)"
      R"("busy":1,"waiting":4,"waiting_bytes":10000000,"oldest_millis":1500,"worker_deaths":1,)"
      R"("worker_retirements":2,"sessions":7,"in_flight":5,"counters":{)" +
      counters +
      R"(},"histogram_bounds_micros":[100,1000000],"histograms":[)"
      R"({"name":"message_seconds","label":"","sum_micros":2500000,"counts":[2,3,1]},)"
      R"({"name":"stage_seconds","label":"queue","sum_micros":0,"counts":[0,0,0]},)"
      R"({"name":"scanner_seconds","label":"clamav","sum_micros":5,"counts":[1,0,0]}])" +
      more + "}";
  const std::string text =
      R"({"v":1,"node":"n","pid":1,"problems":["one"],"roles":[)"
      R"({"name":"front","state":"ready","pid":2,"uptime_seconds":9,"restarts":1,"status":)" +
      front +
      R"(},{"name":"analyzer","state":"ready","pid":3,"uptime_seconds":9,"restarts":0,)"
      R"("status":{"worker_ends":6}},)"
      R"({"name":"admin","state":"down","pid":-1,"uptime_seconds":0,"restarts":2,"status":{}}]})";
  auto status = base::ParseJson(text);
  REQUIRE(status.ok());
  return std::move(status).value();
}

constexpr base::UnixTime kNow{2'000'000'000};  // 2000 s

std::string Prometheus(const base::JsonValue& status) {
  return PrometheusText(MetricsOf(status, kNow));
}

TEST_CASE("stats: the text for Prometheus is read strictly and holds what the roles say") {
  const PrometheusReader read(Prometheus(Status(FrontCounters())));
  for (const auto& [name, family] : read.families) {
    CAPTURE(name);
    CHECK(name.rfind("lazaret_", 0) == 0);
    CHECK(family.has_help);
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    CHECK(total == (family.type == "counter"));
    CHECK((family.type != "histogram" || name.substr(name.size() - 8) == "_seconds"));
  }
  const auto value = [&read](const std::string& family, const std::string& key = "") {
    const auto& values = read.families.at(family).values;
    return values.count(key) != 0 ? values.at(key) : "none";
  };
  CHECK(value("lazaret_messages_total") == "3");
  CHECK(value("lazaret_messages_by_class_total", "class=malicious;") == "3");
  CHECK(value("lazaret_messages_by_action_total", "action=accept;") == "3");
  CHECK(value("lazaret_queue_messages") == "4");
  CHECK(value("lazaret_queue_bytes") == "10000000");
  CHECK(value("lazaret_oldest_message_seconds") == "1.5");
  CHECK(value("lazaret_worker_deaths_total") == "1");
  CHECK(value("lazaret_worker_recycles_total") == "2");
  CHECK(value("lazaret_worker_ends_total") == "6");
  CHECK(value("lazaret_generation_age_seconds") == "60");
  CHECK(value("lazaret_signatures_age_seconds") == "1000");
  CHECK(value("lazaret_sessions") == "7");
  CHECK(value("lazaret_problems") == "1");
  CHECK(value("lazaret_ready") == "1");
  CHECK(value("lazaret_draining") == "0");
  CHECK(value("lazaret_role_up", "role=front;") == "1");
  CHECK(value("lazaret_role_up", "role=admin;") == "0");
  CHECK(value("lazaret_role_restarts_total", "role=admin;") == "2");
  CHECK(read.families.count("lazaret_message_millis_total") == 0);
}

TEST_CASE("stats: buckets are summed up, end in +Inf and agree with the count") {
  const PrometheusReader read(Prometheus(Status("")));
  const auto& family = read.families.at("lazaret_message_seconds");
  using Buckets = std::vector<std::pair<std::string, std::string>>;
  CHECK(family.buckets.at("") == Buckets{{"0.0001", "2"}, {"1", "5"}, {"+Inf", "6"}});
  CHECK(family.values.at("_sum") == "2.5");
  CHECK(family.values.at("_count") == "6");
  CHECK(read.families.at("lazaret_stage_seconds").values.at("_countstage=queue;") == "0");
  CHECK(read.families.at("lazaret_scanner_seconds").values.at("_countscanner=clamav;") == "1");
}

TEST_CASE("stats: quotes, backslashes and line ends in a label come back as they were") {
  const PrometheusReader read(Prometheus(Status("")));
  bool found = false;
  for (const auto& [name, labels] : read.samples) {
    if (name != "lazaret_generation_info") continue;
    found = true;
    CHECK(labels.at("engine") == "lib \"x\" \\ y\nz");
  }
  CHECK(found);
}

TEST_CASE("stats: a counter that nobody described comes out, one that is no name does not") {
  const PrometheusReader read(Prometheus(Status(
      R"("new_thing_total":8,"new_gauge":9,"bad name_total":1,"x\ny_total":1,"Upper":1,"neg_total":-1)")));
  CHECK(read.families.at("lazaret_new_thing_total").type == "counter");
  CHECK(read.families.at("lazaret_new_thing_total").values.at("") == "8");
  CHECK(read.families.at("lazaret_new_gauge").type == "gauge");
  CHECK(read.families.count("lazaret_Upper") == 0);
  CHECK(read.families.count("lazaret_neg_total") == 0);
  // A counter that would repeat a gauge of the front is not printed twice.
  const PrometheusReader twice(Prometheus(Status(R"("queue_messages":99)")));
  CHECK(twice.families.at("lazaret_queue_messages").values.at("") == "4");
}

TEST_CASE("stats: what a role did not answer is left out, never zero") {
  auto status = base::ParseJson(
      R"({"node":"n","problems":[],"roles":[{"name":"front","state":"ready","status":{}}]})");
  REQUIRE(status.ok());
  const PrometheusReader read(Prometheus(*status));
  CHECK(read.families.at("lazaret_role_up").values.at("role=front;") == "0");
  CHECK(read.families.count("lazaret_queue_messages") == 0);
  CHECK(read.families.count("lazaret_ready") == 0);
  CHECK(read.families.count("lazaret_signatures_age_seconds") == 0);
}

TEST_CASE("stats: an analyzer that loads or leaves beside the one in force is not down") {
  auto status = base::ParseJson(
      R"({"problems":[],"roles":[{"name":"analyzer","state":"ready","status":{"engine":"e"}},)"
      R"({"name":"analyzer-new","state":"starting","status":{}},)"
      R"({"name":"analyzer-old","state":"ready","status":{}}]})");
  REQUIRE(status.ok());
  const PrometheusReader read(Prometheus(*status));
  CHECK(read.families.at("lazaret_role_up").values.size() == 1);
  CHECK(read.families.at("lazaret_role_up").values.at("role=analyzer;") == "1");
  CHECK(read.families.at("lazaret_role_uptime_seconds").values.size() == 3);
}

TEST_CASE("stats: broken histograms are left out") {
  for (const char* broken : {R"({"name":"a_seconds","label":"","sum_micros":1,"counts":[1]})",
                             R"({"name":"a b","label":"","sum_micros":1,"counts":[1,1,1]})",
                             R"({"name":"a_seconds"})"}) {
    auto status = base::ParseJson(
        std::string(
            R"({"roles":[{"name":"front","status":{"histogram_bounds_micros":[1,2],"histograms":[)") +
        broken + "]}}]}");
    REQUIRE(status.ok());
    CHECK(Prometheus(*status).find("histogram") == std::string::npos);
  }
}

TEST_CASE("stats: JSON holds the same families, with buckets summed up") {
  const std::string text = StatsJson("n", MetricsOf(Status(FrontCounters()), kNow));
  CHECK(text.find('\n') == std::string::npos);
  const auto json = base::ParseJson(text);
  REQUIRE(json.ok());
  CHECK((*json)["v"].Int() == 1);
  CHECK((*json)["node"].text == "n");
  std::map<std::string, const base::JsonValue*> metrics;
  for (const base::JsonValue& metric : (*json)["metrics"].items)
    metrics[metric["name"].text] = &metric;
  CHECK((*metrics.at("lazaret_messages_total"))["samples"].items[0]["value"].Int() == 3);
  const base::JsonValue& histogram =
      (*metrics.at("lazaret_message_seconds"))["samples"].items.at(0);
  CHECK(histogram["count"].Int() == 6);
  CHECK(histogram["sum"].number == 2.5);
  REQUIRE(histogram["buckets"].items.size() == 2);
  CHECK(histogram["buckets"].items[1]["count"].Int() == 5);
}

TEST_CASE("stats: the table is safe for a terminal and names the bounds of a histogram") {
  const std::string table = StatsTable(MetricsOf(Status(FrontCounters()), kNow));
  CHECK(table.find("6 times, mean 0.416667 s, half <= 1 s, 99% > 1 s\n") != std::string::npos);
  CHECK(table.find("stage_seconds stage=queue") != std::string::npos);
  CHECK(table.find("0 times\n") != std::string::npos);
  CHECK(table.find("y\nz") == std::string::npos);
}

TEST_CASE("stats: docs/operations.md names every metric") {
  std::ifstream file(LAZARET_OPERATIONS_DOCS);
  std::stringstream docs;
  docs << file.rdbuf();
  REQUIRE_FALSE(docs.str().empty());
  for (const MetricFamily& family : MetricsOf(Status(FrontCounters()), kNow)) {
    CAPTURE(family.name);
    CHECK(docs.str().find("`" + family.name + "`") != std::string::npos);
  }
}

}  // namespace
}  // namespace lazaret::cli
