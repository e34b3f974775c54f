#include "app/lazaretd/roles.h"

#include <algorithm>

#include "app/process/frames.h"
#include "base/format.h"
#include "base/log.h"

namespace lazaret::supervisor {
namespace {

constexpr std::int64_t kFirstBackoffMillis = 200;
constexpr std::int64_t kMaxBackoffMillis = 5'000;
// A role that lived so long starts again at once.
constexpr std::int64_t kStableMillis = 30'000;

void LeaveDown(RoleRun& role) {
  role.next_start = base::Deadline();
  role.complaint =
      base::Format(
          "ended {} times within {} minutes and is left down; restart lazaretd once the "
          "cause is mended",
          role.ends.size(), kCrashLoopMillis / 60'000) +
      (role.complaint.empty() ? "" : "; it said: " + role.complaint);
  base::LogError(role.spec.name + " " + role.complaint);
}

}  // namespace

std::vector<RoleSpec> RolesOf(const config::Config& config) {
  return {
      {"front", "lazaret-front", {}, config.users.front, true},
      {"analyzer",
       "lazaret-analyzer",
       {"--front", config.paths.run + "/workers.sock", "--snapshots", SnapshotFolder(config)},
       config.users.scan,
       true},
      {"outbound", "lazaret-outbound", {}, config.users.outbound, false},
      {"admin", "lazaret-admin", {}, config.users.admin, false},
  };
}

const char* StateName(RoleState state) {
  if (state == RoleState::kReady) return "ready";
  return state == RoleState::kStarting ? "starting" : "down";
}

std::string SnapshotFolder(const config::Config& config) {
  return config.paths.state + "/generations";
}

std::string NameOf(const RoleRun& role) {
  if (role.place == Place::kInForce) return role.spec.name;
  return role.spec.name + (role.place == Place::kCandidate || role.not_taken ? "-new" : "-old");
}

base::Status StartRole(RoleRun& role, int config, int bundle, const std::string& folder) {
  LAZARET_ASSIGN(auto control, process::SeqpacketPair());
  process::SpawnOptions options;
  options.program = folder + "/" + role.spec.program;
  options.arguments = role.spec.arguments;
  options.arguments.insert(options.arguments.end(), role.more_arguments.begin(),
                           role.more_arguments.end());
  options.fds = {config, bundle, control.second.get()};
  options.user = role.user;
  LAZARET_ASSIGN(role.child, process::Spawn(options));
  role.control = std::move(control.first);
  role.state = RoleState::kStarting;
  role.started = base::MonotonicNow();
  role.status_json.clear();
  role.generation.clear();
  role.asked = false;
  role.overdue = false;
  return base::Ok();
}

void PlanRestart(RoleRun& role, base::Nanoseconds now) {
  const std::int64_t lived = (now - role.started) / 1'000'000;
  role.backoff_millis = lived > kStableMillis ? 0
                                              : std::clamp(role.backoff_millis * 2,
                                                           kFirstBackoffMillis, kMaxBackoffMillis);
  role.next_start = base::Deadline::At(now + role.backoff_millis * 1'000'000);
  role.state = RoleState::kDown;
  role.control.Reset();
  ++role.restarts;
  role.ends.push_back(now);
  while (now - role.ends.front() > kCrashLoopMillis * 1'000'000) role.ends.pop_front();
  if (role.ends.size() >= kCrashLoopEnds) LeaveDown(role);
}

}  // namespace lazaret::supervisor
