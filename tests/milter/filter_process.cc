#include "tests/milter/filter_process.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>
#include <thread>

#include "app/front/stop_signal.h"
#include "base/crypto.h"
#include "base/format.h"

namespace lazaret::test {
namespace {

constexpr int kWaitMillis = 10'000;

// Allocations of this size fail while armed; only the child arms it.
std::atomic<bool> g_memory_is_short = false;
[[maybe_unused]] bool IsTooMuch(std::size_t size) {
  return g_memory_is_short && size >= kShortMemoryBytes && size < kShortMemoryBytes + 200;
}

class WordHandler : public milter::MessageHandler {
 public:
  WordHandler(int events, int release) : events_(events), release_(release) {}

  milter::Disposition Judge(const milter::Transaction& transaction,
                            const std::function<void()>& progress) override {
    const auto text = base::ReadFdWhole(transaction.message.fd.get(), 64U << 20, "message");
    const std::string message = text.ok() ? *text : "";
    const policy::Envelope& envelope = transaction.envelope;
    Say(base::Format("judge from={} to={} user={} queue={} bytes={} sha={} head={}",
                     envelope.sender, envelope.recipients.size(), envelope.auth_user,
                     envelope.queue_id, transaction.message.bytes,
                     base::Hex(base::AsBytes(transaction.message.sha256)).substr(0, 16),
                     base::Hex(message.substr(0, 200))));
    if (Has(message, "Slow: 1")) WaitForRelease(progress);
    return DispositionOf(message);
  }

  void OnAcknowledged(std::string_view verdict_id, milter::NextSign sign) override {
    Say(base::Format("ack {} {}", verdict_id,
                     sign == milter::NextSign::kClose ? "close" : "next-command"));
  }

  milter::Disposition Refused(const milter::Refusal& refusal) override {
    Say(base::Format("refused {} {}", refusal.reply.code, refusal.reply.enhanced));
    milter::Disposition answer;
    answer.action =
        refusal.reply.code[0] == '5' ? policy::Action::kReject : policy::Action::kTempfail;
    if (refusal.envelope.sender == "careless@sender.test") answer.action = policy::Action::kAccept;
    answer.verdict_id = "refusalid";
    answer.reply = refusal.reply;
    return answer;
  }
  void OnRefusedAtMail(const policy::Envelope&, const milter::Reply& reply) override {
    Say(base::Format("refused-at-mail {} {}", reply.code, reply.enhanced));
  }
  void OnAborted() override { Say("aborted"); }

 private:
  static bool Has(const std::string& message, std::string_view word) {
    return message.find(word) != std::string::npos;
  }

  void Say(const std::string& line) {
    const auto written = base::WriteAll(events_, line + "\n");
    (void)written.ok();
  }

  void WaitForRelease(const std::function<void()>& progress) {
    pollfd wait{release_, POLLIN, 0};
    while (poll(&wait, 1, 100) == 0) progress();
  }

  static milter::Disposition DispositionOf(const std::string& message) {
    milter::Disposition wanted;
    wanted.verdict_id = "verdictid";
    wanted.action = policy::Action::kAccept;
    wanted.reply = {"550", "5.7.1", "refused 100%\r\n250 not this \x1b[31m"};
    if (Has(message, "Want: throw")) throw std::runtime_error("handler broke");
    if (Has(message, "Want: reject")) wanted.action = policy::Action::kReject;
    if (Has(message, "Want: wrong-class")) wanted.action = policy::Action::kTempfail;
    if (Has(message, "Want: strip")) wanted.action = policy::Action::kStrip;
    if (Has(message, "Want: tag")) wanted.action = policy::Action::kTag;
    if (Has(message, "Want: hold")) wanted.action = policy::Action::kHold;
    if (Has(message, "Want: tempfail")) {
      wanted.action = policy::Action::kTempfail;
      wanted.reply = {"451", "4.7.1", "later"};
    }
    wanted.hold_reason = "lazaret verdictid";
    wanted.add = {{"X-Lazaret-Id", "verdictid\r\nEvil: 1"}};
    if (Has(message, "Want: bad-edit")) wanted.add.push_back({"", "no name"});
    return wanted;
  }

