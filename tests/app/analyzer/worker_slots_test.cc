// The slots with workers that are played: real processes, but no engine and no box.
#include "app/analyzer/worker_slots.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <set>

#include "base/bytes.h"
#include "policy/analysis.h"
#include "tests/support/catch.h"

using namespace lazaret;
using analyzer::BoxFolder;
using analyzer::WorkerSockets;
using process::Frame;
using process::FrameType;

namespace {

constexpr std::int64_t kPatienceMillis = 20'000;

void Say(const WorkerSockets& sockets, FrameType type, const std::string& payload) {
  Frame frame;
  frame.type = type;
  frame.payload = payload;
  if (!process::SendFrame(sockets.zygote.get(), frame).ok()) ::_exit(9);
}

void SayUp(const WorkerSockets& sockets) { Say(sockets, FrameType::kWorkerUp, std::string(1, 3)); }

void SayFailed(const WorkerSockets& sockets, const std::string& why) {
  base::ByteWriter out;
  out.String(why);
  Say(sockets, FrameType::kWorkerFailed, out.Take());
}

// A job whose nonce tells a played worker what to do.
enum Order : std::uint64_t { kAnswer = 1, kRetire, kCrash, kBlind, kBabble };

void Obey(WorkerSockets sockets, const BoxFolder&) {
  SayUp(sockets);
  for (;;) {
    auto job = process::ReceiveFrame(sockets.jobs.get(), base::Deadline());
    if (!job.ok() || job->nonce == kRetire) ::_exit(0);
    if (job->nonce == kCrash) ::_exit(7);
    if (job->nonce == kBlind) SayFailed(sockets, "canary eicar-plain: found nothing");
    if (job->nonce == kBabble) SayUp(sockets);
    if (!process::SendFrame(sockets.jobs.get(), *job).ok()) ::_exit(8);
  }
}

// What the slots report, and the job sockets they lend.
struct Listener : analyzer::SlotListener {
  void OnReady(std::uint32_t worker, process::ConfineLevel level, int fd) override {
    ready.push_back(worker);
    levels.push_back(level);
    jobs[worker] = base::UniqueFd(::dup(fd));
  }
  void OnGone(std::uint32_t worker, const std::string& reason, bool retired) override {
    gone[worker] = reason;
    if (retired) ++retirements;
  }
  void OnNotReady(const std::string& reason) override { not_ready.push_back(reason); }

  std::vector<std::uint32_t> ready;
  std::vector<process::ConfineLevel> levels;
  std::map<std::uint32_t, base::UniqueFd> jobs;
  std::map<std::uint32_t, std::string> gone;
  int retirements = 0;
  std::vector<std::string> not_ready;
};

// Drives the slots as the generation zygote does.
class Stand {
 public:
  explicit Stand(analyzer::WorkerMain run, analyzer::SlotOptions options = {})
      : slots(std::move(run), listener, std::move(options)) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, &before_);
    signals_ = base::UniqueFd(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    REQUIRE(signals_.valid());
    slots.Resume();
  }
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;
  ~Stand() {
    slots.StopAll();
    slots.RemoveBoxes();
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  template <typename Condition>
  bool Until(Condition holds) {
    const base::Deadline patience = base::Deadline::AfterMillis(kPatienceMillis);
    while (!holds()) {
      if (patience.Expired()) return false;
      Turn();
    }
    return true;
  }
  void Turn() {
    slots.Tick();
    std::vector<pollfd> entries{{signals_.get(), POLLIN, 0}};
    slots.AddPollEntries(entries);
    const int wait = slots.NextEvent().PollMillis();
    const int longest = static_cast<int>(kPatienceMillis);
    if (::poll(entries.data(), entries.size(), wait < 0 ? longest : std::min(wait, longest)) <= 0)
      return;
    slots.ReadWorkers();
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) > 0) slots.Reap();
    slots.Reap();
  }
  void Tell(std::uint32_t worker, Order order) {
    Frame job;
    job.type = FrameType::kJob;
    job.nonce = order;
    REQUIRE(process::SendFrame(listener.jobs.at(worker).get(), job).ok());
  }
  bool Answers(std::uint32_t worker) {
    return process::ReceiveFrame(listener.jobs.at(worker).get(), base::Deadline::AfterMillis(5000))
        .ok();
  }
  bool UntilGone(std::uint32_t worker) {
    return Until([&] { return listener.gone.count(worker) == 1; });
  }
  bool UntilReady(std::size_t count) {
    return Until([&] { return listener.ready.size() == count; });
  }

  Listener listener;
  analyzer::WorkerSlots slots;

 private:
  sigset_t before_{};
  base::UniqueFd signals_;
};

