// Fills a verdict log with many decisions, validly chained, in a fraction of the time mail would
// take: bodies come from a pool, with id, queue id and time set in place, and the indexes are made
// at the end.
//   bench_verdict_log_fill DATABASE EVENTS [DAYS]
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/bench/typical_events.h"

using namespace lazaret;

namespace {

constexpr int kPool = 20'000;
constexpr std::uint64_t kBatch = 4096;
constexpr std::int64_t kDayMicros = 86'400'000'000;

class Raw {
 public:
  explicit Raw(const std::string& path) {
    if (sqlite3_open(path.c_str(), &handle_) != SQLITE_OK) throw std::runtime_error("open");
  }
  ~Raw() { sqlite3_close(handle_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  std::vector<std::string> Run(const std::string& sql) {
    std::vector<std::string> first;
    const auto keep = [](void* to, int, char** values, char**) {
      static_cast<std::vector<std::string>*>(to)->emplace_back(values[0] ? values[0] : "");
      return 0;
    };
    if (sqlite3_exec(handle_, sql.c_str(), keep, &first, nullptr) != SQLITE_OK)
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(handle_));
    return first;
  }

 private:
  sqlite3* handle_ = nullptr;
};

std::vector<std::string> DropIndexes(const std::string& path) {
  Raw raw(path);
  std::vector<std::string> made =
      raw.Run("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
  for (const std::string& name :
       raw.Run("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")) {
    raw.Run("DROP INDEX " + name);
  }
  return made;
}

void MakeIndexes(const std::string& path, const std::vector<std::string>& all) {
  Raw raw(path);
  raw.Run("PRAGMA synchronous = OFF");
  raw.Run("PRAGMA cache_size = -262144");
  for (const std::string& sql : all) raw.Run(sql);
  raw.Run("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::string BigEndian(std::uint64_t value) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>((value >> shift) & 0xFFU));
  return out;
}

// A prepared record and where in its body the values stand that are set anew.
class Template {
 public:
  explicit Template(int number) {
    db::DecisionEvent event = bench::TypicalDecision(number);
    const std::string id = event.verdict_id;
    const std::string queue_id = event.envelope.queue_id;
    const std::string time = BigEndian(static_cast<std::uint64_t>(event.time.micros));
    record_ = db::PrepareRecord(std::move(event));
    id_at_ = record_.body.find(id);
    queue_id_at_ = record_.body.find(queue_id);
    time_at_ = record_.body.find(time);
    if (std::max({id_at_, queue_id_at_, time_at_}) >= record_.body.size())
      throw std::runtime_error("the body is not as expected");
  }

  db::ChainedRecord Make(std::uint64_t number, base::UnixTime time) const {
    db::ChainedRecord out = record_;
    out.index.verdict_id = db::NewVerdictId();
    out.index.queue_id = bench::QueueId(number);
    out.index.time = time;
    Put(out.index.verdict_id, id_at_, out.body);
    Put(out.index.queue_id, queue_id_at_, out.body);
    Put(BigEndian(static_cast<std::uint64_t>(time.micros)), time_at_, out.body);
    return out;
  }

 private:
  static void Put(std::string_view value, std::size_t at, std::string& body) {
    body.replace(at, value.size(), value);
  }
  db::ChainedRecord record_;
  std::size_t id_at_ = 0;
  std::size_t queue_id_at_ = 0;
  std::size_t time_at_ = 0;
};

void Fill(db::VerdictStore& store, std::uint64_t events, std::int64_t days) {
  std::vector<Template> pool;
  for (int i = 0; i < kPool; ++i) pool.emplace_back(i);
  const std::int64_t begin = base::RealtimeNow().micros - days * kDayMicros;
  const std::int64_t step = days * kDayMicros / static_cast<std::int64_t>(events);
  db::ChainPosition last = store.Last().value();
  std::vector<db::ChainedRecord> batch;
  for (std::uint64_t i = 0; i < events; ++i) {
    const std::uint64_t pick = (i * 2'654'435'761U) % kPool;
    batch.push_back(pool[pick].Make(i, {begin + static_cast<std::int64_t>(i) * step}));
    db::Seal(batch.back(), last);
    if (batch.size() < kBatch && i + 1 < events) continue;
    if (const auto status = store.AppendBatch(batch); !status.ok())
      throw std::runtime_error(status.error().text);
    store.Tidy();
    batch.clear();
  }
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) return std::fputs("usage: bench_verdict_log_fill DATABASE EVENTS [DAYS]\n", stderr);
  const std::string path = argv[1];
  const auto events = static_cast<std::uint64_t>(std::atoll(argv[2]));
  const std::int64_t days = argc > 3 ? std::atoll(argv[3]) : 90;
  db::SqliteOptions options;
  options.path = path;
  { const auto made = db::OpenSqliteStore(options).value(); }
  const std::vector<std::string> indexes = DropIndexes(path);
  const auto begin = std::chrono::steady_clock::now();
  Fill(*db::OpenSqliteStore(options).value(), events, days);
  const auto filled = std::chrono::steady_clock::now();
  MakeIndexes(path, indexes);
  const auto indexed = std::chrono::steady_clock::now();
  const std::chrono::duration<double> filling = filled - begin;
  const std::chrono::duration<double> indexing = indexed - filled;
  std::printf("%llu events in %.0f s (%.0f/s), indexes in %.0f s\n",
              static_cast<unsigned long long>(events), filling.count(),
              static_cast<double>(events) / filling.count(), indexing.count());
  return 0;
} catch (const std::exception& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
