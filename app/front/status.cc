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
  json.Field("workers", state.pool.workers);
  json.Field("busy", state.pool.busy);
  json.Field("waiting", state.pool.waiting);
  json.Field("worker_deaths", state.pool.worker_deaths);
  json.Field("sessions", state.load.sessions);
  json.Field("in_flight", state.load.in_flight);
  json.Key("counters");
  json.BeginObject();
  for (const auto& [name, value] : counters.Snapshot()) json.Field(name, value);
  json.EndObject();
  json.EndObject();
  return json.text();
}

}  // namespace lazaret::front
