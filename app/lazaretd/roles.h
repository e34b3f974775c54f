// The roles a supervisor looks after, in one table: in the order in which they start; they stop in
// the reverse order.
#ifndef LAZARET_APP_LAZARETD_ROLES_H_
#define LAZARET_APP_LAZARETD_ROLES_H_

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/process/spawn.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace lazaret::supervisor {

struct RoleSpec {
  std::string name;     // "front"
  std::string program;  // "lazaret-front"
  std::vector<std::string> arguments;
  std::string user;        // empty = stay who we are
  bool essential = false;  // without it nothing can be filtered: its first start must succeed
};

std::vector<RoleSpec> RolesOf(const config::Config& config);
// Where the analyzer keeps the signatures it has loaded.
std::string SnapshotFolder(const config::Config& config);

// The crash-loop limit: a role that ended so often in so long is left down, and mail gets 4xx,
// until lazaretd is restarted. Stops a role that cannot work from filling the log and the processor
// for ever. The pauses between the starts keep a trouble of a minute from reaching it.
inline constexpr std::size_t kCrashLoopEnds = 20;
inline constexpr std::int64_t kCrashLoopMillis = 600'000;

enum class RoleState { kDown, kStarting, kReady };
const char* StateName(RoleState state);  // "down", "starting", "ready"

// An analyzer with other signatures stands beside the one in force until it is ready; then that one
// leaves after the messages it has. All other roles are in force always.
enum class Place { kInForce, kCandidate, kLeaving };

// One running role.
struct RoleRun {
  RoleSpec spec;
  Place place = Place::kInForce;
  std::vector<std::string> more_arguments;
  std::optional<process::UserIds> user;
  RoleState state = RoleState::kDown;
  process::Child child;
  base::UniqueFd control;  // supervisor's end
  base::Deadline next_start = base::Deadline::AfterMillis(0);
  std::int64_t backoff_millis = 0;
  base::Nanoseconds started = 0;
  std::uint32_t restarts = 0;
  std::deque<base::Nanoseconds> ends;  // within kCrashLoopMillis
  bool ever_ready = false;
  std::string details;      // what it said when ready
  std::string complaint;    // what it said when not
  std::string status_json;  // its last answer to a status request
  bool asked = false;       // it owes an answer to one
  bool overdue = false;     // and nobody waits for that any more
  // Of an analyzer, as it says itself; empty until then.
  std::string snapshot;  // hash of its signatures
  std::uint64_t engine_bytes = 0;
  std::string generation;  // id, when all its workers have been ready
  base::Deadline end_by;   // one that leaves is ended by force then
  bool not_taken = false;  // it leaves and never was in force
};

// What all roles are given.
struct SharedFiles {
  base::UniqueFd config;
  base::UniqueFd bundle;
};

// "analyzer", or for one that is not in force "analyzer-new" and "analyzer-old".
std::string NameOf(const RoleRun& role);

// `config` and `bundle` are lent descriptors.
base::Status StartRole(RoleRun& role, int config, int bundle, const std::string& folder);
// After the end of its process: when to start it again, if at all. Says in log and complaint when
// it is left down.
void PlanRestart(RoleRun& role, base::Nanoseconds now = base::MonotonicNow());

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_ROLES_H_
