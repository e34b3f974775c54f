// The verdict store on SQLite: one file, WAL, synchronous=EXTRA, prepared statements only. The
// front is its only writer; any number of readers (CLI, admin) may open it meanwhile or after the
// front is gone. docs/formats.md gives the schema.
#ifndef LAZARET_DB_SQLITE_SQLITE_STORE_H_
#define LAZARET_DB_SQLITE_SQLITE_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// 16 MiB: above it the writer makes readers that are done with the write-ahead log let go of it.
// Stops readers that always overlap from letting it grow until the disk is full.
inline constexpr std::uint32_t kWalLimitPages = 4096;

struct SqliteOptions {
  std::string path;  // .../db/verdicts.db
  bool read_only = false;
  int busy_millis = 2000;  // how long a lock of another process is waited for
  std::uint64_t max_history_pairs = kMaxHistoryPairs;
  std::uint32_t wal_limit_pages = kWalLimitPages;
  // Writing: the files belong to this group when it exists, so that its members can read the log.
  // The folder too (2750), but only when it holds nothing else: another one is its owner's.
  std::string readers_group;
  bool folder_is_ours = false;
};

// Writing: creates the folder (0750) and the file (0640) when missing, brings an older schema up to
// date, refuses a newer one (kUnsupported). Reading: kNotFound when there is no database; reads
// an older schema as it is (a search by `wanted` or queue id is then kUnsupported) and changes
// nothing. Either refuses a file that is no verdict log (kCorrupt). A group that may not be given
// is a warning in the log: nobody but the readers misses it.
base::Result<std::unique_ptr<VerdictStore>> OpenSqliteStore(const SqliteOptions& options);

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_SQLITE_STORE_H_
