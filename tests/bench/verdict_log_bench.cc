// How many verdicts a second the log commits, durable each, and how long one caller waits.
//   bench_verdict_log FOLDER [THREADS [SECONDS]]   so many callers, each waits for its verdict
//   bench_verdict_log FOLDER grouped [SECONDS]     groups as the log makes them when many wait
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/sqlite_store.h"
#include "db/verdict_log.h"
#include "tests/bench/typical_events.h"

using namespace lazaret;

namespace {

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

void Print(std::vector<Measured> all, int threads, int seconds) {
  std::vector<double> waits;
  std::size_t failures = 0;
  for (const Measured& one : all) {
    waits.insert(waits.end(), one.waits_ms.begin(), one.waits_ms.end());
    failures += one.failures;
  }
  std::sort(waits.begin(), waits.end());
  if (waits.empty()) return;
  std::printf("%d threads: %zu verdicts/s, wait p50 %.2f ms, p99 %.2f ms, failures %zu\n", threads,
              waits.size() / static_cast<std::size_t>(seconds), waits[waits.size() / 2],
              waits[waits.size() * 99 / 100], failures);
}

// Encoding, chain and commit, without the callers' threads.
int AppendGroups(db::VerdictStore& store, int seconds) {
  db::ChainPosition last;
  std::size_t rows = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  const std::clock_t cpu = std::clock();
  while (std::chrono::steady_clock::now() < end) {
    std::vector<db::ChainedRecord> records;
    for (std::size_t i = 0; i < db::VerdictLog::kMaxBatch; ++i, ++rows) {
      const int number = static_cast<int>(rows);
      records.push_back(db::PrepareRecord(rows % 3 == 0
                                              ? db::Event(db::testing::SampleDecision(number))
                                              : db::Event(db::testing::CleanDecision(number))));
      db::Seal(records.back(), last);
    }
    const base::Status committed = store.AppendBatch(records);
    if (!committed.ok()) return std::fprintf(stderr, "%s\n", committed.error().text.c_str()), 1;
  }
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  std::printf("groups of %zu: %zu verdicts/s, %.1f us of CPU each\n", db::VerdictLog::kMaxBatch,
              rows / static_cast<std::size_t>(seconds),
              cpu_seconds * 1e6 / static_cast<double>(rows));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_verdict_log FOLDER [THREADS|grouped [SECONDS]]\n", stderr);
    return 2;
  }
  const int threads = argc > 2 ? std::atoi(argv[2]) : 64;
  const int seconds = argc > 3 ? std::atoi(argv[3]) : 5;
  db::SqliteOptions options;
  options.path = std::string(argv[1]) + "/bench/verdicts.db";
  auto store = db::OpenSqliteStore(options);
  if (!store.ok()) return std::fprintf(stderr, "%s\n", store.error().text.c_str()), 1;
  if (argc > 2 && std::string(argv[2]) == "grouped") return AppendGroups(**store, seconds);
  auto log = db::VerdictLog::Open(std::move(store).value());
  if (!log.ok()) return std::fprintf(stderr, "%s\n", log.error().text.c_str()), 1;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::vector<Measured> all(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  for (Measured& one : all) {
    running.emplace_back([&one, &log, end] { one = AppendUntil(**log, end); });
  }
  for (std::thread& thread : running) thread.join();
  Print(std::move(all), threads, seconds);
  return 0;
}
