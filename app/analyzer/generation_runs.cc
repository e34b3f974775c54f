#include "app/analyzer/generation_runs.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "app/analyzer/generation_zygote.h"
#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/log.h"
#include "policy/analysis.h"

namespace lazaret::analyzer {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kFirstBackoffMillis = 200;
constexpr std::int64_t kMaxBackoffMillis = 5'000;

}  // namespace

GenerationRuns::GenerationRuns(Main main, Events events, Bundle bundle)
    : main_(std::move(main)), events_(std::move(events)) {
  current_.bundle = std::move(bundle);
}

bool GenerationRuns::Start(Run& run) {
  auto pipe = process::SeqpacketPair();
  const pid_t parent = ::getpid();
  const pid_t pid = pipe.ok() ? ::fork() : -1;
  if (pid < 0) return false;
  if (pid == 0) {
    process::DieWithParent(parent);
    // A zygote ends when its pipe closes: no other may hold this end of it.
    pipe->first.Reset();
    current_.pipe.Reset();
    candidate_.pipe.Reset();
    for (Run& other : leaving_) other.pipe.Reset();
    main_(*run.bundle, std::move(pipe->second));
    ::_exit(1);
  }
  run.pid = pid;
  run.pipe = std::move(pipe->first);
  return true;
}

void GenerationRuns::StartDue() {
  if (left_ || current_.pid >= 0 || !next_start_.Expired()) return;
  if (!Start(current_)) next_start_ = base::Deadline::AfterMillis(kMaxBackoffMillis);
}

base::Deadline GenerationRuns::NextStart() const {
  return current_.pid < 0 && !left_ ? next_start_ : base::Deadline();
}

void GenerationRuns::StartCandidate(Bundle bundle) {
  if (candidate_.pid >= 0) GiveUpCandidate("");
  candidate_.bundle = std::move(bundle);
  candidate_reason_.clear();
  if (!Start(candidate_)) events_.candidate(false, "no second generation can be forked");
}

void GenerationRuns::GiveUpCandidate(const std::string& why) {
  candidate_.pipe.Reset();
  // Its bundle stays: it may be put in force all the same.
  const Bundle bundle = candidate_.bundle;
  // It judges nothing, and one that hangs over a rule would never see its pipe close.
  if (candidate_.pid >= 0) {
    ::kill(candidate_.pid, SIGKILL);
    leaving_.push_back(std::move(candidate_));
  }
  candidate_ = Run();
  candidate_.bundle = bundle;
  if (!why.empty()) events_.candidate(false, why);
}

void GenerationRuns::PutInForce(const std::string& bundle_sha256) {
  if (candidate_.bundle == nullptr) return;
  if (config::BundleSha256(*candidate_.bundle) != bundle_sha256) {
    GiveUpCandidate("");
    candidate_ = Run();
    return;
  }
  // The front tells it to retire, after the messages that it has.
  if (current_.pid >= 0) leaving_.push_back(std::move(current_));
  current_ = std::move(candidate_);
  candidate_ = Run();
  backoff_millis_ = 0;
  next_start_ = base::Deadline::AfterMillis(0);
}

void GenerationRuns::Leave() {
  left_ = true;
  GiveUpCandidate("");
  candidate_ = Run();
  if (current_.pid >= 0) leaving_.push_back(std::move(current_));
  current_ = Run();
}

void GenerationRuns::AddPollEntries(std::vector<pollfd>& entries) const {
  const auto add = [&entries](const Run& run) {
    if (run.pipe.valid()) entries.push_back({run.pipe.get(), POLLIN, 0});
  };
  add(current_);
  add(candidate_);
  for (const Run& run : leaving_) add(run);
}

void GenerationRuns::Read() {
  if (current_.pipe.valid()) Read(current_);
  if (candidate_.pipe.valid()) Read(candidate_);
  for (Run& run : leaving_) {
    if (run.pipe.valid()) Read(run);
  }
}

void GenerationRuns::Read(Run& run) {
  auto frame = process::ReceiveFrame(run.pipe.get(), base::Deadline::AfterMillis(0));
  if (frame.ok()) return Take(run, *frame);
  if (frame.error().code != base::ErrorCode::kTimeout) run.pipe.Reset();
}

void GenerationRuns::Take(const Run& run, const Frame& frame) {
  base::ByteReader in(frame.payload);
  if (frame.type == FrameType::kWorkerGone) {
    const std::uint32_t worker = in.U32();
    last_worker_end_ = "worker " + std::to_string(worker) + ": " + in.String(policy::kMaxNameBytes);
    ++worker_ends_;
    return;
  }
  const std::string text = in.String(policy::kMaxNameBytes);
  if (&run == &candidate_) {
    // A rule's place and what is wrong with it come before its end.
    if (frame.type == FrameType::kNotReady) {
      candidate_reason_ = text;
      GiveUpCandidate(text);
    }
    if (frame.type == FrameType::kGenerationReady) events_.candidate(true, text);
  } else if (&run == &current_ && frame.type == FrameType::kRoleReady) {
    ever_ready_ = true;
    backoff_millis_ = 0;
    events_.ready();
  } else if (&run == &current_ && frame.type == FrameType::kGenerationReady) {
    events_.all_ready(text);
  } else if (&run == &current_ && frame.type == FrameType::kNotReady) {
    events_.not_ready(text);
  }
}

bool GenerationRuns::HasEnded(Run& run, int& status) {
  if (run.pid < 0 || ::waitpid(run.pid, &status, WNOHANG) != run.pid) return false;
  run.pid = -1;
  return true;
}

int GenerationRuns::Reap() {
  int status = 0;
  for (auto run = leaving_.begin(); run != leaving_.end();) {
    run = HasEnded(*run, status) ? leaving_.erase(run) : std::next(run);
  }
  if (HasEnded(candidate_, status)) {
    while (candidate_.pipe.valid()) Read(candidate_);  // its last words
    if (candidate_reason_.empty())
      events_.candidate(false, "the new generation ended: " + process::ExitText(status));
  }
  if (!HasEnded(current_, status)) return -1;
  while (current_.pipe.valid()) Read(current_);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kExitConfiguration && !ever_ready_)
    return kExitConfiguration;
  backoff_millis_ = std::min(kMaxBackoffMillis, std::max(kFirstBackoffMillis, backoff_millis_ * 2));
  next_start_ = base::Deadline::AfterMillis(backoff_millis_);
  base::LogWarning("generation zygote ended, starting another");
  return -1;
}

bool GenerationRuns::Stop() {
  if (candidate_.pid >= 0) leaving_.push_back(std::move(candidate_));
  if (current_.pid >= 0) leaving_.push_back(std::move(current_));
  current_.pid = candidate_.pid = -1;
  int status = 0;
  for (auto run = leaving_.begin(); run != leaving_.end();) {
    run->pipe.Reset();
    run = HasEnded(*run, status) ? leaving_.erase(run) : std::next(run);
  }
  return leaving_.empty();
}

}  // namespace lazaret::analyzer
