// A verdict store in memory: for tests and for runs that keep nothing. Thread-safe.
#ifndef LAZARET_DB_MEMORY_MEMORY_STORE_H_
#define LAZARET_DB_MEMORY_MEMORY_STORE_H_

#include <memory>

#include "db/verdict_store.h"

namespace lazaret::db {

std::unique_ptr<VerdictStore> NewMemoryStore(std::uint64_t max_history_pairs = kMaxHistoryPairs);

}  // namespace lazaret::db

#endif  // LAZARET_DB_MEMORY_MEMORY_STORE_H_
