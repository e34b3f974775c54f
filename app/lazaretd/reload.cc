#include "app/lazaretd/reload.h"

#include "base/bytes.h"
#include "base/log.h"

namespace lazaret::supervisor {
namespace {

using process::Frame;
using process::FrameType;

// Rules, tests, canaries and workers take a few seconds at most; the command waits a little longer.
constexpr std::int64_t kPatienceMillis = 50'000;
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

Frame InForceFrame(const std::string& bundle_sha256, std::uint64_t nonce) {
  Frame frame;
  frame.type = FrameType::kInForce;
  frame.nonce = nonce;
  base::ByteWriter out;
  out.String(bundle_sha256);
  frame.payload = out.Take();
  return frame;
}

}  // namespace

base::Result<config::GenerationBundle> Reload::ReadNew(std::vector<std::string>& restart) const {
  LAZARET_ASSIGN(const config::Config now, config::LoadConfig(source_.file, source_.sets));
  restart = config::ChangedKeys(config_, now);
  LAZARET_ASSIGN(config::GenerationBundle bundle, config::ReadBundle(config_, ""));
  LAZARET_TRY(config::PolicyOf(config_, bundle));
  // The key in force stays, so that masked values correlate over the change.
  LAZARET_ASSIGN(const config::GenerationBundle in_force, BundleIn(files_.bundle));
  bundle.masking_key = in_force.masking_key;
  bundle.masking_key_id = in_force.masking_key_id;
  return bundle;
}

void Reload::Begin(base::UniqueFd client) {
  if (under_way()) return Answer(client, false, "a reload is under way already");
  std::vector<std::string> restart;
  auto bundle = ReadNew(restart);
  Start(std::move(client), std::move(bundle), RestartNote(restart));
}

void Reload::BeginRollback(base::UniqueFd client) {
  if (under_way()) return Answer(client, false, "a reload is under way already");
  if (!previous_.valid())
    return Answer(client, false, "there is no bundle to go back to: nothing was reloaded yet");
  Start(std::move(client), BundleIn(previous_),
        "; the files on disk are as they were: mend them before the next reload or restart");
}

void Reload::Start(base::UniqueFd client, base::Result<config::GenerationBundle> bundle,
                   const std::string& note) {
  client_ = std::move(client);
  note_ = note;
  deadline_ = base::Deadline::AfterMillis(kPatienceMillis);
  if (!bundle.ok()) return End(false, "refused, nothing changed: " + bundle.error().text);
  const auto in_force = BundleIn(files_.bundle);
  if (!in_force.ok()) return End(false, in_force.error().text);
  sha256_ = config::BundleSha256(*bundle);
  before_ = config::BundleSha256(*in_force);
  if (sha256_ == before_) return End(true, "rules, lists and policy are unchanged" + note_);
  auto file = base::SealedMemfd("lazaret-bundle", config::EncodeBundle(*bundle));
  if (!file.ok()) return End(false, file.error().text);
  candidate_ = std::move(file).value();
  GiveTo("front", Step::kFront);
}

RoleRun* Reload::Role(const std::string& name) {
  for (RoleRun& role : roles_) {
    if (role.spec.name == name) return &role;
  }
  return nullptr;
}

void Reload::GiveTo(const std::string& role_name, Step step) {
  const RoleRun* role = Role(role_name);
  if (role == nullptr || role->state != RoleState::kReady) return Fail(role_name + " is not ready");
  step_ = step;
  Frame frame;
  frame.type = FrameType::kReload;
  frame.nonce = ++nonce_;
  const base::Status sent = process::TrySendFrame(role->control.get(), frame, {candidate_.get()});
  if (!sent.ok()) Fail(role_name + " takes no bundle: " + sent.error().text);
}

void Reload::OnReply(const RoleRun& role, const Frame& reply) {
  // To a question that is over.
  if (reply.nonce != nonce_) return;
  base::ByteReader in(reply.payload);
  const bool ok = in.U8() == 1;
  const std::string text = in.String(process::kMaxFrameBytes);
  const bool front = role.spec.name == "front";
  if (front && step_ == Step::kFront) {
    ok ? GiveTo("analyzer", Step::kAnalyzer) : Fail(text);
  } else if (!front && step_ == Step::kAnalyzer) {
    if (!ok) return Fail(text);
    generation_ = text;
    PutInForce();
  } else if (front && step_ == Step::kSwitch) {
    if (!ok) return End(false, text);
    End(true, "generation " + generation_.substr(0, kShownId) + " is in force" + note_);
  }
}

// First for whoever starts from now on, then the analyzer, which would start the old one again when
// it retires, then the front, which makes it retire.
void Reload::PutInForce() {
  step_ = Step::kSwitch;
  previous_ = std::move(files_.bundle);
  files_.bundle = std::move(candidate_);
  TellInForce(sha256_);
}

void Reload::TellInForce(const std::string& bundle_sha256) {
  ++nonce_;
  for (const char* name : {"analyzer", "front"}) {
    const RoleRun* role = Role(name);
    if (role == nullptr || role->state != RoleState::kReady) continue;
    const base::Status sent =
        process::TrySendFrame(role->control.get(), InForceFrame(bundle_sha256, nonce_));
    if (!sent.ok()) base::LogWarning(std::string(name) + ": " + sent.error().text);
  }
}

// Both roles forget the candidate.
void Reload::Fail(const std::string& why) {
  TellInForce(before_);
  End(false, "refused, the generation in force stays: " + why);
}

void Reload::OnRoleEnd(const RoleRun& role) {
  const bool concerned = role.spec.name == "front" || role.spec.name == "analyzer";
  if (!under_way() || !concerned) return;
  if (step_ != Step::kSwitch) return Fail(role.spec.name + " ended meanwhile");
  // It starts again with the new bundle.
  if (role.spec.name == "front")
    End(true, "generation " + generation_.substr(0, kShownId) + " is in force once front is back");
}

void Reload::CheckDeadline() {
  if (!under_way() || !deadline_.Expired()) return;
  if (step_ == Step::kSwitch) return End(false, "front does not say that it has taken the new one");
  Fail("the new generation was not ready in time");
}

void Reload::End(bool ok, const std::string& text) {
  step_ = Step::kNone;
  candidate_.Reset();
  last_ = (ok ? "" : "failed: ") + text;
  if (ok) {
    base::LogInfo("reload: " + text);
  } else {
    base::LogError("reload: " + text);
  }
  Answer(client_, ok, text);
  client_.Reset();
}

}  // namespace lazaret::supervisor
