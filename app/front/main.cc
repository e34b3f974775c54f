// lazaret-front: talks to the MTA, hands messages to analyzers, decides, records, answers. It never
// parses a message and never connects outward. Started by lazaretd; docs/ARCHITECTURE.md,
// "Processes".
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "app/config/config.h"
#include "app/front/message_handler.h"
#include "app/front/policy_shelf.h"
#include "app/front/scan_service.h"
#include "app/front/status.h"
#include "app/front/stop_signal.h"
#include "app/judge/worker_pool.h"
#include "app/process/role.h"
#include "app/process/spawn.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/log.h"
#include "base/text.h"
#include "db/retention.h"
#include "db/sqlite/sqlite_store.h"
#include "db/state_lock.h"
#include "db/verdict_log.h"
#include "milter/filter.h"

namespace lazaret::front {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitConfiguration = 2;
constexpr std::int64_t kDrainStepMillis = 100;
// When a supervisor was killed and started again at once, the kernel may not yet have ended the
// front of the dead one.
constexpr std::int64_t kFormerFrontMillis = 10'000;
// limits.queue_messages 0.
constexpr std::uint32_t kWaitingPerWorker = 16;
// A tenth of the deadline is how long small messages may overtake a large one.
constexpr std::int64_t kOvertakePerSecond = 100;
// Larger blocks, those of whole messages, go back to the system when they are freed. Without a
// fixed bound the C library raises it to what was freed last, and each of its arenas keeps the
// memory of the largest message that ever went through it.
constexpr int kReturnedBlockBytes = 256 << 10;
constexpr const char* kReadersGroup = "lazaret-read";

base::Status MakeFolder(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return base::Ok();
  return base::ErrnoError(path);
}

// A session costs two descriptors at most (socket, message); the rest is for workers and the log.
void RaiseDescriptorLimit(const config::Limits& limits) {
  rlimit current{};
  if (getrlimit(RLIMIT_NOFILE, &current) != 0) return;
  const rlim_t wanted = 3ULL * limits.sessions + 512;
  current.rlim_cur = std::min(std::max(current.rlim_cur, wanted), current.rlim_max);
  setrlimit(RLIMIT_NOFILE, &current);
  if (current.rlim_cur < wanted) {
    base::LogWarning(base::Format("only {} descriptors allowed, {} wanted for limits.sessions {}",
                                  current.rlim_cur, wanted, limits.sessions));
  }
}

std::string DatabasePath(const config::Config& config) {
  return config.log.database.empty() ? config.paths.state + "/db/verdicts.db" : config.log.database;
}

// Who reads the log has to pass through the state folder; what lies beside the database in it is
// closed to others by its own mode.
void OpenWayToLog(const config::Config& config) {
  struct stat info {};
  if (getgrnam(kReadersGroup) == nullptr || stat(config.paths.state.c_str(), &info) != 0) return;
  if (info.st_uid != geteuid() || (info.st_mode & S_IXOTH) != 0) return;
  if (chmod(config.paths.state.c_str(), (info.st_mode & 07777) | S_IXOTH) != 0) {
    base::LogWarning(base::Format("{}: members of {} cannot pass through it", config.paths.state,
                                  kReadersGroup));
  }
}

base::Result<std::unique_ptr<db::VerdictLog>> OpenLog(const config::Config& config) {
  db::SqliteOptions options;
  options.path = DatabasePath(config);
  options.readers_group = kReadersGroup;
  options.folder_is_ours = options.path == config.paths.state + "/db/verdicts.db";
  if (options.folder_is_ours) OpenWayToLog(config);
  LAZARET_ASSIGN(auto store, db::OpenSqliteStore(options));
  return db::VerdictLog::Open(std::move(store));
}

std::uint32_t WorkersOf(const config::Config& config) {
  return config.limits.workers > 0 ? config.limits.workers
                                   : std::max(1U, std::thread::hardware_concurrency());
}

judge::PoolOptions PoolOptionsOf(const config::Config& config) {
  judge::PoolOptions options;
  options.socket_path = config.paths.run + "/workers.sock";
  options.max_message_bytes = config.limits.message_bytes;
  const config::Limits& limits = config.limits;
  options.max_waiting =
      limits.queue_messages > 0 ? limits.queue_messages : kWaitingPerWorker * WorkersOf(config);
  options.max_wait_millis = 10LL * limits.deadline_seconds * limits.queue_wait_percent;
  options.overtake_millis = kOvertakePerSecond * limits.deadline_seconds;
  options.max_waiting_bytes = config.limits.queue_bytes;
  return options;
}

base::Result<std::unique_ptr<judge::WorkerPool>> OpenPool(const config::Config& config,
                                                          const std::string& bundle_sha256) {
  judge::PoolOptions options = PoolOptionsOf(config);
  options.bundle_sha256 = bundle_sha256;
  LAZARET_ASSIGN(const auto scan_user, process::FindUser(config.users.scan));
  if (scan_user) options.peers = {scan_user->uid, geteuid()};
  return judge::WorkerPool::Listen(std::move(options));
}

base::Status StartScanService(const config::Config& config, judge::WorkerPool& pool) {
  ScanServiceOptions options;
  options.socket_path = config.paths.run + "/scan.sock";
  options.message_bytes = config.limits.message_bytes;
  options.budget_millis = config.limits.deadline_seconds * 900;
  options.at_once = std::max(1U, WorkersOf(config) / 2);
  return ScanService::Start(std::move(options), pool);
}

PoisonOptions PoisonOptionsOf(const config::Config& config) {
  PoisonOptions options;
  options.path = config.paths.state + "/poison.list";
  return options;
}

milter::FilterOptions FilterOptionsOf(const config::Config& config, milter::SpoolBudget& spool) {
  milter::FilterOptions options;
  options.listen = config.milter.listen;
  options.socket_mode = config.milter.socket_mode;
  options.socket_group = config.milter.socket_group;
  options.idle_seconds = config.limits.idle_seconds;
  options.half_open_seconds = config.limits.half_open_seconds;
  options.sessions = config.limits.sessions;
  options.session.store.memory_bytes = config.limits.memory_bytes;
  options.session.store.message_bytes = config.limits.message_bytes;
  options.session.store.spool = &spool;
  options.session.store.spool_dir = config.paths.state + "/spool";
  options.session.header_fields = config.limits.header_fields;
  options.session.recipients = config.limits.recipients;
  return options;
}

// Everything the front holds while it serves. libmilter's threads are never joined, so none of this
// is ever destroyed: the process ends by _exit.
struct Front {
  std::unique_ptr<process::Role> role;
  policy::Policy policy;
  PolicyShelf shelf;
  std::unique_ptr<db::StateLock> lock;
  std::unique_ptr<db::VerdictLog> log;
  std::unique_ptr<db::RetentionThread> retention;
  std::unique_ptr<judge::WorkerPool> pool;
  base::Counters counters;
  std::unique_ptr<PoisonList> poison;
  std::unique_ptr<milter::SpoolBudget> spool;
  std::unique_ptr<FrontHandler> handler;
  std::unique_ptr<milter::Filter> filter;
  bool draining = false;
  base::Deadline drain_until;

