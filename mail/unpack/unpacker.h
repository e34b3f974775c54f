// Opens archives in memory and hangs their members into the tree, within limits over the whole
// message. What cannot be opened is an Unreadable, never silence: one for each kind and container,
// with a count. Once a limit over the whole message is reached nothing more is opened.
#ifndef LAZARET_MAIL_UNPACK_UNPACKER_H_
#define LAZARET_MAIL_UNPACK_UNPACKER_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/model/tree_builder.h"
#include "mail/unpack/archive_handle.h"
#include "mail/unpack/tnef.h"
#include "mail/unpack/unpack_reports.h"
#include "mail/unpack/zip_structure.h"

namespace lazaret::mail {

struct UnpackLimits {
  std::size_t max_members = 2'000;              // whole message: stops member floods; folders
                                                // count too, eight for one
  std::size_t max_member_bytes = 100U << 20;    // one member: stops zip bombs
  std::size_t max_unpacked_bytes = 400U << 20;  // whole message: stops zip bombs in many pieces
  int max_depth = 17;                           // archive in archive: stops chains
};

class Unpacker {
 public:
  Unpacker(TreeBuilder& tree, const UnpackLimits& limits, base::Deadline deadline)
      : tree_(tree),
        limits_(limits),
        deadline_(deadline),
        reports_(tree),
        bytes_left_(limits.max_unpacked_bytes) {}

  // Adds the members of artifact `id`, whose content is an archive, as artifacts of kind member.
  void Unpack(std::uint32_t id, ArchiveShape shape);
  // The same for a ZIP, by its directory; members that only other readers see are added too, and
  // are differences.
  void UnpackZip(std::uint32_t id);
  // A ZIP behind something else: a program, a picture, a text, an archive of another kind. False
  // when there is none, or when it lies in an artifact below `id`. `container`: a file that may
  // hold ZIPs as they are; there one that is in pieces and not at the end is no ZIP.
  bool UnpackAppendedZip(std::uint32_t id, bool container);

  void UnpackTnef(std::uint32_t id);
  // Packages in a document, attachments of an Outlook message. Nothing when there are none.
  void UnpackOle(std::uint32_t id);

  // The deadline passed: the tree is not complete.
  bool expired() const { return expired_; }

 private:
  int ArchiveDepth(std::uint32_t id);
  bool MayOpen(std::uint32_t id);
  void ReadMembers(std::uint32_t id, std::string_view bytes, ArchiveShape shape);
  void ReadZip(std::uint32_t id, const ZipStructure& structure, std::string_view bytes);
  bool HeldBelow(std::uint32_t id, std::string_view zip);
  bool AddMember(ArchiveHandle& archive, const ArchiveEntry& entry, std::uint32_t id,
                 ArchiveShape shape);
  void NameMember(Artifact& member, const ArchiveEntry& entry, ArchiveShape shape);
  bool ReadContent(ArchiveHandle& archive, std::uint32_t member_id);
  bool AddFile(std::uint32_t id, const std::vector<std::string>& names, std::string_view content);
  bool Drain(ArchiveHandle& archive, std::uint32_t member_id);
  bool Expire();
  // The container that a problem with `id` is grouped under.
  std::uint32_t PlaceOf(std::uint32_t id);
  void Cut(std::uint32_t id, const char* code, std::string_view reason);
  bool Spend(std::uint32_t id, const char* code);

  TreeBuilder& tree_;
  const UnpackLimits limits_;
  base::Deadline deadline_;
  UnpackReports reports_;
  std::size_t bytes_left_;
  std::size_t members_ = 0;
  std::size_t folders_ = 0;
  std::set<std::string> locked_;       // members of a RAR 5 that is being read
  const ZipStructure* zip_ = nullptr;  // of the archive that is being read
  const char* spent_ = nullptr;        // code of the limit over the whole message that was reached
  std::size_t ordinal_ = 0;
  bool expired_ = false;
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_UNPACKER_H_
