#include "db/verdict_log.h"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <new>
#include <thread>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/memory/memory_store.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_store.h"
#include "db/state_lock.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

std::unique_ptr<VerdictStore> OpenStore(const std::string& path, int busy_millis = 2000) {
  SqliteOptions options;
  options.path = path;
  options.busy_millis = busy_millis;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) FAIL(store.error().text);
  return std::move(store).value();
}

std::unique_ptr<VerdictLog> OpenLog(std::unique_ptr<VerdictStore> store) {
  auto log = VerdictLog::Open(std::move(store));
  if (!log.ok()) FAIL(log.error().text);
  return std::move(log).value();
}

// While it lives no file of this process can grow beyond `bytes`: writes fail as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit now{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

// Counts batches and can fail them, before or after they are kept.
class FaultyStore : public VerdictStore {
 public:
  enum class Fault { kNone, kBefore, kAfter, kThrow };
  std::atomic<Fault> fault = Fault::kNone;
  std::atomic<int> batches = 0;
  std::atomic<std::size_t> largest = 0;
  std::atomic<int> marked = 0;

  base::Status AppendBatch(std::span<const ChainedRecord> records) override {
    ++batches;
    if (records.size() > largest) largest = records.size();
    const base::Error error{base::ErrorCode::kUnavailable, "disk full"};
    if (fault == Fault::kBefore) return error;
    if (fault == Fault::kThrow) throw std::bad_alloc();
    base::Status status = below_->AppendBatch(records);
    if (fault == Fault::kAfter) return error;
    return status;
  }
  base::Result<ChainPosition> Last() override { return below_->Last(); }
  base::Result<ChainPosition> Anchor() override { return below_->Anchor(); }
  base::Result<std::vector<ChainedRecord>> Read(std::uint64_t after, std::uint32_t limit) override {
    return below_->Read(after, limit);
  }
  base::Result<std::vector<StoredVerdict>> Find(const Query& query) override {
    return below_->Find(query);
  }
  base::Result<StoredVerdict> Get(std::string_view id) override { return below_->Get(id); }
  base::Result<std::vector<std::string>> IdsWithPrefix(std::string_view prefix,
                                                       std::uint32_t limit) override {
    return below_->IdsWithPrefix(prefix, limit);
  }
  base::Result<std::uint64_t> Forget(const ForgetSelector& selector) override {
    return below_->Forget(selector);
  }
  base::Status Mark(std::span<const Acknowledgement> marks) override {
    marked += static_cast<int>(marks.size());
    return below_->Mark(marks);
  }
  base::Result<bool> HistoryContains(std::span<const std::string> keys) override {
    ++lookups;
    std::unique_lock lock(history_mutex);
    while (history_hangs) history_free.wait(lock);
    if (fault == Fault::kThrow) throw std::bad_alloc();
    return below_->HistoryContains(keys);
  }

  std::atomic<int> lookups = 0;
  std::mutex history_mutex;
  std::condition_variable history_free;
  bool history_hangs = false;  // under history_mutex
  void SetHistoryHangs(bool hangs) {
    const std::lock_guard lock(history_mutex);
    history_hangs = hangs;
    history_free.notify_all();
  }

 private:
  std::unique_ptr<VerdictStore> below_ = NewMemoryStore();
};

}  // namespace

TEST_CASE("log: what Append returned for is in the store, and the chain goes on after reopening",
          "[db][log]") {
  ScratchFolder folder;
  const DecisionEvent first = SampleDecision(1);
  const DecisionEvent second = SampleDecision(2);
  {
    auto log = OpenLog(OpenStore(folder.database()));
    REQUIRE(log->Append(first).ok());
    CHECK(log->store().Get(first.verdict_id).ok());
  }
  auto log = OpenLog(OpenStore(folder.database()));
  REQUIRE(log->Append(second).ok());
  const ChainReport report = VerifyChain(log->store()).value();
  CHECK(report.whole);
  CHECK(report.events == 2);
}

