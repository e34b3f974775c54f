// A VFS under SQLite whose calls can be made to fail, or which loses power: for tests that break
// the disk below the verdict log. One at a time; it is what SQLite opens files by as long as it
// lives.
#ifndef LAZARET_TESTS_DB_FAULTS_SHIM_VFS_H_
#define LAZARET_TESTS_DB_FAULTS_SHIM_VFS_H_

#include <cstdint>

namespace lazaret::db::testing {

enum class Fault {
  kError,       // the call fails and does nothing
  kShortWrite,  // a write takes half and fails; other calls as above
  kFull,        // writes take half and say that the disk is full; others succeed
};

class ShimVfs {
 public:
  ShimVfs();
  ~ShimVfs();
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;

  // Calls counted: open, read, write, sync, truncate, size, delete, lock, and those on the shared
  // memory of the write-ahead log. After `passing` more of them one fails, or all from then on.
  void FailAfter(int passing, Fault fault, bool lasting);
  void Heal();
  int calls() const;   // since the last of FailAfter, Heal and CutPowerAfter
  int failed() const;  // the same

  // After `passing` more writes, syncs, truncations and deletions, everything fails. From now on it
  // is noted what was synced.
  void CutPowerAfter(int passing);
  // What a disk without power held of the files under `folder`: all that was synced, and of the
  // rest, in sectors of 512 bytes, what the seed picks. Call when all files are closed.
  void RestoreAfterPowerCut(std::uint32_t seed);
  // The counterproof: syncs do nothing.
  void LieAboutSyncs(bool lie);
};

}  // namespace lazaret::db::testing

#endif  // LAZARET_TESTS_DB_FAULTS_SHIM_VFS_H_
