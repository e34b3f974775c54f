#include "app/analyzer/worker.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/analyzer/canary.h"
#include "app/analyzer/pipeline.h"
#include "app/analyzer/scanner_set.h"
#include "app/analyzer/worker_age.h"
#include "app/judge/could_not_look.h"
#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/fd.h"

namespace lazaret::analyzer {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kCanaryMillis = 30'000;  // five tiny messages; a stuck library is noticed

std::uint64_t CpuMicros() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

constexpr unsigned kNobody = 65534;
constexpr int kExitFailed = 2;

// Whom a worker becomes in a chroot.
unsigned ChrootUser(const config::Config& config) {
  const auto user = process::FindUser(config.users.scan.empty() ? "nobody" : config.users.scan);
  return user.ok() && user->has_value() ? (*user)->uid : kNobody;
}

process::ConfineOptions ConfineOptionsOf(const config::Config& config, const BoxFolder& box) {
  process::ConfineOptions options;
  options.policy = config.confine.level == "reduced" ? process::ConfinePolicy::kReducedAllowed
                                                     : process::ConfinePolicy::kFull;
  options.tmpfs_bytes = config.confine.tmpfs_bytes;
  options.file_size_bytes = config.confine.tmpfs_bytes;
  if (!box.empty()) {
    options.chroot_dir = box;
    options.chroot_uid = ChrootUser(config);
    options.reduced_tmp_dir = box;
  }
#ifdef LAZARET_SANITIZED
  options.sanitized = true;
#else
  options.address_space_bytes = process::AddressSpaceNow() + config.confine.address_space_bytes;
#endif
  return options;
}

class Worker {
 public:
  Worker(const Generation& generation, WorkerSockets sockets)
      : generation_(generation), sockets_(std::move(sockets)), canaries_(MakeCanaries()) {}

  base::Status Prepare(const BoxFolder& folder);
  [[noreturn]] void Serve();
  // Goes on, or says to the zygote why not and ends.
  void EndUnless(const base::Status& status) {
    if (status.ok()) return;
    base::ByteWriter reason;
    reason.String(status.error().text.substr(0, policy::kMaxNameBytes));
    Report(FrameType::kWorkerFailed, reason.Take());
    _exit(kExitFailed);
  }
  void Report(FrameType type, std::string payload) {
    Frame frame;
    frame.type = type;
    frame.payload = std::move(payload);
    // A gone zygote kills this process by PDEATHSIG; nothing is left to tell.
    const base::Status sent = process::SendFrame(sockets_.zygote.get(), frame);
    if (!sent.ok()) _exit(1);
  }

 private:
  base::Status CheckCanaries() {
    jobs_since_canary_ = 0;
    return RunCanaries(*canary_pipeline_, canaries_, base::Deadline::AfterMillis(kCanaryMillis));
  }
  base::Result<policy::Analysis> Answer(const Frame& job);
  base::Status Reply(const Frame& job, const policy::Analysis& analysis, bool retiring);

