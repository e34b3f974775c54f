#include "app/lazaretd/reload.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "app/config/unread_files.h"
#include "app/lazaretd/memory_room.h"
#include "base/bytes.h"
#include "base/log.h"

namespace lazaret::supervisor {
namespace {

using process::Frame;
using process::FrameType;

// Rules, tests, canaries and workers take a few seconds at most; the command waits a little longer.
constexpr std::int64_t kPatienceMillis = 50'000;
// A large database on a machine that is busy with mail; loading comes after that.
constexpr std::int64_t kEnginePatienceMillis = 900'000;
// After its switch an analyzer has this much time beyond the deadline of its last message.
constexpr std::int64_t kLeaveGraceMillis = 5'000;
// What failed for the state of the machine and not for what was loaded is tried again.
constexpr std::int64_t kSoonMillis = 15'000;
constexpr std::int64_t kLaterMillis = 300'000;
constexpr std::size_t kShownId = 16;
// Room for its bytes and for the table of its documents.
constexpr std::size_t kMaxFileBytes = config::kMaxBundleBytes + (4U << 20);

base::Result<config::GenerationBundle> BundleIn(const base::UniqueFd& file) {
  LAZARET_ASSIGN(const std::string bytes,
                 base::ReadFdWhole(file.get(), kMaxFileBytes, "generation bundle"));
  return config::DecodeBundle(bytes);
}

void Answer(const base::UniqueFd& client, bool ok, const std::string& text) {
  if (!client.valid()) return;
  Frame reply;
  reply.type = FrameType::kControlReply;
  base::ByteWriter out;
  out.U8(ok ? 1 : 0);
  out.String(text);
  reply.payload = out.Take();
  const base::Status sent = process::TrySendFrame(client.get(), reply);
  if (!sent.ok()) base::LogWarning("reload client: " + sent.error().text);
}

std::string RestartNote(const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  std::string note = "; restart lazaretd for what changed in lazaret.yaml:";
  for (const std::string& key : keys) note += " " + key;
  return note;
}

Frame TwoTexts(FrameType type, const std::string& one, const std::string& two) {
  Frame frame;
  frame.type = type;
  base::ByteWriter out;
  out.String(one);
  out.String(two);
  frame.payload = out.Take();
  return frame;
}

void Tell(const RoleRun* role, const Frame& frame) {
  if (role == nullptr || role->state != RoleState::kReady) return;
  const base::Status sent = process::TrySendFrame(role->control.get(), frame);
  if (!sent.ok()) base::LogWarning(role->spec.name + ": " + sent.error().text);
}

// What stands for a bundle, or for why there is none.
std::string MarkOf(const base::Result<config::GenerationBundle>& bundle) {
  return bundle.ok() ? config::BundleSha256(*bundle) : bundle.error().text;
}

}  // namespace

Reload::Reload(const config::Config& config, ConfigSource source, SharedFiles& files,
               std::list<RoleRun>& roles, std::string folder)
    : config_(config),
      source_(std::move(source)),
      files_(files),
      roles_(roles),
      folder_(std::move(folder)) {
  auto originals = LookAtOriginals(config_);
  if (originals.ok()) loaded_ = seen_signatures_ = std::move(originals).value();
  seen_bundle_ = MarkOf(BundleIn(files_.bundle));
}

base::Result<config::GenerationBundle> Reload::ReadNew(std::string* note) const {
  LAZARET_ASSIGN(config::GenerationBundle bundle, config::ReadBundle(config_, ""));
  for (const std::string& unread : config::UnreadFiles(config_)) base::LogWarning(unread);
  LAZARET_TRY(config::PolicyOf(config_, bundle));
  // The key in force stays, so that masked values correlate over the change.
  LAZARET_ASSIGN(const config::GenerationBundle in_force, BundleIn(files_.bundle));
  const config::Lost lost = config::LostSource(in_force, bundle);
  if (lost.folder) return base::Error{base::ErrorCode::kInvalid, lost.text};
  if (note == nullptr && !lost.text.empty())
    return base::Error{base::ErrorCode::kInvalid, lost.unasked};
  if (!lost.text.empty()) *note += "; " + lost.text;
  bundle.masking_key = in_force.masking_key;
  bundle.masking_key_id = in_force.masking_key_id;
  return bundle;
}

bool Reload::IsBusy(base::UniqueFd& client, bool rollback) {
  if (!under_way()) return false;
  // A signal cannot be told to come again.
  const bool signal = !client.valid();
  if (!waiting_ && (change_.by_watch || signal)) {
    waiting_ = Waiting{std::move(client), rollback};
  } else {
    Answer(client, false, "a reload is under way already");
  }
  return true;
}

void Reload::Begin(base::UniqueFd client) {
  if (IsBusy(client, false)) return;
  Change change;
  change.client = std::move(client);
  change.rules = true;
  const auto now = config::LoadConfig(source_.file, source_.sets);
  auto bundle =
      now.ok() ? ReadNew(&change.note) : base::Result<config::GenerationBundle>(now.error());
  if (now.ok()) {
    change.note += RestartNote(config::ChangedKeys(config_, *now));
    seen_bundle_ = MarkOf(bundle);
  }
  auto originals = LookAtOriginals(config_);
  if (!originals.ok()) return Start(std::move(change), std::move(originals).error());
  if (!loaded_ || !(*loaded_ == *originals)) change.engine = Engine::kFromOriginals;
  change.originals = seen_signatures_ = std::move(originals).value();
  Start(std::move(change), std::move(bundle));
}

void Reload::BeginChanged(bool only_signatures) {
  retry_ = base::Deadline();
  if (under_way()) {
    retry_ = base::Deadline::AfterMillis(kSoonMillis);
    return;
  }
  Change change;
  auto originals = LookAtOriginals(config_);
  const bool signatures = originals.ok() && !(seen_signatures_ && *seen_signatures_ == *originals);
  if (signatures) {
    seen_signatures_ = std::move(originals).value();
    change.originals = seen_signatures_;
    if (!loaded_ || !(*loaded_ == *seen_signatures_)) change.engine = Engine::kFromOriginals;
  }
  auto bundle = ReadNew(nullptr);
  const bool rules = !only_signatures && MarkOf(bundle) != seen_bundle_;
  if (rules) seen_bundle_ = MarkOf(bundle);
  if (!rules && change.engine == Engine::kSame) {
    const bool was_problem = record_.problem();
    if (signatures) record_.signature_problem.clear();
    Settle(bundle);
    if (was_problem && !record_.problem()) {
      record_.Taken("what lies on disk is in force");
      base::LogInfo("reload: " + record_.last);
    }
    return;
  }
  change.by_watch = true;
  change.rules = rules;
  change.both_seen = rules && change.engine != Engine::kSame;
  Start(std::move(change), rules ? std::move(bundle) : BundleIn(files_.bundle));
}

void Reload::Settle(const base::Result<config::GenerationBundle>& on_disk) {
  if (record_.rules_problem.empty() || !on_disk.ok()) return;
  if (MarkOf(on_disk) != MarkOf(BundleIn(files_.bundle))) return;
  if (config::LoadConfig(source_.file, source_.sets).ok()) record_.rules_problem.clear();
}

void Reload::BeginRollback(base::UniqueFd client) {
  if (IsBusy(client, true)) return;
  if (!previous_.valid())
    return Answer(client, false,
                  "there is nothing to go back to: nothing was reloaded since the start, or since "
                  "the last rollback");
  Change change;
  change.rollback = true;
  change.client = std::move(client);
  change.note = "; the files on disk are as they were: mend them before the next reload or restart";
  const RoleRun* analyzer = Role("analyzer");
  if (analyzer != nullptr && analyzer->snapshot != previous_snapshot_)
    change.engine = Engine::kSnapshot;
  Start(std::move(change), BundleIn(previous_));
}

void Reload::Start(Change change, base::Result<config::GenerationBundle> bundle) {
  change_ = std::move(change);
  deadline_ = base::Deadline::AfterMillis(kPatienceMillis);
  if (!bundle.ok()) return End(false, "refused, nothing changed: " + bundle.error().text);
  const auto in_force = BundleIn(files_.bundle);
  if (!in_force.ok()) return End(false, in_force.error().text);
  sha256_ = config::BundleSha256(*bundle);
  before_ = config::BundleSha256(*in_force);
  if (change_.rules && sha256_ == before_) {
    change_.rules = false;
    record_.rules_problem.clear();
  }
  if (sha256_ == before_ && change_.engine == Engine::kSame)
    return End(true, "rules, lists, policy and signatures are unchanged" + change_.note);
  auto file = base::SealedMemfd("lazaret-bundle", config::EncodeBundle(*bundle));
  if (!file.ok()) return End(false, file.error().text);
  candidate_ = std::move(file).value();
  Proceed();
}

void Reload::Proceed() {
  if (change_.engine != Engine::kSame) {
    // Three would be one too many: the engine before the one in force has to end first.
    for (const RoleRun& role : roles_) {
      if (role.place != Place::kLeaving || role.state == RoleState::kDown) continue;
      step_ = Step::kRoom;
      deadline_ = base::Deadline();
      return;
    }
    const std::string no_room = WhyNoSecondEngine();
    if (!no_room.empty())
      return End(false, "refused, the generation in force stays: " + no_room, Again::kLater);
  }
  deadline_ = base::Deadline::AfterMillis(kPatienceMillis);
  GiveTo("front", Step::kFront);
}

std::string Reload::WhyNoSecondEngine() const {
  EngineSize size;
  for (const RoleRun& role : roles_) {
    if (role.spec.name == "analyzer" && role.place == Place::kInForce)
      size.measured = role.engine_bytes;
  }
  if (loaded_) size.old_files = loaded_->Bytes();
  if (change_.originals) size.new_files = change_.originals->Bytes();
  return WhyNoRoom(EstimateEngine(size), config_.clamav.reload_reserve_bytes, MemoryRoom());
}

RoleRun* Reload::Role(const std::string& name, Place place) {
  for (RoleRun& role : roles_) {
    if (role.spec.name == name && role.place == place) return &role;
  }
  return nullptr;
}

void Reload::GiveTo(const std::string& role_name, Step step) {
  const RoleRun* role = Role(role_name);
  if (role == nullptr || role->state != RoleState::kReady)
    return Fail(role_name + " is not ready", Again::kSoon);
  step_ = step;
  Frame frame;
  frame.type = FrameType::kReload;
  frame.nonce = ++nonce_;
  const base::Status sent = process::TrySendFrame(role->control.get(), frame, {candidate_.get()});
  if (!sent.ok()) Fail(role_name + " takes no bundle: " + sent.error().text, Again::kSoon);
}

void Reload::OnReply(const RoleRun& role, const Frame& reply) {
  // To a question that is over.
  if (reply.nonce != nonce_) return;
  base::ByteReader in(reply.payload);
  const bool ok = in.U8() == 1;
  const std::string text = in.String(process::kMaxFrameBytes);
  const bool front = role.spec.name == "front";
  if (front && step_ == Step::kFront) {
    if (!ok) return Fail(text);
    change_.engine == Engine::kSame ? GiveTo("analyzer", Step::kAnalyzer) : StartEngine();
  } else if (!front && step_ == Step::kAnalyzer) {
    if (!ok) return Fail(text);
    generation_ = text;
    PutInForce();
  } else if (front && step_ == Step::kSwitch) {
    if (!ok) return End(false, text);
    End(true, "generation " + generation_.substr(0, kShownId) + " is in force" + change_.note);
  }
}

// A second analyzer, with the bundle of the candidate.
void Reload::StartEngine() {
  const RoleRun* in_force = Role("analyzer");
  // The front tells two generations of one bundle apart by the id of the first.
  if (in_force == nullptr || in_force->generation.empty())
    return Fail("the analyzer in force is not ready", Again::kSoon);
  RoleRun role;
  role.spec = in_force->spec;
  role.spec.essential = false;
  role.user = in_force->user;
  role.place = Place::kCandidate;
  role.next_start = base::Deadline();
  role.more_arguments = {"--gently"};
  if (change_.engine == Engine::kSnapshot) {
    role.more_arguments.insert(role.more_arguments.end(), {"--snapshot", previous_snapshot_});
  } else {
    role.more_arguments.insert(role.more_arguments.end(), {"--unless", in_force->snapshot});
  }
  const base::Status started = StartRole(role, files_.config.get(), candidate_.get(), folder_);
  if (!started.ok()) return Fail(started.error().text, Again::kSoon);
  step_ = Step::kEngine;
  deadline_ = base::Deadline::AfterMillis(kEnginePatienceMillis);
  const auto beside = std::find_if(roles_.begin(), roles_.end(),
                                   [in_force](const RoleRun& one) { return &one == in_force; });
  roles_.insert(std::next(beside), std::move(role));
}

// From now on it starts again with what it has loaded, whatever lies on disk then.
void Reload::OnLoaded(RoleRun& role, const Frame& frame) {
  base::ByteReader in(frame.payload);
  role.snapshot = in.String(process::kMaxFrameBytes);
  role.engine_bytes = in.U64();
  if (role.snapshot.empty()) return;
  role.more_arguments = {"--snapshot", role.snapshot};
  if (role.place == Place::kInForce && !under_way()) TellKeptSnapshots();
  if (role.place != Place::kCandidate || step_ != Step::kEngine || role.engine_bytes != 0) return;
  // Other files with the same signatures: it ends by itself.
  role.place = Place::kLeaving;
  role.not_taken = true;
  role.end_by = base::Deadline::AfterMillis(kLeaveGraceMillis);
  change_.engine = Engine::kSame;
  loaded_ = change_.originals;
  if (sha256_ != before_) {
    deadline_ = base::Deadline::AfterMillis(kPatienceMillis);
    return GiveTo("analyzer", Step::kAnalyzer);
  }
  TellInForce(before_, "");
  End(true, "rules, lists, policy and signatures are unchanged" + change_.note);
}

void Reload::OnGenerationReady(RoleRun& role, const std::string& id) {
  role.generation = id;
  if (role.place != Place::kCandidate || step_ != Step::kEngine) return;
  generation_ = id;
  PutInForce();
}

// First for whoever starts from now on, then the analyzer, which would start the old one again when
// it retires, then the front, which makes it retire.
void Reload::PutInForce() {
  step_ = Step::kSwitch;
  deadline_ = base::Deadline::AfterMillis(kPatienceMillis);
  previous_ = std::exchange(files_.bundle, std::move(candidate_));
  RoleRun* analyzer = Role("analyzer");
  previous_snapshot_ = analyzer == nullptr ? "" : analyzer->snapshot;
  // What was just withdrawn must not come back by asking twice.
  if (change_.rollback) {
    previous_.Reset();
    previous_snapshot_.clear();
  }
  if (change_.engine != Engine::kSame) {
    RoleRun* fresh = Role("analyzer", Place::kCandidate);
    fresh->place = Place::kInForce;
    fresh->spec.essential = analyzer->spec.essential;
    fresh->restarts = analyzer->restarts;
    analyzer->spec.essential = false;
    analyzer->place = Place::kLeaving;
    analyzer->end_by = base::Deadline::AfterMillis(
        1000 * static_cast<std::int64_t>(config_.limits.deadline_seconds) + kLeaveGraceMillis);
    Frame leave;
    leave.type = FrameType::kRetire;
    base::ByteWriter out;
    out.U32(0);
    leave.payload = out.Take();
    Tell(analyzer, leave);
    // After a rollback nobody knows which files would give these signatures.
    loaded_ = change_.originals;
    record_.signature_problem.clear();
  }
  TellInForce(sha256_, generation_);
}

void Reload::TellInForce(const std::string& bundle_sha256, const std::string& id) {
  Frame frame = TwoTexts(FrameType::kInForce, bundle_sha256, id);
  frame.nonce = ++nonce_;
  for (const char* name : {"analyzer", "front"}) Tell(Role(name), frame);
}

void Reload::TellKeptSnapshots() {
  const RoleRun* analyzer = Role("analyzer");
  if (analyzer != nullptr && !analyzer->snapshot.empty() && analyzer->control.valid()) {
    const base::Status sent = process::TrySendFrame(
        analyzer->control.get(),
        TwoTexts(FrameType::kKeepSnapshots, analyzer->snapshot, previous_snapshot_));
    if (!sent.ok()) base::LogWarning("analyzer: " + sent.error().text);
  }
}

void Reload::EndCandidate() {
  RoleRun* role = Role("analyzer", Place::kCandidate);
  if (role == nullptr) return;
  process::SignalChild(role->child, SIGKILL);
  role->place = Place::kLeaving;
  role->not_taken = true;
  role->end_by = base::Deadline();
}

// All roles forget the candidate.
void Reload::Fail(const std::string& why, Again again) {
  EndCandidate();
  TellInForce(before_, "");
  End(false, "refused, the generation in force stays: " + why, again);
}

void Reload::OnComplaint(const RoleRun& role) {
  if (role.place == Place::kCandidate && step_ == Step::kEngine) Fail(role.complaint);
}

void Reload::OnRoleEnd(const RoleRun& role) {
  const bool front = role.spec.name == "front";
  if (front) {
    // Nobody waits for what it still has in hand, and a new front shall not come to know it.
    for (RoleRun& other : roles_) {
      if (other.place == Place::kLeaving) process::SignalChild(other.child, SIGKILL);
    }
  }
  if (!under_way()) return;
  if (role.place == Place::kLeaving) {
    if (step_ == Step::kRoom) Proceed();
    return;
  }
  if (role.place == Place::kCandidate)
    return Fail("the new analyzer ended" + (role.complaint.empty() ? "" : ": " + role.complaint));
  if (!front && role.spec.name != "analyzer") return;
  if (step_ != Step::kSwitch) return Fail(role.spec.name + " ended meanwhile", Again::kSoon);
  // It starts again with the new bundle.
  if (front)
    End(true, "generation " + generation_.substr(0, kShownId) + " is in force once front is back");
}

void Reload::CheckDeadline() {
  if (!under_way()) {
    if (retry_.Expired()) BeginChanged(!config_.reload_watch);
    return;
  }
  if (!deadline_.Expired()) return;
  if (step_ == Step::kSwitch) return End(false, "front does not say that it has taken the new one");
  Fail("the new generation was not ready in time", Again::kLater);
}

void Reload::End(bool ok, const std::string& text, Again again) {
  step_ = Step::kNone;
  candidate_.Reset();
  ok ? record_.Taken(text) : record_.Failed(text);
  if (ok) {
    // What lies on disk is what was loaded, again or still.
    if (change_.originals && loaded_ && *change_.originals == *loaded_)
      record_.signature_problem.clear();
    if (change_.rules) record_.rules_problem.clear();
    base::LogInfo("reload: " + text);
  } else {
    base::LogError("reload: " + text);
    if (change_.engine != Engine::kSame) record_.signature_problem = text;
    if (change_.rules) record_.rules_problem = text;
    // What was not refused but met trouble is made up for, whoever asked for it. Which of the two it
    // was is found by trying the signatures alone.
    const bool wanted = change_.by_watch || (config_.reload_watch && !change_.rollback);
    if (change_.both_seen || (again != Again::kNo && wanted)) {
      if (change_.engine == Engine::kFromOriginals) seen_signatures_.reset();
      if (!change_.both_seen && sha256_ != before_) seen_bundle_.clear();
      retry_ = base::Deadline::AfterMillis(change_.both_seen        ? 0
                                           : again == Again::kLater ? kLaterMillis
                                                                    : kSoonMillis);
    }
  }
  TellKeptSnapshots();
  Answer(change_.client, ok, text);
  change_ = Change();
  if (!waiting_) return;
  Waiting next = *std::exchange(waiting_, std::nullopt);
  next.rollback ? BeginRollback(std::move(next.client)) : Begin(std::move(next.client));
}

}  // namespace lazaret::supervisor