analyzer::SlotOptions Quick() {
  analyzer::SlotOptions options;
  options.first_backoff_millis = 20;
  options.max_backoff_millis = 80;
  return options;
}

}  // namespace

TEST_CASE("slots: as many workers as asked become ready, no more", "[app][slots]") {
  analyzer::SlotOptions options;
  options.count = 3;
  Stand stand(Obey, options);
  REQUIRE(stand.UntilReady(3));
  // They come up in any order.
  CHECK(std::set<std::uint32_t>(stand.listener.ready.begin(), stand.listener.ready.end()) ==
        std::set<std::uint32_t>{1, 2, 3});
  CHECK(stand.listener.levels.front() == process::ConfineLevel::kNamespace);
  CHECK(stand.slots.NextEvent().never());
  stand.Tell(2, kAnswer);
  CHECK(stand.Answers(2));
  CHECK(stand.listener.not_ready.empty());
}

TEST_CASE("slots: nothing is forked before a front is there", "[app][slots]") {
  Listener listener;
  analyzer::WorkerSlots slots(Obey, listener, Quick());
  slots.Tick();
  CHECK(slots.NextEvent().never());
  std::vector<pollfd> entries;
  slots.AddPollEntries(entries);
  CHECK(entries.empty());
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("slots: a worker that ends is reaped and replaced, and the reason is told",
          "[app][slots]") {
  Stand stand(Obey);
  REQUIRE(stand.UntilReady(1));
  stand.Tell(1, kCrash);
  REQUIRE(stand.UntilGone(1));
  CHECK(stand.listener.gone[1] == "exit 7");
  CHECK(stand.listener.retirements == 0);
  REQUIRE(stand.UntilReady(2));
  stand.Tell(2, kRetire);
  REQUIRE(stand.UntilGone(2));
  CHECK(stand.listener.retirements == 1);
  REQUIRE(stand.UntilReady(3));
  // No zombie is left: the one child is the living worker.
  CHECK(::waitpid(-1, nullptr, WNOHANG) == 0);
}

TEST_CASE("slots: a ready worker's last words are the reason of its end", "[app][slots]") {
  Stand stand(Obey);
  REQUIRE(stand.UntilReady(1));
  stand.Tell(1, kBlind);
  REQUIRE(stand.UntilGone(1));
  CHECK(stand.listener.gone[1] == "canary eicar-plain: found nothing");
  CHECK(stand.listener.retirements == 0);
  REQUIRE(stand.UntilReady(2));
  stand.Tell(2, kBabble);
  REQUIRE(stand.UntilGone(2));
  CHECK(stand.listener.gone[2] == "said what no worker says");
}

TEST_CASE("slots: an armed worker is killed at the deadline, a disarmed one is not",
          "[app][slots]") {
  analyzer::SlotOptions options;
  options.count = 2;
  Stand stand(Obey, options);
  REQUIRE(stand.UntilReady(2));
  const base::Deadline deadline = base::Deadline::AfterMillis(100);
  stand.slots.Arm(1, deadline);
  stand.slots.Arm(2, deadline);
  stand.slots.Disarm(2);
  CHECK(stand.slots.NextEvent().monotonic() == deadline.monotonic());
  REQUIRE(stand.UntilGone(1));
  CHECK(deadline.Expired());
  CHECK(stand.listener.gone[1] == "deadline");
  REQUIRE(stand.UntilReady(3));
  CHECK(stand.listener.gone.count(2) == 0);
  stand.Tell(2, kAnswer);
  CHECK(stand.Answers(2));
}

TEST_CASE("slots: a stopped worker is killed at the deadline as well", "[app][slots]") {
  Stand stand([](WorkerSockets sockets, const BoxFolder& box) {
    SayUp(sockets);
    ::raise(SIGSTOP);
    Obey(std::move(sockets), box);
  });
  REQUIRE(stand.UntilReady(1));
  stand.slots.Arm(1, base::Deadline::AfterMillis(50));
  REQUIRE(stand.UntilGone(1));
  CHECK(stand.listener.gone[1] == "deadline");
}

TEST_CASE("slots: the front may ask for a kill; an unknown number kills nobody", "[app][slots]") {
  Stand stand(Obey);
  REQUIRE(stand.UntilReady(1));
  stand.slots.Kill(99, "no such");
  stand.slots.Arm(99, base::Deadline::AfterMillis(0));
  stand.slots.Tick();
  stand.Tell(1, kAnswer);
  CHECK(stand.Answers(1));
  stand.slots.Kill(1, "front asked: worker answered badly");
  REQUIRE(stand.UntilGone(1));
  CHECK(stand.listener.gone[1] == "front asked: worker answered badly");
}

TEST_CASE("slots: a kill that comes too late does not hide how the worker ended", "[app][slots]") {
  Stand stand(Obey);
  REQUIRE(stand.UntilReady(1));
  stand.Tell(1, kCrash);
  siginfo_t ended{};
  REQUIRE(::waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) == 0);
  stand.slots.Kill(1, "front asked: worker died");
  REQUIRE(stand.UntilGone(1));
  CHECK(stand.listener.gone[1] == "exit 7");
}