  const Generation& generation_;
  WorkerSockets sockets_;
  std::vector<Canary> canaries_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Pipeline> canary_pipeline_;
  std::uint32_t jobs_done_ = 0;
  std::uint32_t jobs_since_canary_ = 0;
  std::uint64_t cpu_before_ = 0;
};

// Short of memory the kernel shall take a worker, whose message is tried again, not the front.
void OfferToOomKiller() {
  const base::UniqueFd fd(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (fd.valid()) static_cast<void>(base::WriteAll(fd.get(), "500"));
}

base::Status Worker::Prepare(const BoxFolder& folder) {
  OfferToOomKiller();
  LAZARET_ASSIGN(const process::Confinement box,
                 process::Confine(ConfineOptionsOf(*generation_.config, folder)));
  LAZARET_TRY(generation_.engine->UseTempDir(box.tmp_dir));
  pipeline_ = MakePipeline(generation_, generation_.rules);
  canary_pipeline_ = MakePipeline(generation_, generation_.canary_rules);
  LAZARET_TRY(CheckCanaries());
  base::ByteWriter up;
  up.U8(static_cast<std::uint8_t>(box.level));
  Report(FrameType::kWorkerUp, up.Take());
  return base::Ok();
}

base::Result<policy::Analysis> Worker::Answer(const Frame& job) {
  base::ByteReader in(job.payload);
  const std::uint64_t size = in.U64();
  if (job.type != FrameType::kJob || job.fds.size() != 2 || !in.AtEnd()) {
    return base::Error{base::ErrorCode::kInvalid, "job: wrong frame"};
  }
  LAZARET_ASSIGN(const base::Mapping message, base::Mapping::Map(job.fds[0].get(), size));
  LAZARET_ASSIGN(const base::Mapping facts_bytes,
                 base::Mapping::Map(job.fds[1].get(), policy::kMaxResultBytes));
  if (message.bytes().size() != size)
    return base::Error{base::ErrorCode::kInvalid, "job: wrong size"};
  LAZARET_ASSIGN(const policy::JobFacts facts, policy::DecodeFacts(facts_bytes.bytes()));
  return pipeline_->Analyze(message.bytes(), facts,
                            base::Deadline::AfterMillis(facts.budget_millis));
}

base::Status Worker::Reply(const Frame& job, const policy::Analysis& analysis, bool retiring) {
  const std::string bytes = policy::EncodeAnalysis(analysis);
  LAZARET_ASSIGN(const base::UniqueFd result, base::SealedMemfd("lazaret-result", bytes));
  Frame frame;
  frame.type = FrameType::kResult;
  frame.uid = job.uid;
  frame.nonce = job.nonce;
  frame.generation = generation_.tag;
  base::ByteWriter out;
  out.U64(bytes.size());
  const std::uint64_t cpu = CpuMicros();
  out.U64(cpu - cpu_before_);
  cpu_before_ = cpu;
  out.U8(retiring ? 1 : 0);
  frame.payload = out.Take();
  return process::SendFrame(sockets_.jobs.get(), frame, {result.get()});
}

void Worker::Serve() {
  const config::Limits& limits = generation_.config->limits;
  const std::uint64_t heap_before = HeapBytes();
  const base::Nanoseconds born = base::MonotonicNow();
  cpu_before_ = CpuMicros();
  for (;;) {
    auto job = process::ReceiveFrame(sockets_.jobs.get(),
                                     base::Deadline::AfterMillis(limits.canary_seconds * 1000LL));
    if (!job.ok()) {
      if (job.error().code != base::ErrorCode::kTimeout) _exit(0);
      EndUnless(CheckCanaries());
      cpu_before_ = CpuMicros();
      continue;
    }
    const auto analysis = Answer(*job);
    // A job that cannot be read ends the worker: front takes that for could-not-look.
    if (!analysis.ok()) EndUnless(analysis.error());
    ++jobs_done_;
    ++jobs_since_canary_;
    // The canaries run before the answer goes out: a worker gone blind since the last ones must not
    // have its word believed.
    if (jobs_since_canary_ >= limits.canary_messages) EndUnless(CheckCanaries());
    // What kept it from looking once may keep it from looking again.
    const std::uint64_t heap = HeapBytes();
    const WorkerAge age{jobs_done_, heap > heap_before ? heap - heap_before : 0,
                        base::MonotonicNow() - born};
    const bool retiring = ShouldRetire(age, limits) || judge::CouldNotLook(*analysis);
    EndUnless(Reply(*job, *analysis, retiring));
    if (retiring) _exit(0);
  }
}

}  // namespace

void RunWorker(const Generation& generation, WorkerSockets sockets, const BoxFolder& box) {
  Worker worker(generation, std::move(sockets));
  worker.EndUnless(worker.Prepare(box));
  worker.Serve();
}

}  // namespace lazaret::analyzer
