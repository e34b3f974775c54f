// What a large verdict log costs: searches, and appending alone, beside retention and beside a
// reader that stays. Fill one with bench_verdict_log_fill.
//   bench_verdict_log_scale DATABASE query|append|retention|reader|verify
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "db/audit/chain.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/sqlite_store.h"
#include "db/verdict_log.h"
#include "tests/bench/typical_events.h"

using namespace lazaret;

namespace {

constexpr int kWriters = 16;
constexpr int kSeconds = 15;
constexpr std::int64_t kHourMicros = 3'600'000'000;

double Millis(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  return took.count();
}

// Bytes this process asked files for.
std::int64_t BytesRead() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::int64_t value = 0;
  io >> name >> value;
  return value;
}

std::unique_ptr<db::VerdictStore> Open(const std::string& path, bool read_only) {
  db::SqliteOptions options;
  options.path = path;
  options.read_only = read_only;
  return db::OpenSqliteStore(options).value();
}

struct Named {
  const char* name;
  db::Query query;
};

std::vector<Named> Queries() {
  std::vector<Named> all;
  const auto add = [&all](const char* name, const std::function<void(db::Query&)>& set) {
    set(all.emplace_back(Named{name, {}}).query);
  };
  const std::int64_t now = base::RealtimeNow().micros;
  add("newest 50", [](db::Query&) {});
  add("--class malicious", [](db::Query& q) { q.cls = policy::Class::kMalicious; });
  add("--class clean", [](db::Query& q) { q.cls = policy::Class::kClean; });
  add("--class policy (none)", [](db::Query& q) { q.cls = policy::Class::kPolicy; });
  add("--action reject", [](db::Query& q) { q.action = policy::Action::kReject; });
  add("--wanted reject", [](db::Query& q) { q.wanted = policy::Action::kReject; });
  add("--rule clamav.signature", [](db::Query& q) { q.rule = "clamav.signature"; });
  add("--rule no.such", [](db::Query& q) { q.rule = "no.such"; });
  add("--sender whole", [](db::Query& q) { q.sender = "sender7@mail7.example.org"; });
  add("--sender none", [](db::Query& q) { q.sender = "nobody@nowhere.example.org"; });
  add("--sender @domain", [](db::Query& q) { q.sender = "@mail7.example.org"; });
  add("--recipient whole", [](db::Query& q) { q.recipient = "user7@lazaret.test"; });
  add("--recipient @domain", [](db::Query& q) { q.recipient = "@lazaret.test"; });
  add("--since 1h", [now](db::Query& q) { q.since = base::UnixTime{now - kHourMicros}; });
  add("one hour 45 days ago", [now](db::Query& q) {
    q.since = base::UnixTime{now - 45 * 24 * kHourMicros};
    q.until = base::UnixTime{now - (45 * 24 - 1) * kHourMicros};
  });
  add("that hour, --class malicious", [now](db::Query& q) {
    q.since = base::UnixTime{now - 45 * 24 * kHourMicros};
    q.until = base::UnixTime{now - (45 * 24 - 1) * kHourMicros};
    q.cls = policy::Class::kMalicious;
  });
  add("--sender @domain --class malicious", [](db::Query& q) {
    q.sender = "@mail1000.example.org";
    q.cls = policy::Class::kMalicious;
  });
  add("show QUEUEID", [](db::Query& q) { q.queue_id = bench::QueueId(4'711'000); });
  return all;
}

void RunQueries(const std::string& path) {
  std::string id;
  for (const Named& one : Queries()) {
    const std::int64_t before = BytesRead();
    std::size_t found = 0;
    // A fresh store each: nothing of it is in SQLite's own cache.
    const double took = Millis([&] {
      const auto rows = Open(path, true)->Find(one.query).value();
      found = rows.size();
      if (id.empty() && found != 0) id = rows.front().event.verdict_id;
    });
    std::printf("| %s | %zu | %.1f | %lld |\n", one.name, found, took,
                static_cast<long long>((BytesRead() - before) / 1024));
  }
  const std::int64_t before = BytesRead();
  const double took = Millis([&] {
    const auto store = Open(path, true);
    static_cast<void>(store->IdsWithPrefix(id.substr(0, 6), 2).value());
    static_cast<void>(store->Get(id).value());
  });
  std::printf("| show, explain ID | 1 | %.1f | %lld |\n", took,
              static_cast<long long>((BytesRead() - before) / 1024));
}

