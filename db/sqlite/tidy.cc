// The write-ahead log's size. Copying it into the database is enough as long as there are moments
// without readers; when there are none, SQLite never begins it anew by itself.
#include <algorithm>
#include <mutex>

#include "base/clock.h"
#include "base/format.h"
#include "base/log.h"
#include "db/sqlite/writer.h"

namespace lazaret::db {
namespace {

constexpr std::int64_t kCopyEveryPages = 1000;
constexpr int kTruncateWaitMillis = 100;
// A reader that stays costs the writer the wait above once in so long.
constexpr base::Nanoseconds kTruncateAgainAfter = 2'000'000'000;
constexpr std::int64_t kWarnPages = 65'536;  // 256 MiB

}  // namespace

void SqliteWriter::Tidy() {
  const std::lock_guard lock(mutex_);
  TidyLocked();
}

void SqliteWriter::TidyLocked() {
  const std::int64_t pages = connection_.WalPages();
  // It was begun anew.
  if (pages < copied_at_pages_) copied_at_pages_ = 0;
  if (pages >= wal_limit_pages_) {
    Truncate(pages);
    return;
  }
  if (pages - copied_at_pages_ < std::min(kCopyEveryPages, wal_limit_pages_ / 4)) return;
  copied_at_pages_ = pages;
  // What fails here fails in a commit too, and is told there.
  static_cast<void>(connection_.Checkpoint(Connection::CheckpointMode::kPassive, 0));
}

void SqliteWriter::Truncate(std::int64_t pages) {
  if (base::MonotonicNow() < truncate_after_) return;
  const auto emptied =
      connection_.Checkpoint(Connection::CheckpointMode::kTruncate, kTruncateWaitMillis);
  if (emptied.ok() && *emptied) {
    copied_at_pages_ = warned_at_pages_ = truncate_after_ = 0;
    return;
  }
  truncate_after_ = base::MonotonicNow() + kTruncateAgainAfter;
  if (pages < std::max(kWarnPages, 2 * warned_at_pages_)) return;
  warned_at_pages_ = pages;
  base::LogWarning(base::Format(
      "verdict log: its write-ahead log has {} pages; a program that reads the log for long keeps "
      "it from being emptied",
      pages));
}

}  // namespace lazaret::db
