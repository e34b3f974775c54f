#include "mail/unpack/unpacker.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "mail/unpack/member_name.h"

namespace lazaret::mail {
namespace {

constexpr const char* kArchiveBroken = "scan.unscannable.archive";
constexpr const char* kEncrypted = "scan.unscannable.encrypted";
constexpr std::size_t kMaxName = 4096;  // stops names that are payloads

// "report.txt.gz" holds "report.txt"; "x.tgz" holds "x.tar".
std::string StreamName(const Artifact& parent) {
  if (parent.claimed_names.empty()) return {};
  const std::string& name = parent.claimed_names.front();
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return {};
  const std::string extension = base::AsciiLower(name.substr(dot + 1));
  const bool tar = extension == "tgz" || extension == "tbz2" || extension == "txz";
  return tar ? name.substr(0, dot) + ".tar" : name.substr(0, dot);
}

}  // namespace

void Unpacker::Cut(std::uint32_t id, const char* code, const char* reason) {
  tree_.At(id).truncated = true;
  tree_.CannotRead(code, id, reason);
}

int Unpacker::ArchiveDepth(std::uint32_t id) {
  int depth = 1;
  for (; id != 0; id = tree_.At(id).parent) {
    const ArtifactKind kind = tree_.At(id).kind;
    if (kind == ArtifactKind::kMember || kind == ArtifactKind::kObject) ++depth;
  }
  return depth;
}

void Unpacker::Unpack(std::uint32_t id, ArchiveShape shape) {
  if (expired_) return;
  if (ArchiveDepth(id) > limits_.max_depth) {
    Cut(id, "scan.unscannable.archive-depth", "archives are nested too deep");
    return;
  }
  ArchiveHandle archive(tree_.At(id).content, shape);
  ordinal_ = 0;
  for (;;) {
    ArchiveEntry entry;
    const ArchiveStep step = archive.Next(entry);
    if (step == ArchiveStep::kEnd) break;
    if (step == ArchiveStep::kFailed) {
      const bool locked = archive.header_encrypted();
      tree_.At(id).encrypted |= locked;
      Cut(id, locked ? kEncrypted : kArchiveBroken, archive.error().c_str());
      return;
    }
    if (entry.directory) continue;
    if (!AddMember(archive, entry, id, shape)) return;
  }
}

// False when the rest of the archive must stay closed.
bool Unpacker::AddMember(ArchiveHandle& archive, const ArchiveEntry& entry, std::uint32_t id,
                         ArchiveShape shape) {
  if (deadline_.Expired()) {
    expired_ = true;
    return false;
  }
  if (members_ >= limits_.max_members) {
    Cut(id, "scan.unscannable.archive-members", "too many archive members");
    return false;
  }
  ++members_;
  Artifact& member = tree_.Add(id, ArtifactKind::kMember);
  NameMember(member, entry, shape);
  tree_.SetPath(member, ++ordinal_);
  if (entry.encrypted) {
    member.encrypted = true;
    tree_.At(id).encrypted = true;
    tree_.CannotRead(kEncrypted, member.id, "the member is encrypted");
    return true;
  }
  return ReadContent(archive, member.id);
}

void Unpacker::NameMember(Artifact& member, const ArchiveEntry& entry, ArchiveShape shape) {
  // libarchive calls the one member of a bare stream "data".
  if (shape == ArchiveShape::kStream && entry.name == "data") {
    if (std::string name = StreamName(tree_.At(member.parent)); !name.empty()) {
      member.claimed_names.push_back(std::move(name));
    }
    return;
  }
  if (!entry.name) {
    tree_.Differ("archive.unreadable-name", DifferenceLevel::kBroken, member.id, 0,
                 "the member's name cannot be read");
    return;
  }
  member.claimed_names = ReadMemberName(std::string_view(*entry.name).substr(0, kMaxName));
}

bool Unpacker::ReadContent(ArchiveHandle& archive, std::uint32_t member_id) {
  std::string content;
  bool more = true;
  for (;;) {
    const ArchiveStep step = archive.ReadPiece(content);
    if (step == ArchiveStep::kEnd) break;
    if (step == ArchiveStep::kFailed) {
      const bool locked = archive.error().find("ncrypt") != std::string::npos ||
                          archive.error().find("assphrase") != std::string::npos;
      tree_.At(member_id).encrypted |= locked;
      Cut(member_id, locked ? kEncrypted : kArchiveBroken, archive.error().c_str());
      break;
    }
    if (deadline_.Expired()) {
      expired_ = true;
      return false;
    }
    if (content.size() > limits_.max_member_bytes) {
      content.resize(limits_.max_member_bytes);
      Cut(member_id, "scan.unscannable.member-bytes", "the member is too large");
      break;
    }
    if (content.size() > bytes_left_) {
      content.resize(bytes_left_);
      Cut(member_id, "scan.unscannable.unpacked-bytes",
          "the archives of this message hold too much");
      more = false;
      break;
    }
  }
  bytes_left_ -= content.size();
  TreeBuilder::SetContent(tree_.At(member_id), tree_.Store(std::move(content)));
  return more;
}

}  // namespace lazaret::mail
