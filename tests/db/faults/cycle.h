// A run over all that the verdict log asks of its disk, and what it was told by it.
#ifndef LAZARET_TESTS_DB_FAULTS_CYCLE_H_
#define LAZARET_TESTS_DB_FAULTS_CYCLE_H_

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/sqlite/sqlite_store.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

namespace lazaret::db::testing {

struct Told {
  std::vector<std::string> written;  // in order
  std::vector<std::string> refused;  // said not to be written: each may be there or not
  std::set<std::string> removed;     // told to be removed: each may be there or not
};

inline SqliteOptions CycleOptions(const std::string& path) {
  SqliteOptions options;
  options.path = path;
  options.busy_millis = 0;
  options.wal_limit_pages = 16;  // so that the write-ahead log is emptied in between
  return options;
}

// One batch of events; the store alone knows where the chain ends.
inline base::Status AppendEvents(VerdictStore& store, const std::vector<Event>& events,
                                 Told& told) {
  std::vector<ChainedRecord> records;
  std::vector<std::string> ids;
  base::Status status = [&]() -> base::Status {
    LAZARET_ASSIGN(ChainPosition last, store.Last());
    for (const Event& event : events) {
      records.push_back(PrepareRecord(event));
      Seal(records.back(), last);
    }
    return store.AppendBatch(records);
  }();
  for (const Event& event : events) {
    const auto* decision = std::get_if<DecisionEvent>(&event);
    if (decision != nullptr)
      (status.ok() ? told.written : told.refused).push_back(decision->verdict_id);
  }
  return status;
}

// Announces and removes what the log begins with, but the last three events.
inline base::Status RemoveOld(VerdictStore& store, Told& told) {
  LAZARET_ASSIGN(const ChainPosition last, store.Last());
  LAZARET_ASSIGN(const ChainPosition anchor, store.Anchor());
  if (last.seq < anchor.seq + 4) return base::Ok();
  LAZARET_ASSIGN(const auto old,
                 store.Read(anchor.seq, static_cast<std::uint32_t>(last.seq - anchor.seq - 3)));
  ForgetEvent forget;
  forget.actor = "retention";
  forget.through_seq = old.back().seq;
  forget.through_hash = old.back().hash;
  LAZARET_TRY(AppendEvents(store, {forget}, told));
  for (const ChainedRecord& one : old) told.removed.insert(one.index.verdict_id);
  const auto reached = store.RemoveSome({old.back().seq, old.back().hash});
  return reached.ok() ? base::Ok() : base::Status(reached.error());
}

// Open, append, mark, query, copy the write-ahead log, remove; goes on after a failure as the log
// does. Null when it could not be opened.
inline std::unique_ptr<VerdictStore> Cycle(const std::string& path, Told& told) {
  auto opened = OpenSqliteStore(CycleOptions(path));
  if (!opened.ok()) return nullptr;
  VerdictStore& store = **opened;
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = told.written.size();
    static_cast<void>(AppendEvents(store, {SampleDecision(2 * i), CleanDecision(2 * i + 1)}, told));
    if (told.written.size() != before) {
      const Acknowledgement mark{told.written.back(), AckMark::kNextCommand};
      static_cast<void>(store.Mark(std::span(&mark, 1)));
    }
    const auto found = store.Find({});
    // A query that answers names everything that was said to be written.
    if (found.ok()) CHECK(found->size() >= told.written.size());
    store.Tidy();
  }
  static_cast<void>(RemoveOld(store, told));
  store.Tidy();
  return std::move(opened).value();
}

inline void CheckTold(VerdictStore& store, const Told& told) {
  for (const std::string& id : told.written) {
    const auto found = store.Get(id);
    INFO(id);
    if (told.removed.count(id) == 0) CHECK(found.ok());
    if (found.ok()) CHECK(found->fault == "");
  }
  // It may have reached the disk before the failure; then nothing says that the MTA heard of it.
  for (const std::string& id : told.refused) {
    const auto found = store.Get(id);
    if (found.ok()) CHECK(found->mark == AckMark::kNone);
  }
  const ChainReport report = VerifyChain(store).value();
  CHECK(report.why == "");
  CHECK(report.whole);
}

// Once more, by a store that opens what is there, and then takes more.
inline void CheckReopened(const std::string& path, const Told& told) {
  auto store = OpenSqliteStore(CycleOptions(path));
  if (!store.ok()) FAIL(store.error().text);
  CheckTold(**store, told);
  Told after;
  const auto more = AppendEvents(**store, {CleanDecision(100)}, after);
  if (!more.ok()) FAIL(more.error().text);
}

}  // namespace lazaret::db::testing

#endif  // LAZARET_TESTS_DB_FAULTS_CYCLE_H_