TEST_CASE("log: many threads append at once and share transactions", "[db][log]") {
  auto owned = std::make_unique<FaultyStore>();
  FaultyStore& store = *owned;
  auto log = OpenLog(std::move(owned));
  constexpr int kThreads = 16;
  constexpr int kEach = 25;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, &failures, t] {
      for (int i = 0; i < kEach; ++i) {
        if (!log->Append(SampleDecision(t * kEach + i)).ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(store.batches <= kThreads * kEach);
  CHECK(store.largest <= VerdictLog::kMaxBatch);
  const ChainReport report = VerifyChain(log->store()).value();
  CHECK(report.whole);
  CHECK(report.events == kThreads * kEach);
}

TEST_CASE("log: a failed batch is told to every caller, and the log works again afterwards",
          "[db][log]") {
  auto owned = std::make_unique<FaultyStore>();
  FaultyStore& store = *owned;
  auto log = OpenLog(std::move(owned));
  REQUIRE(log->Append(SampleDecision(0)).ok());
  store.fault = FaultyStore::Fault::kBefore;
  std::atomic<int> told = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&log, &told, t] {
      const base::Status status = log->Append(SampleDecision(t + 1));
      if (!status.ok() && status.error().text == "disk full") ++told;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(told == 8);
  store.fault = FaultyStore::Fault::kNone;
  REQUIRE(log->Append(SampleDecision(20)).ok());
  CHECK(VerifyChain(log->store()).value().events == 2);
}

TEST_CASE("log: a commit that failed but reached the disk does not break the chain", "[db][log]") {
  auto owned = std::make_unique<FaultyStore>();
  FaultyStore& store = *owned;
  auto log = OpenLog(std::move(owned));
  store.fault = FaultyStore::Fault::kAfter;
  CHECK_FALSE(log->Append(SampleDecision(1)).ok());
  store.fault = FaultyStore::Fault::kNone;
  REQUIRE(log->Append(SampleDecision(2)).ok());
  const ChainReport report = VerifyChain(log->store()).value();
  CHECK(report.whole);
  CHECK(report.events == 2);
}

TEST_CASE("F7 log: a disk that takes no more bytes fails Append at once; later it works again",
          "[db][log]") {
  ScratchFolder folder;
  auto log = OpenLog(OpenStore(folder.database()));
  const DecisionEvent lost = SampleDecision(2);
  REQUIRE(log->Append(SampleDecision(1)).ok());
  {
    const FileSizeLimit full(1);
    for (int i = 0; i < 3; ++i) {
      const base::Status status = log->Append(SampleDecision(10 + i));
      REQUIRE_FALSE(status.ok());
      CHECK(status.error().code == base::ErrorCode::kUnavailable);
      CHECK(status.error().text.find("verdicts.db") != std::string::npos);
    }
    CHECK_FALSE(log->Append(lost).ok());
  }
  CHECK_FALSE(log->store().Get(lost.verdict_id).ok());
  REQUIRE(log->Append(SampleDecision(3)).ok());
  REQUIRE(log->Append(lost).ok());
  const ChainReport report = VerifyChain(log->store()).value();
  CHECK(report.why == "");
  CHECK(report.events == 3);
}

TEST_CASE("F7 log: a database locked by another process fails Append after the busy time",
          "[db][log]") {
  ScratchFolder folder;
  auto log = OpenLog(OpenStore(folder.database(), 100));
  Connection other = Connection::Open({folder.database(), false, 100}).value();
  {
    auto holding = Transaction::Begin(other);
    REQUIRE(holding.ok());
    const auto begin = std::chrono::steady_clock::now();
    const base::Status status = log->Append(SampleDecision(1));
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == base::ErrorCode::kTimeout);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  }
  CHECK(log->Append(SampleDecision(1)).ok());
}

TEST_CASE("log: marks are written without being waited for, at the latest when the log closes",
          "[db][log]") {
  ScratchFolder folder;
  const DecisionEvent event = SampleDecision(1);
  {
    auto log = OpenLog(OpenStore(folder.database()));
    REQUIRE(log->Append(event).ok());
    log->Acknowledge(event.verdict_id, AckMark::kNextCommand);
  }
  auto store = OpenStore(folder.database());
  CHECK(store->Get(event.verdict_id).value().mark == AckMark::kNextCommand);
  CHECK(VerifyChain(*store).value().whole);
}

TEST_CASE("log: sender history answers per recipient domain", "[db][log]") {
  auto log = OpenLog(NewMemoryStore());
  const auto seen = [&log](const std::string& sender, const std::vector<std::string>& recipients) {
    return log->SenderSeenBefore(sender, recipients, base::Deadline::AfterMillis(60'000)).value();
  };
  CHECK_FALSE(seen("alice1@example.org", {"bob@lazaret.test"}));
  REQUIRE(log->Append(CleanDecision(1)).ok());
  CHECK(seen("ALICE1@example.org", {"new@third.test", "dave@LAZARET.test"}));
  CHECK_FALSE(seen("alice1@example.org", {"new@third.test"}));
  CHECK_FALSE(seen("", {"bob@lazaret.test"}));
  CHECK_FALSE(seen("alice1@example.org", {}));
}

TEST_CASE("log: a history that hangs costs the time it is given, once, and holds up no record",
          "[db][log]") {
  auto owned = std::make_unique<FaultyStore>();
  FaultyStore& store = *owned;
  auto log = OpenLog(std::move(owned));
  REQUIRE(log->Append(CleanDecision(1)).ok());
  const std::vector<std::string> recipients = {"bob@lazaret.test"};
  const auto ask = [&](std::int64_t millis) {
    return log->SenderSeenBefore("alice1@example.org", recipients,
                                 base::Deadline::AfterMillis(millis));
  };
  store.SetHistoryHangs(true);
  CHECK_FALSE(ask(20).has_value());
  CHECK_FALSE(ask(20).has_value());
  // From the second on that one lookup hangs nobody waits for it.
  const base::Nanoseconds begin = base::MonotonicNow();
  while (base::MonotonicNow() - begin < 1'200'000'000) CHECK_FALSE(ask(100).has_value());
  const base::Nanoseconds hanging = base::MonotonicNow();
  CHECK_FALSE(ask(600'000).has_value());
  CHECK(base::MonotonicNow() - hanging < 60'000'000'000);
  CHECK(log->Append(CleanDecision(2)).ok());
  store.SetHistoryHangs(false);
  std::optional<bool> seen;
  while (!seen) seen = ask(60'000);
  CHECK(*seen);
  CHECK(store.lookups <= 3);
}

TEST_CASE("log: of very many recipient domains a bounded number is looked up", "[db][log]") {
  auto owned = std::make_unique<FaultyStore>();
  FaultyStore& store = *owned;
  auto log = OpenLog(std::move(owned));
  std::vector<std::string> recipients;
  for (int i = 0; i < 50'000; ++i) recipients.push_back("u@d" + std::to_string(i) + ".test");
  CHECK(log->SenderSeenBefore("a@b.test", recipients, base::Deadline()).value() == false);
  CHECK(store.lookups == 16);
  recipients.assign(50'000, "u@one.test");
  CHECK(log->SenderSeenBefore("a@b.test", recipients, base::Deadline()).value() == false);
  CHECK(store.lookups == 17);
}

TEST_CASE("log: a store that throws is an error for whoever waits, and the log goes on",
          "[db][log]") {
  auto owned = std::make_unique<FaultyStore>();
  FaultyStore& store = *owned;
  auto log = OpenLog(std::move(owned));
  store.fault = FaultyStore::Fault::kThrow;
  CHECK_FALSE(log->Append(SampleDecision(1)).ok());
  CHECK_FALSE(log->SenderSeenBefore("a@b.test", {"c@d.test"}, base::Deadline()).has_value());
  store.fault = FaultyStore::Fault::kNone;
  CHECK(log->Append(SampleDecision(2)).ok());
  CHECK(log->SenderSeenBefore("a@b.test", {"c@d.test"}, base::Deadline()).has_value());
}

TEST_CASE("log: forgetting leaves an event that says who forgot what", "[db][log]") {
  auto log = OpenLog(NewMemoryStore());
  const DecisionEvent event = SampleDecision(1);
  REQUIRE(log->Append(event).ok());
  ForgetEvent forget;
  forget.actor = "operator";
  forget.reason = "asked by the person";
  ForgetSelector selector;
  selector.verdict_id = event.verdict_id;
  CHECK(log->ForgetPersonal(selector, forget).value() == 1);
  CHECK(log->store().Get(event.verdict_id).value().event.envelope.sender == kForgotten);
  const auto records = log->store().Read(1, 5).value();
  REQUIRE(records.size() == 1);
  CHECK(records[0].kind == EventKind::kForget);
  CHECK(VerifyChain(log->store()).value().whole);
}

TEST_CASE("log: a tail that does not follow is refused at opening", "[db][log]") {
  ScratchFolder folder;
  {
    auto log = OpenLog(OpenStore(folder.database()));
    REQUIRE(log->Append(SampleDecision(1)).ok());
    REQUIRE(log->Append(SampleDecision(2)).ok());
  }
  {
    Connection raw = Connection::Open({folder.database(), false, 100}).value();
    REQUIRE(raw.Run("UPDATE event SET body = x'80' WHERE seq = 2").ok());
  }
  const auto log = VerdictLog::Open(OpenStore(folder.database()));
  REQUIRE_FALSE(log.ok());
  CHECK(log.error().code == base::ErrorCode::kCorrupt);
}

TEST_CASE("F37 lock: a second daemon is refused, until the first is gone", "[db][lock]") {
  ScratchFolder folder;
  const std::string state = folder.path() + "/state";
  const base::Deadline now = base::Deadline::AfterMillis(0);
  {
    const auto first = StateLock::Take(state, now);
    REQUIRE(first.ok());
    const auto second = StateLock::Take(state, now);
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().code == base::ErrorCode::kUnavailable);
  }
  CHECK(StateLock::Take(state, now).ok());
  CHECK_FALSE(StateLock::Take(folder.path() + "/no/such/parent", now).ok());
}

TEST_CASE("lock: one that is about to be free is waited for", "[db][lock]") {
  ScratchFolder folder;
  const std::string state = folder.path() + "/state";
  auto first = StateLock::Take(state, base::Deadline::AfterMillis(0));
  REQUIRE(first.ok());
  std::atomic<bool> waiting = false;
  std::thread holder([&waiting, lock = std::move(*first)]() mutable {
    while (!waiting) std::this_thread::yield();
    const StateLock gone = std::move(lock);
  });
  CHECK_FALSE(StateLock::Take(state, base::Deadline::AfterMillis(50)).ok());
  waiting = true;
  CHECK(StateLock::Take(state, base::Deadline::AfterMillis(10'000)).ok());
  holder.join();
}