  const config::Config& config() const { return role->config(); }
};

base::Status OpenAll(Front& front) {
  const config::Config& config = front.config();
  LAZARET_TRY(MakeFolder(config.paths.state, 0750));
  LAZARET_TRY(MakeFolder(config.paths.run, 0750));
  LAZARET_TRY(MakeFolder(config.paths.state + "/spool", 0700));
  LAZARET_ASSIGN(auto lock, db::StateLock::Take(config.paths.state,
                                                base::Deadline::AfterMillis(kFormerFrontMillis)));
  front.lock = std::make_unique<db::StateLock>(std::move(lock));
  RaiseDescriptorLimit(config.limits);
  LAZARET_ASSIGN(front.policy, config::PolicyOf(config, front.role->bundle()));
  LAZARET_ASSIGN(front.log, OpenLog(config));
  front.retention =
      std::make_unique<db::RetentionThread>(*front.log, config.log.keep_days, config.node);
  const std::string bundle_sha256 = config::BundleSha256(front.role->bundle());
  front.shelf.Add(bundle_sha256, front.policy);
  LAZARET_ASSIGN(front.pool, OpenPool(config, bundle_sha256));
  LAZARET_TRY(StartScanService(config, *front.pool));
  front.spool = std::make_unique<milter::SpoolBudget>(
      std::max(config.limits.spool_bytes, config.limits.message_bytes));
  front.poison = std::make_unique<PoisonList>(PoisonOptionsOf(config), base::RealtimeNow());
  front.handler = std::make_unique<FrontHandler>(HandlerParts{*front.pool, *front.log, front.policy,
                                                              config, front.counters, bundle_sha256,
                                                              front.poison.get(), &front.shelf});
  LAZARET_ASSIGN(front.filter, milter::Filter::Open(FilterOptionsOf(config, *front.spool),
                                                    *front.handler, front.counters));
  return base::Ok();
}

// The wait is what a message that comes now would have before it, by what looks take.
std::vector<LimitUse> LimitsNow(const Front& front, const judge::PoolStatus& pool,
                                std::uint32_t sessions, std::uint64_t oldest_millis) {
  const config::Limits& limits = front.config().limits;
  const judge::PoolOptions options = PoolOptionsOf(front.config());
  const std::uint64_t workers = std::max(1U, pool.workers);
  const std::uint64_t wait =
      pool.waiting * static_cast<std::uint64_t>(pool.service_micros) / workers;
  return {{"limits.workers", pool.busy, WorkersOf(front.config())},
          {"limits.sessions", sessions, limits.sessions},
          {"limits.queue_messages", pool.waiting, options.max_waiting},
          {"limits.queue_bytes", pool.waiting_bytes, options.max_waiting_bytes},
          {"limits.queue_wait_percent", wait / 10'000 / limits.deadline_seconds,
           limits.queue_wait_percent},
          {"limits.deadline_seconds", oldest_millis / 1000, limits.deadline_seconds},
          {"poison_list", front.poison->size(), PoisonOptions().entries}};
}

std::string Status(Front& front) {
  front.counters.Set("log_lines_dropped_total", base::LogLinesDropped());
  const judge::PoolStatus pool = front.pool->Status();
  const milter::FilterLoad load = front.filter->Load();
  const std::uint64_t oldest = front.handler->OldestMillis();
  return StatusJson({pool, load, front.config().milter.listen, ModeText(front.policy),
                     front.draining, oldest, LimitsNow(front, pool, load.sessions, oldest)},
                    front.counters);
}

void BeginDrain(Front& front, std::int64_t millis) {
  if (front.draining) return;
  front.draining = true;
  front.drain_until = base::Deadline::AfterMillis(millis);
  base::LogInfo(base::Format("draining, {} messages in flight", front.filter->Load().in_flight));
  front.filter->StopAccepting();
}

// True when all replies have left or the time is over.
bool DrainStep(Front& front) {
  if (front.filter->WaitIdle(base::Deadline::AfterMillis(kDrainStepMillis))) return true;
  if (!front.drain_until.Expired()) return false;
  base::LogError(
      base::Format("drain time is over, {} messages get no reply", front.filter->Load().in_flight));
  return true;
}

// Keeps the policy of a bundle that the analyzer may come to judge by.
void TakeBundle(Front& front, const process::Frame& frame) {
  const auto bundle = process::BundleOf(frame);
  if (!bundle.ok()) return front.role->ReplyToReload(false, bundle.error().text);
  auto policy = config::PolicyOf(front.config(), *bundle);
  if (!policy.ok()) return front.role->ReplyToReload(false, policy.error().text);
  const std::string bundle_sha256 = config::BundleSha256(*bundle);
  front.shelf.Add(bundle_sha256, std::move(policy).value());
  front.shelf.Forget(front.pool->Bundles());
  front.pool->Expect(bundle_sha256);
  front.role->ReplyToReload(true, bundle_sha256);
}

void PutInForce(Front& front, const process::Frame& frame) {
  base::ByteReader in(frame.payload);
  const std::string bundle_sha256 = in.String(process::kMaxFrameBytes);
  const std::string id = in.String(process::kMaxFrameBytes);
  if (!front.shelf.SwitchTo(bundle_sha256))
    return front.role->ReplyToReload(false, "the front has no policy of this bundle");
  front.pool->SwitchTo(bundle_sha256, id);
  const judge::GenerationInfo generation = front.pool->Status().generation;
  if (!id.empty()) base::LogInfo("generation " + id.substr(0, 12) + " judges from now on");
  front.role->ReplyToReload(true, generation.id);
}

void ListenForBundles(Front& front) {
  front.role->OnOtherFrame([&front](const process::Frame& frame) {
    if (frame.type == process::FrameType::kReload) TakeBundle(front, frame);
    if (frame.type == process::FrameType::kInForce) PutInForce(front, frame);
  });
}

// Until drained or the supervisor is gone.
void RunLoop(Front& front, int stop_fd) {
  const std::int64_t drain_millis = 1000LL * front.config().limits.drain_seconds;
  bool supervised = true;
  while (!(front.draining && DrainStep(front))) {
    pollfd waits[2] = {{stop_fd, POLLIN, 0}, {supervised ? front.role->control() : -1, POLLIN, 0}};
    if (poll(waits, 2, front.draining ? 0 : -1) <= 0) continue;
    if (waits[0].revents != 0) BeginDrain(front, drain_millis);
    if (waits[1].revents == 0) continue;
    supervised =
        front.role->HandleControl([&front] { return Status(front); },
                                  [&front](std::uint32_t millis) { BeginDrain(front, millis); });
    if (!supervised) BeginDrain(front, drain_millis);
  }
}

int Serve(Front& front) {
  const base::Result<int> stop_fd = ListenForStop();
  if (!stop_fd.ok()) return kExitFailed;
  std::atomic<bool> failed = false;
  std::thread([&front, &failed] {
    BlockSignals();
    const base::Status served = front.filter->Serve();
    if (!served.ok()) {
      base::LogError(served.error().text);
      failed = true;
    }
    RequestStop();
  }).detach();
  ListenForBundles(front);
  front.role->Tell(process::FrameType::kRoleReady, front.config().milter.listen);
  base::LogInfo(base::Format("serving on {}, mode {}", front.config().milter.listen,
                             base::EscapeLine(ModeText(front.policy), 1024)));
  RunLoop(front, *stop_fd);
  base::LogInfo("stopped");
  return failed ? kExitFailed : 0;
}

int Main() {
  BlockSignals();
  signal(SIGPIPE, SIG_IGN);
  mallopt(M_MMAP_THRESHOLD, kReturnedBlockBytes);
  auto role = process::Role::Start("lazaret-front");
  if (!role.ok()) {
    base::LogError(role.error().text);
    return kExitConfiguration;
  }
  // The log must not hold up a reply.
  base::StartLogWriter();
  auto* front = new Front;
  front->role = std::move(role).value();
  const base::Status opened = OpenAll(*front);
  if (!opened.ok()) {
    base::LogError(opened.error().text);
    front->role->Tell(process::FrameType::kNotReady, opened.error().text);
    return kExitConfiguration;
  }
  return Serve(*front);
}

}  // namespace
}  // namespace lazaret::front

int main() {
  const int status = lazaret::front::Main();
  static_cast<void>(lazaret::base::FlushLog(lazaret::base::Deadline::AfterMillis(1000)));
  _exit(status);
}
