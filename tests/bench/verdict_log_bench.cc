// How many verdicts a second the log commits, durable each, and how long one caller waits.
//   bench_verdict_log FOLDER [THREADS [SECONDS]]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

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

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_verdict_log FOLDER [THREADS [SECONDS]]\n", stderr);
    return 2;
  }
  const int threads = argc > 2 ? std::atoi(argv[2]) : 64;
  const int seconds = argc > 3 ? std::atoi(argv[3]) : 5;
  db::SqliteOptions options;
  options.path = std::string(argv[1]) + "/bench/verdicts.db";
  auto store = db::OpenSqliteStore(options);
  if (!store.ok()) return std::fprintf(stderr, "%s\n", store.error().text.c_str()), 1;
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
