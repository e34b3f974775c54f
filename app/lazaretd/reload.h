// A change of rules, lists, policy or signatures while mail flows: reads them once into a new
// bundle, gives it to the front, makes the new generation ready beside the one in force, and puts
// it in force when all its workers are. Other rules are a new generation zygote of the analyzer in
// force; other signatures are a second analyzer. Whatever fails on the way leaves the generation in
// force as it is and says why. One at a time; the supervisor's poll loop drives it, nothing here
// waits.
#ifndef LAZARET_APP_LAZARETD_RELOAD_H_
#define LAZARET_APP_LAZARETD_RELOAD_H_

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "app/lazaretd/originals.h"
#include "app/lazaretd/reload_record.h"
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
  // All lent; `files` gets the new bundle once it is in force, for roles that start later, and
  // `roles` a second analyzer. The role programs lie in `folder`.
  Reload(const config::Config& config, ConfigSource source, SharedFiles& files,
         std::list<RoleRun>& roles, std::string folder);

  // `client` gets a kControlReply when it is over; it may be invalid (a signal asked, which is
  // never forgotten). One that the watch began is waited for, one that somebody asked for is said
  // to be under way.
  void Begin(base::UniqueFd client);
  // Back to the bundle and the signatures that were in force before the last change; once.
  void BeginRollback(base::UniqueFd client);
  // What is on disk has come to rest: takes what differs from what was last looked at, so that
  // neither a file that was refused nor one rolled back is tried again before it changes. Rules and
  // signatures are apart here: a rule with a fault holds up no signatures.
  void BeginChanged(bool only_signatures);

  void OnReply(const RoleRun& role, const process::Frame& reply);
  void OnLoaded(RoleRun& role, const process::Frame& frame);
  void OnGenerationReady(RoleRun& role, const std::string& id);
  void OnComplaint(const RoleRun& role);
  void OnRoleEnd(const RoleRun& role);

  bool under_way() const { return step_ != Step::kNone; }
  base::Deadline deadline() const { return under_way() ? deadline_ : retry_; }
  void CheckDeadline();

  const ReloadRecord& record() const { return record_; }

 private:
  enum class Step { kNone, kRoom, kFront, kAnalyzer, kEngine, kSwitch };
  enum class Engine { kSame, kFromOriginals, kSnapshot };
  enum class Again { kNo, kSoon, kLater };

  struct Change {
    base::UniqueFd client;
    Engine engine = Engine::kSame;
    std::optional<Originals> originals;  // that the engine is to be loaded from
    std::string note;
    bool by_watch = false;
    bool rollback = false;
    bool rules = false;      // the bundle was read from disk and is not the one in force
    bool both_seen = false;  // on disk both rules and signatures changed
  };

  // The bundle read anew and checked.
  // What it has lost is refused where nobody asked for it, else told in `note`.
  base::Result<config::GenerationBundle> ReadNew(std::string* note) const;
  void Start(Change change, base::Result<config::GenerationBundle> bundle);
  void Proceed();
  // Nothing is to be done for what lies on disk: what was wrong with it is mended.
  void Settle(const base::Result<config::GenerationBundle>& on_disk);
  std::string WhyNoSecondEngine() const;
  void GiveTo(const std::string& role_name, Step step);
  void StartEngine();
  void EndCandidate();
  void PutInForce();
  void TellInForce(const std::string& bundle_sha256, const std::string& id);
  void TellKeptSnapshots();
  void Fail(const std::string& why, Again again = Again::kNo);
  void End(bool ok, const std::string& text, Again again = Again::kNo);
  // True when it has to wait or was refused.
  bool IsBusy(base::UniqueFd& client, bool rollback);
  RoleRun* Role(const std::string& name, Place place = Place::kInForce);

  const config::Config& config_;
  const ConfigSource source_;
  SharedFiles& files_;
  std::list<RoleRun>& roles_;
  const std::string folder_;
  Step step_ = Step::kNone;
  std::uint64_t nonce_ = 0;  // of the last question to a role
  Change change_;
  base::UniqueFd candidate_;
  std::string sha256_;      // of the candidate
  std::string before_;      // of the bundle in force when it began
  std::string generation_;  // id, once the analyzer has said it
  base::Deadline deadline_;
  base::Deadline retry_;

  struct Waiting {
    base::UniqueFd client;
    bool rollback = false;
  };
  std::optional<Waiting> waiting_;

  base::UniqueFd previous_;  // the bundle before the one in force
  std::string previous_snapshot_;
  std::optional<Originals> loaded_;  // what the engine in force was made from, when it is known
  // What BeginChanged compares with: seen last, taken or refused.
  std::optional<Originals> seen_signatures_;
  std::string seen_bundle_;
  ReloadRecord record_;
};

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_RELOAD_H_