std::int64_t WalBytes(const std::string& path) {
  struct stat info {};
  return ::stat((path + "-wal").c_str(), &info) == 0 ? info.st_size : -1;
}

// Appends from kWriters threads while `beside` runs, at least kSeconds.
void AppendBeside(db::VerdictLog& log, const std::string& path,
                  const std::function<void()>& beside) {
  std::atomic<bool> stop = false;
  std::vector<std::vector<double>> waits(kWriters);
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([&, t] {
      for (int i = t; !stop; i += kWriters) {
        db::DecisionEvent event = bench::TypicalDecision(i % 20'000);
        event.time = base::RealtimeNow();
        waits[static_cast<std::size_t>(t)].push_back(
            Millis([&] { static_cast<void>(log.Append(std::move(event)).ok()); }));
      }
    });
  }
  std::int64_t largest = 0;
  const double took = Millis([&] {
    std::thread other(beside);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kSeconds);
    while (std::chrono::steady_clock::now() < end) {
      largest = std::max(largest, WalBytes(path));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    other.join();
    stop = true;
    for (std::thread& one : threads) one.join();
  });
  std::vector<double> all;
  for (const auto& one : waits) all.insert(all.end(), one.begin(), one.end());
  std::sort(all.begin(), all.end());
  std::printf("%.0f events/s, wait p50 %.1f ms, p99 %.1f ms, max %.1f ms, WAL at most %.1f MiB\n",
              static_cast<double>(all.size()) * 1000 / took, all[all.size() / 2],
              all[all.size() * 99 / 100], all.back(), static_cast<double>(largest) / 1048576);
}

// As the daemon's thread does it: a batch, a pause.
void RemoveUntil(db::VerdictStore& store, std::uint64_t events) {
  const db::ChainPosition anchor = store.Anchor().value();
  const auto through = store.Read(anchor.seq + events - 1, 1).value().front();
  std::uint64_t removed = 0;
  double slowest = 0;
  const double took = Millis([&] {
    for (db::ChainPosition reached = anchor; reached.seq < through.seq;) {
      slowest = std::max(slowest, Millis([&] {
                           reached = store.RemoveSome({through.seq, through.hash}).value();
                         }));
      removed = reached.seq - anchor.seq;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  std::printf("%llu removed in %.1f s, slowest transaction %.1f ms\n",
              static_cast<unsigned long long>(removed), took / 1000, slowest);
}

void ReadLong(const std::string& path) {
  auto reader = db::Connection::Open({path, true, 1000}).value();
  static_cast<void>(reader.Run("BEGIN").ok());
  static_cast<void>(reader.Number("SELECT max(seq) FROM event").value());
  std::this_thread::sleep_for(std::chrono::seconds(kSeconds));
}

void RunVerify(const std::string& path) {
  const auto store = Open(path, true);
  db::ChainReport report;
  const double took = Millis([&] { report = db::VerifyChain(*store).value(); });
  std::printf("%s: %llu events in %.1f s (%.0f/s)\n", report.whole ? "whole" : report.why.c_str(),
              static_cast<unsigned long long>(report.events), took / 1000,
              static_cast<double>(report.events) * 1000 / took);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_verdict_log_scale DATABASE query|append|retention|reader|verify\n",
               stderr);
    return 2;
  }
  const std::string path = argv[1];
  const std::string what = argv[2];
  if (what == "query") return RunQueries(path), 0;
  if (what == "verify") return RunVerify(path), 0;
  const auto log = db::VerdictLog::Open(Open(path, false)).value();
  if (what == "append") AppendBeside(*log, path, [] {});
  if (what == "retention") AppendBeside(*log, path, [&] { RemoveUntil(log->store(), 20'000); });
  if (what == "reader") AppendBeside(*log, path, [&] { ReadLong(path); });
  return 0;
}
