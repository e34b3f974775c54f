// What an acknowledged Append is worth when the process dies at once.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "db/audit/chain.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

constexpr std::size_t kIdBytes = 26;

// Appends for ever from four threads; each id goes into the pipe only after Append returned.
[[noreturn]] void AppendForEver(const std::string& path, int pipe) {
  SqliteOptions options;
  options.path = path;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) ::_exit(3);
  auto log = VerdictLog::Open(std::move(store).value());
  if (!log.ok()) ::_exit(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, pipe] {
      for (int i = 0;; ++i) {
        DecisionEvent event = SampleDecision(i);
        const std::string id = event.verdict_id;
        if (!(*log)->Append(std::move(event)).ok()) ::_exit(5);
        if (::write(pipe, id.data(), id.size()) != static_cast<ssize_t>(id.size())) ::_exit(6);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ::_exit(7);
}

// The ids acknowledged by a process that was killed after `enough` of them.
std::vector<std::string> RunAndKill(const std::string& path, std::size_t enough) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const base::UniqueFd reading(ends[0]);
  base::UniqueFd writing(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) AppendForEver(path, writing.get());
  writing.Reset();
  std::vector<std::string> ids;
  std::string id;
  char byte = 0;
  while (::read(reading.get(), &byte, 1) == 1) {
    id.push_back(byte);
    if (id.size() < kIdBytes) continue;
    ids.push_back(std::move(id));
    id.clear();
    if (ids.size() == enough) ::kill(child, SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  return ids;
}

}  // namespace

TEST_CASE("F8 log: kill -9 loses no acknowledged verdict, and the chain is whole", "[db][kill]") {
  ScratchFolder folder;
  std::vector<std::string> acknowledged;
  for (const std::size_t enough : {1U, 7U, 40U}) {
    for (std::string& id : RunAndKill(folder.database(), enough)) {
      acknowledged.push_back(std::move(id));
    }
  }
  REQUIRE(acknowledged.size() >= 48);
  SqliteOptions options;
  options.path = folder.database();
  options.read_only = true;
  auto store = OpenSqliteStore(options).value();
  for (const std::string& id : acknowledged) CHECK(store->Get(id).ok());
  const ChainReport report = VerifyChain(*store).value();
  CHECK(report.why == "");
  CHECK(report.events >= acknowledged.size());
}
