// The signatures an engine is loaded from: copies of clamav.database and clamav.signatures_dir in
// one folder below paths.state/generations, named by the hash of their contents. What freshclam or
// an editor does to the originals afterwards changes nothing for a generation: not for workers
// forked later, not for an engine zygote started again, not for a rollback. One process writes at a
// time: the engine zygote that the supervisor has told to.
#ifndef LAZARET_APP_ANALYZER_SNAPSHOT_SHELF_H_
#define LAZARET_APP_ANALYZER_SNAPSHOT_SHELF_H_

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/signature_files.h"

namespace lazaret::analyzer {

struct SnapshotSources {
  std::string database;
  std::string own;
  bool builtin_only = false;  // no database is needed
};

struct Snapshot {
  std::string hash;  // HashSignatures over both folders
  std::string database;
  std::string own;
};

class SnapshotShelf {
 public:
  // `copied` is called between the copying and the second look at the originals; for tests.
  explicit SnapshotShelf(std::string folder, std::function<void()> copied = {})
      : folder_(std::move(folder)), copied_(std::move(copied)) {}

  // Files that freshclam replaces as a whole (.cvd, .cld) are hard-linked where that is allowed;
  // all others, which people edit in place, and those of another owner are cloned or copied.
  // kUnavailable when the originals changed each time meanwhile, kNotFound without a database.
  base::Result<Snapshot> Take(const SnapshotSources& sources) const;
  // kNotFound when it is not there, kCorrupt when it does not hold what its name says any more.
  base::Result<Snapshot> Open(const std::string& hash) const;
  // Removes all others, unfinished ones too.
  void KeepOnly(const std::vector<std::string>& hashes) const;

 private:
  base::Result<Snapshot> TryOnce(const SnapshotSources& sources) const;
  Snapshot Named(const std::string& hash) const;

  const std::string folder_;
  const std::function<void()> copied_;
};

}  // namespace lazaret::analyzer

#endif  // LAZARET_APP_ANALYZER_SNAPSHOT_SHELF_H_
