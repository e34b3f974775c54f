#include "app/front/status.h"

#include "base/json.h"

namespace lazaret::front {
namespace {

void WriteGeneration(base::JsonWriter& json, const judge::GenerationInfo& generation) {
  json.Key("generation");
  json.BeginObject();
  json.Field("id", generation.id);
  json.Field("bundle", generation.bundle_sha256);
  json.Field("engine", generation.engine);
  json.Field("signatures_time", generation.signatures_time);
  json.Field("confinement", generation.confinement);
  json.EndObject();
}

void WriteLimits(base::JsonWriter& json, const std::vector<LimitUse>& limits) {
  json.Key("limits");
  json.BeginArray();
  for (const LimitUse& one : limits) {
    json.BeginObject();
    json.Field("name", one.name);
    json.Field("used", one.used);
    json.Field("limit", one.limit);
    json.EndObject();
  }
  json.EndArray();
}

// Counts stand bucket by bucket beside the bounds, the last one for all that is longer.
void WriteHistograms(base::JsonWriter& json, const base::Counters& counters) {
  json.Key("histogram_bounds_micros");
  json.BeginArray();
  for (const std::uint64_t bound : base::Histogram::kBoundsMicros) json.Uint(bound);
  json.EndArray();
  json.Key("histograms");
  json.BeginArray();
  for (const base::Counters::NamedReading& one : counters.Histograms()) {
    json.BeginObject();
    json.Field("name", one.name);
    json.Field("label", one.label);
    json.Field("sum_micros", one.reading.sum_micros);
    json.Key("counts");
    json.BeginArray();
    for (const std::uint64_t count : one.reading.counts) json.Uint(count);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

std::string ModeText(const policy::Policy& policy) {
  if (policy.mode == policy::Mode::kObserve) return "observe";
  std::string parts;
  const auto add = [&parts](const char* what, const std::string& name) {
    parts += (parts.empty() ? "" : ", ") + std::string(what) + name;
  };
  for (const std::string& one : policy.observe.daemons) add("daemon ", one);
  for (const std::string& one : policy.observe.domains) add("domain ", one);
  return parts.empty() ? "enforce" : "enforce, but observe for " + parts;
}

std::string StatusJson(const FrontState& state, const base::Counters& counters) {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("role", "front");
  json.Field("listen", state.listen);
  json.Field("mode", state.mode);
  json.Field("draining", state.draining);
  json.Field("ready", state.pool.ready);
  json.Field("not_ready_reason", state.pool.not_ready_reason);
  WriteGeneration(json, state.pool.generation);
  if (!state.pool.generation.id.empty()) {
    json.Field("generation_seconds",
               (base::MonotonicNow() - state.pool.generation_since) / 1'000'000'000);
  }
  json.Field("workers", state.pool.workers);
  json.Field("busy", state.pool.busy);
  json.Field("waiting", state.pool.waiting);
  json.Field("waiting_bytes", state.pool.waiting_bytes);
  json.Field("oldest_millis", state.oldest_millis);
  json.Field("service_micros", state.pool.service_micros);
  json.Field("worker_deaths", state.pool.worker_deaths);
  json.Field("worker_retirements", state.pool.worker_retirements);
  json.Field("sessions", state.load.sessions);
  json.Field("in_flight", state.load.in_flight);
  WriteLimits(json, state.limits);
  json.Key("counters");
  json.BeginObject();
  for (const auto& [name, value] : counters.Snapshot()) json.Field(name, value);
  json.EndObject();
  WriteHistograms(json, counters);
  json.EndObject();
  return json.text();
}

}  // namespace lazaret::front
