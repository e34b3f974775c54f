// How many verdicts a second the log commits, durable each, and how long one caller waits.
//   bench_verdict_log FOLDER [THREADS [SECONDS]]   so many callers, each waits for its verdict
//   bench_verdict_log FOLDER grouped [SECONDS]     large events (one in three malicious), and
//   bench_verdict_log FOLDER typical [SECONDS]     typical ones, in groups of 2048: the log's two
//   stages without its callers' waits:
//       two threads make events and prepare them (as callers do), one seals, commits and tidies up
//       (as the log's writer does). CPU is that of all three, making the test's events included.
//       Rows are those of all tables: the event, and what it is found by.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <deque>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_store.h"
#include "db/verdict_log.h"
#include "tests/bench/typical_events.h"

using namespace lazaret;

namespace {

constexpr int kPreparing = 2;

struct Measured {
  std::vector<double> waits_ms;
  std::size_t failures = 0;
};

Measured AppendUntil(db::VerdictLog& log, std::chrono::steady_clock::time_point end) {
  Measured out;
  for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
    db::DecisionEvent event = bench::TypicalDecision(i);
    const std::string id = event.verdict_id;
    const auto begin = std::chrono::steady_clock::now();
    if (!log.Append(std::move(event)).ok()) ++out.failures;
    const std::chrono::duration<double, std::milli> wait = std::chrono::steady_clock::now() - begin;
    out.waits_ms.push_back(wait.count());
    log.Acknowledge(id, db::AckMark::kNextCommand);
  }
  return out;
}

void Print(std::vector<Measured> all, int threads, double seconds, double cpu_seconds) {
  std::vector<double> waits;
  std::size_t failures = 0;
  for (const Measured& one : all) {
    waits.insert(waits.end(), one.waits_ms.begin(), one.waits_ms.end());
    failures += one.failures;
  }
  std::sort(waits.begin(), waits.end());
  if (waits.empty()) return;
  const auto count = static_cast<double>(waits.size());
  std::printf(
      "%d threads: %.0f verdicts/s, %.1f us of CPU each, wait p50 %.2f ms, p99 %.2f ms, failures "
      "%zu\n",
      threads, count / seconds, cpu_seconds * 1e6 / count, waits[waits.size() / 2],
      waits[waits.size() * 99 / 100], failures);
}

// What prepared records wait in for the writer; bounded, as callers are.
class Prepared {
 public:
  // False when no more are wanted.
  bool Put(db::ChainedRecord record) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return closed_ || waiting_.size() < 4 * db::VerdictLog::kMaxBatch; });
    if (closed_) return false;
    waiting_.push_back(std::move(record));
    if (waiting_.size() == db::VerdictLog::kMaxBatch) full_.notify_one();
    return true;
  }
  std::vector<db::ChainedRecord> TakeGroup() {
    std::unique_lock lock(mutex_);
    full_.wait(lock, [this] { return waiting_.size() >= db::VerdictLog::kMaxBatch; });
    const auto end = waiting_.begin() + db::VerdictLog::kMaxBatch;
    std::vector<db::ChainedRecord> group(std::make_move_iterator(waiting_.begin()),
                                         std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    room_.notify_all();
    return group;
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable full_;
  std::deque<db::ChainedRecord> waiting_;
  bool closed_ = false;
};

db::Event LargeEvent(int number) {
  return number % 3 == 0 ? db::testing::SampleDecision(number) : db::testing::CleanDecision(number);
}

db::Event TypicalEvent(int number) { return bench::TypicalDecision(number); }

void Prepare(db::Event (*make)(int), std::atomic<int>& next, Prepared& out) {
  for (;;) {
    db::Event event = make(next++);
    if (!out.Put(db::PrepareRecord(std::move(event)))) return;
  }
}

// Commits until the time is over; the number of durable events.
base::Result<std::size_t> WriteGroups(db::VerdictStore& store, Prepared& from,
                                      std::chrono::steady_clock::time_point end) {
  db::ChainPosition last;
  while (std::chrono::steady_clock::now() < end) {
    std::vector<db::ChainedRecord> group = from.TakeGroup();
    for (db::ChainedRecord& record : group) db::Seal(record, last);
    LAZARET_TRY(store.AppendBatch(group));
    store.Tidy();
  }
  return static_cast<std::size_t>(last.seq);
}

// Other kinds of rows are few.
double RowsOf(const std::string& path) {
  auto reader = db::Connection::Open({path, true, 1000});
  if (!reader.ok()) return 0;
  const auto rows = reader->Number(
      "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM decision) +"
      " (SELECT count(*) FROM recipient) + (SELECT count(*) FROM finding) +"
      " (SELECT count(*) FROM history)");
  return rows.ok() ? static_cast<double>(*rows) : 0;
}

int AppendGroups(const std::string& path, int seconds, db::Event (*make)(int)) {
  db::SqliteOptions options;
  options.path = path;
  const auto opened = db::OpenSqliteStore(options);
  if (!opened.ok()) return std::fprintf(stderr, "%s\n", opened.error().text.c_str()), 1;
  db::VerdictStore& store = **opened;
  Prepared prepared;
  std::atomic<int> next = 0;
  const std::clock_t cpu = std::clock();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> callers;
  for (int i = 0; i < kPreparing; ++i) callers.emplace_back([&] { Prepare(make, next, prepared); });
  const auto rows = WriteGroups(store, prepared, begin + std::chrono::seconds(seconds));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  prepared.Close();
  for (std::thread& one : callers) one.join();
  if (!rows.ok()) return std::fprintf(stderr, "%s\n", rows.error().text.c_str()), 1;
  const auto count = static_cast<double>(*rows);
  std::printf("groups of %zu: %.0f verdicts/s, %.1f us of CPU each, %.0f rows/s\n",
              db::VerdictLog::kMaxBatch, count / took.count(), cpu_seconds * 1e6 / count,
              RowsOf(path) / took.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_verdict_log FOLDER [THREADS|grouped|typical [SECONDS]]\n", stderr);
    return 2;
  }
  const int threads = argc > 2 ? std::atoi(argv[2]) : 64;
  const int seconds = argc > 3 ? std::atoi(argv[3]) : 5;
  db::SqliteOptions options;
  options.path = std::string(argv[1]) + "/bench/verdicts.db";
  const std::string mode = argc > 2 ? argv[2] : "";
  if (mode == "grouped") return AppendGroups(options.path, seconds, LargeEvent);
  if (mode == "typical") return AppendGroups(options.path, seconds, TypicalEvent);
  auto store = db::OpenSqliteStore(options);
  if (!store.ok()) return std::fprintf(stderr, "%s\n", store.error().text.c_str()), 1;
  auto log = db::VerdictLog::Open(std::move(store).value());
  if (!log.ok()) return std::fprintf(stderr, "%s\n", log.error().text.c_str()), 1;
  const std::clock_t cpu = std::clock();
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::seconds(seconds);
  std::vector<Measured> all(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  for (Measured& one : all) {
    running.emplace_back([&one, &log, end] { one = AppendUntil(**log, end); });
  }
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  Print(std::move(all), threads, took.count(),
        static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  return 0;
}
