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

std::string StatusJson(const FrontState& state, const base::Counters& counters) {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("role", "front");
  json.Field("listen", state.listen);
  json.Field("draining", state.draining);
  json.Field("ready", state.pool.ready);
  json.Field("not_ready_reason", state.pool.not_ready_reason);
  WriteGeneration(json, state.pool.generation);
  json.Field("workers", state.pool.workers);
  json.Field("busy", state.pool.busy);
  json.Field("waiting", state.pool.waiting);
  json.Field("waiting_bytes", state.pool.waiting_bytes);
  json.Field("service_micros", state.pool.service_micros);
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
