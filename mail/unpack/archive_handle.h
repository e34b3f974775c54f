// libarchive over memory; the only place with its header. Opens no file, runs no program: only the
// formats and filters that are compiled in are switched on. The locale must be C.UTF-8: in the C
// locale libarchive gives no name for a member whose name is not ASCII.
#ifndef LAZARET_MAIL_UNPACK_ARCHIVE_HANDLE_H_
#define LAZARET_MAIL_UNPACK_ARCHIVE_HANDLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lazaret::mail {

// What the bytes are taken for: a bare compressed stream has one member and no names.
// kZipPieces reads ZIP members front to back and asks no directory.
enum class ArchiveShape { kArchive, kStream, kZipPieces };

struct ArchiveEntry {
  std::optional<std::string> name;  // bytes; nullopt when libarchive has none to give
  bool encrypted = false;
  bool directory = false;
};

enum class ArchiveStep { kEntry, kEnd, kFailed };

// One archive read front to back. `bytes` must outlive it.
class ArchiveHandle {
 public:
  ArchiveHandle(std::string_view bytes, ArchiveShape shape);
  ~ArchiveHandle();
  ArchiveHandle(const ArchiveHandle&) = delete;
  ArchiveHandle& operator=(const ArchiveHandle&) = delete;

  ArchiveStep Next(ArchiveEntry& entry);
  // Appends the next piece of the current entry; kEnd at its end, kFailed when it cannot be read.
  ArchiveStep ReadPiece(std::string& out);

  // The rest of an entry costs nothing when it is not read: the format has a directory.
  bool skips_unread() const;

  bool header_encrypted() const;
  std::string error() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Once per process, before confinement: checks that the formats are there. False when one is
// missing.
bool PreloadArchives();

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_ARCHIVE_HANDLE_H_
