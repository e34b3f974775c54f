// A change of rules, lists and policy while mail flows: reads them once into a new bundle, gives it
// to the front, then to the analyzer, and when the analyzer's new generation is ready puts it in
// force. Whatever fails on the way leaves the generation in force as it is and says why. One at a
// time; the supervisor's poll loop drives it, nothing here waits.
#ifndef LAZARET_APP_LAZARETD_RELOAD_H_
#define LAZARET_APP_LAZARETD_RELOAD_H_

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "app/lazaretd/roles.h"
#include "app/process/frames.h"
#include "base/clock.h"

namespace lazaret::supervisor {

// Where the configuration came from, to see whether it has changed since.
struct ConfigSource {
  std::string file;
  std::vector<std::string> sets;
};

class Reload {
 public:
  // All lent; `files` gets the new bundle once it is in force, for roles that start later.
  Reload(const config::Config& config, ConfigSource source, SharedFiles& files,
         std::list<RoleRun>& roles)
      : config_(config), source_(std::move(source)), files_(files), roles_(roles) {}

  // `client` gets a kControlReply when it is over; it may be invalid (a signal asked).
  void Begin(base::UniqueFd client);
  // Back to the bundle that was in force before the last change.
  void BeginRollback(base::UniqueFd client);

  void OnReply(const RoleRun& role, const process::Frame& reply);
  void OnRoleEnd(const RoleRun& role);
  base::Deadline deadline() const { return under_way() ? deadline_ : base::Deadline(); }
  void CheckDeadline();

  // What became of the last one, for people; empty when there was none.
  const std::string& last() const { return last_; }

 private:
  enum class Step { kNone, kFront, kAnalyzer, kSwitch };

  bool under_way() const { return step_ != Step::kNone; }
  // The bundle read anew and checked. `restart` gets the keys that only a restart changes.
  base::Result<config::GenerationBundle> ReadNew(std::vector<std::string>& restart) const;
  void Start(base::UniqueFd client, base::Result<config::GenerationBundle> bundle,
             const std::string& note);
  void GiveTo(const std::string& role_name, Step step);
  void PutInForce();
  void TellInForce(const std::string& bundle_sha256);
  void Fail(const std::string& why);
  void End(bool ok, const std::string& text);
  RoleRun* Role(const std::string& name);

  const config::Config& config_;
  const ConfigSource source_;
  SharedFiles& files_;
  std::list<RoleRun>& roles_;
  Step step_ = Step::kNone;
  std::uint64_t nonce_ = 0;  // of the last question to a role
  base::UniqueFd client_;
  base::UniqueFd candidate_;
  base::UniqueFd previous_;  // the bundle before the one in force
  std::string sha256_;       // of the candidate
  std::string before_;       // of the bundle in force when it began
  std::string generation_;   // id, once the analyzer has said it
  std::string note_;
  base::Deadline deadline_;
  std::string last_;
};

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_RELOAD_H_