  const int events_;
  const int release_;
};

[[noreturn]] void RunChild(const milter::FilterOptions& options, const FilterChoices& choices,
                           int events, int release) {
  g_memory_is_short = true;
  front::BlockSignals();
  signal(SIGPIPE, SIG_IGN);
  auto* handler = new WordHandler(events, release);
  auto* counters = new base::Counters;
  auto opened = milter::Filter::Open(options, *handler, *counters);
  if (!opened.ok()) _exit(3);
  milter::Filter* filter = opened->release();
  if (choices.stop_first) filter->StopAccepting();
  const auto stop = front::ListenForStop();
  if (choices.deaf) front::BlockSignals();
  std::thread([filter] {
    front::BlockSignals();
    const auto served = filter->Serve();
    if (!served.ok()) _exit(4);
    front::RequestStop();
  }).detach();
  pollfd wait{*stop, POLLIN, 0};
  while (poll(&wait, 1, -1) <= 0) continue;
  filter->StopAccepting();
  _exit(filter->WaitIdle(base::Deadline::AfterMillis(2 * kWaitMillis)) ? 0 : 5);
}

}  // namespace

std::string FreeInetListen(bool v6) {
  sockaddr_storage address{};
  auto* v6_address = reinterpret_cast<sockaddr_in6*>(&address);
  auto* v4_address = reinterpret_cast<sockaddr_in*>(&address);
  socklen_t length = v6 ? sizeof *v6_address : sizeof *v4_address;
  address.ss_family = v6 ? AF_INET6 : AF_INET;
  if (v6) {
    v6_address->sin6_addr = in6addr_loopback;
  } else {
    v4_address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  const base::UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (!fd.valid() || bind(fd.get(), any, length) != 0) return "";
  if (getsockname(fd.get(), any, &length) != 0) return "";
  const std::uint16_t port = ntohs(v6 ? v6_address->sin6_port : v4_address->sin_port);
  return v6 ? base::Format("inet6:{}@::1", port) : base::Format("inet:{}@127.0.0.1", port);
}

FilterProcess::FilterProcess(const FilterChoices& choices) {
  std::string pattern = "/tmp/lazaret-milter-test-XXXXXX";
  if (mkdtemp(pattern.data()) != nullptr) folder_ = pattern;
  socket_ = folder_ + "/s/milter.sock";
  int events[2] = {-1, -1};
  int release[2] = {-1, -1};
  if (pipe(events) != 0 || pipe(release) != 0) return;
  milter::FilterOptions options;
  options.listen = choices.listen.empty() ? "unix:" + socket_ : choices.listen;
  if (!choices.listen.empty()) socket_ = choices.listen;
  options.sessions = choices.sessions;
  options.half_open_seconds = choices.half_open_seconds;
  options.half_open_peers = choices.half_open_peers;
  options.session.store.memory_bytes = choices.memory_bytes;
  options.session.store.message_bytes = choices.message_bytes;
  options.session.header_fields = choices.header_fields;
  options.session.store.spool_dir = choices.spool_dir.empty() ? folder_ : choices.spool_dir;
  child_ = fork();
  if (child_ == 0) RunChild(options, choices, events[1], release[0]);
  close(events[1]);
  close(release[0]);
  events_.Reset(events[0]);
  release_.Reset(release[1]);
}

FilterProcess::~FilterProcess() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  unlink((folder_ + "/s/milter.sock").c_str());
  rmdir((folder_ + "/s").c_str());
  rmdir(folder_.c_str());
}

std::string FilterProcess::NextEvent() {
  const base::Deadline until = base::Deadline::AfterMillis(kWaitMillis);
  while (pending_.find('\n') == std::string::npos) {
    pollfd wait{events_.get(), POLLIN, 0};
    if (poll(&wait, 1, until.PollMillis()) <= 0) return "";
    char buffer[4096];
    const ssize_t got = read(events_.get(), buffer, sizeof buffer);
    if (got <= 0) return "";
    pending_.append(buffer, static_cast<std::size_t>(got));
  }
  const std::size_t end = pending_.find('\n');
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

void FilterProcess::Release() {
  const auto written = base::WriteAll(release_.get(), "g");
  (void)written.ok();
}

int FilterProcess::Threads() const {
  const std::filesystem::directory_iterator tasks("/proc/" + std::to_string(child_) + "/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

long FilterProcess::PeakKib() const {
  std::ifstream status("/proc/" + std::to_string(child_) + "/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib;
  }
  return -1;
}

void FilterProcess::Signal(int number) { kill(child_, number); }

std::optional<int> FilterProcess::ExitWithin(int millis) {
  const base::Deadline until = base::Deadline::AfterMillis(millis);
  int status = 0;
  while (waitpid(child_, &status, WNOHANG) == 0) {
    if (until.Expired()) return std::nullopt;
    poll(nullptr, 0, 10);
  }
  child_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace lazaret::test

#ifndef LAZARET_TEST_NO_SHORT_MEMORY
void* operator new(std::size_t size) {
  if (lazaret::test::IsTooMuch(size)) throw std::bad_alloc();
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