TEST_CASE("slots: a worker that does not become ready in time is killed", "[app][slots]") {
  analyzer::SlotOptions options = Quick();
  options.start_millis = 50;
  Stand stand(
      [](WorkerSockets, const BoxFolder&) {
        for (;;) ::pause();
      },
      options);
  REQUIRE(stand.Until([&] { return stand.listener.not_ready.size() == 2; }));
  CHECK(stand.listener.not_ready[0] == "not ready in time");
  CHECK(stand.listener.ready.empty());
}

TEST_CASE("slots: a worker that never becomes ready is tried again ever more slowly",
          "[app][slots]") {
  Stand stand(
      [](WorkerSockets sockets, const BoxFolder&) {
        SayFailed(sockets, "canary koi8r-body: found nothing");
        ::_exit(2);
      },
      Quick());
  // 20, 40, 80, 80 ms: four waits between five tries.
  const base::Nanoseconds start = base::MonotonicNow();
  REQUIRE(stand.Until([&] { return stand.listener.not_ready.size() == 5; }));
  CHECK((base::MonotonicNow() - start) / 1'000'000 >= 220);
  for (const std::string& reason : stand.listener.not_ready)
    CHECK(reason == "canary koi8r-body: found nothing");
  CHECK(stand.listener.gone.empty());
}

TEST_CASE("slots: when the front goes all workers end and none is forked until the next",
          "[app][slots]") {
  analyzer::SlotOptions options = Quick();
  options.count = 2;
  Stand stand(Obey, options);
  REQUIRE(stand.UntilReady(2));
  stand.slots.StopAll();
  REQUIRE(stand.Until([&] { return stand.listener.gone.size() == 2; }));
  stand.slots.Tick();
  CHECK(stand.slots.NextEvent().never());
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
  stand.slots.Resume();
  CHECK(stand.UntilReady(4));
}

TEST_CASE("slots: a worker holds no descriptor but its own", "[app][slots]") {
  const base::UniqueFd secret(::dup(STDOUT_FILENO));
  Stand stand([](WorkerSockets sockets, const BoxFolder&) {
    std::size_t open = 0;
    for (int fd = 0; fd < 1024; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    SayFailed(sockets, std::to_string(open));
    ::_exit(2);
  });
  REQUIRE(stand.Until([&] { return !stand.listener.not_ready.empty(); }));
  CHECK(stand.listener.not_ready[0] == "5");
}

TEST_CASE("slots: a worker's folder is its own and goes with it", "[app][slots]") {
  char parent[] = "/tmp/lazaret-slots-XXXXXX";
  REQUIRE(::mkdtemp(parent) != nullptr);
  const auto entries = [&] {
    return std::distance(std::filesystem::directory_iterator(parent),
                         std::filesystem::directory_iterator());
  };
  analyzer::SlotOptions options = Quick();
  options.count = 2;
  options.boxes = true;
  options.box_parent = parent;
  {
    Stand stand(Obey, options);
    REQUIRE(stand.UntilReady(2));
    CHECK(entries() == 2);
    stand.Tell(1, kCrash);
    REQUIRE(stand.UntilGone(1));
    CHECK(entries() == 1);
    REQUIRE(stand.UntilReady(3));
    CHECK(entries() == 2);
  }
  CHECK(entries() == 0);
  std::filesystem::remove_all(parent);
}

TEST_CASE("slots: a start that fails leaves no folder behind", "[app][slots]") {
  char parent[] = "/tmp/lazaret-slots-XXXXXX";
  REQUIRE(::mkdtemp(parent) != nullptr);
  analyzer::SlotOptions options = Quick();
  options.boxes = true;
  options.box_parent = parent;
  Listener listener;
  analyzer::WorkerSlots slots(Obey, listener, options);
  slots.Resume();
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // One descriptor for the folder, none for the sockets.
  const int lowest_free = ::dup(STDIN_FILENO);
  ::close(lowest_free);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(lowest_free + 1);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  slots.Tick();
  ::setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE(listener.not_ready.size() == 1);
  CHECK(listener.not_ready[0].find("a worker cannot be started") == 0);
  CHECK(std::filesystem::is_empty(parent));
  CHECK_FALSE(slots.NextEvent().never());
  std::filesystem::remove_all(parent);
}
