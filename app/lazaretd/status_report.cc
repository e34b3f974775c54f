#include "app/lazaretd/status_report.h"

#include "base/json.h"

namespace lazaret::supervisor {

std::string StatusReport(const std::string& node, int pid, const std::vector<RoleStatus>& roles,
                         const std::vector<std::string>& problems, const ReloadRecord& reloads) {
  base::JsonWriter json;
  json.BeginObject();
  json.Field("v", 1);
  json.Field("node", node);
  json.Field("pid", pid);
  json.Field("last_reload", reloads.last);
  json.Key("reloads");
  json.BeginObject();
  json.Field("ok", reloads.taken);
  json.Field("failed", reloads.failed);
  json.Field("last_ok", reloads.last_taken.micros / 1'000'000);
  json.EndObject();
  json.Key("problems");
  json.BeginArray();
  for (const std::string& problem : problems) json.String(problem);
  json.EndArray();
  json.Key("roles");
  json.BeginArray();
  for (const RoleStatus& role : roles) {
    json.BeginObject();
    json.Field("name", role.name);
    json.Field("state", role.state);
    json.Field("pid", role.pid);
    json.Field("uptime_seconds", role.uptime_seconds);
    json.Field("restarts", role.restarts);
    json.Field("problem", role.complaint);
    json.Key("status");
    json.Raw(role.json.empty() ? "{}" : role.json);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return json.text();
}

}  // namespace lazaret::supervisor
