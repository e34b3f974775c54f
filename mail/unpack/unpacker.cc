#include "mail/unpack/unpacker.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/format.h"
#include "base/text.h"
#include "mail/unpack/member_name.h"
#include "mail/unpack/ole_files.h"
#include "mail/unpack/rar5.h"

namespace lazaret::mail {
namespace {

constexpr const char* kArchiveBroken = "scan.unscannable.archive";
constexpr const char* kEncrypted = "scan.unscannable.encrypted";
constexpr const char* kMembers = "scan.unscannable.archive-members";
constexpr const char* kBytes = "scan.unscannable.unpacked-bytes";
constexpr const char* kTooLarge = "scan.unscannable.member-bytes";
constexpr const char* kSpentReason = "the archives of this message hold too much; not opened";
constexpr std::size_t kOleHeader = 512;  // less is no compound file
constexpr std::size_t kFoldersForMember = 8;
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

std::string Extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string() : base::AsciiLower(name.substr(dot));
}

// The ZIP may be made to cost: its short end is searched, few places are compared whole.
bool Holds(std::string_view content, std::string_view zip) {
  constexpr std::size_t kTail = 32;
  constexpr int kMaxCompared = 4;
  const std::string_view tail = zip.substr(zip.size() - std::min(zip.size(), kTail));
  std::size_t at = content.find(tail);
  for (int tries = 0; at != std::string_view::npos && tries < kMaxCompared; ++tries) {
    const std::size_t end = at + tail.size();
    if (end >= zip.size() && content.substr(end - zip.size(), zip.size()) == zip) return true;
    at = content.find(tail, at + 1);
  }
  return false;
}

// Blocks of a compressed stream and sectors of a compound file hold pieces of ZIPs: documents carry
// their themes so.
bool IsPartOfContainer(std::string_view content, const ZipStructure& structure) {
  if (structure.placed < structure.entries) return true;
  const auto ole = OleFile::Open(content);
  return ole && structure.begin < ole->end();
}

}  // namespace

std::uint32_t Unpacker::PlaceOf(std::uint32_t id) {
  const Artifact& artifact = tree_.At(id);
  const bool inside =
      artifact.kind == ArtifactKind::kMember || artifact.kind == ArtifactKind::kObject;
  return inside ? artifact.parent : id;
}

void Unpacker::Cut(std::uint32_t id, const char* code, std::string_view reason) {
  tree_.At(id).truncated = true;
  reports_.Add(code, id, PlaceOf(id), reason);
}

// A limit over the whole message is reached: false, for the caller to hand on.
bool Unpacker::Spend(std::uint32_t id, const char* code) {
  spent_ = code;
  tree_.At(id).truncated = true;
  reports_.Add(code, id, 0, kSpentReason);
  return false;
}

bool Unpacker::Expire() {
  expired_ |= deadline_.Expired();
  return expired_;
}

int Unpacker::ArchiveDepth(std::uint32_t id) {
  int depth = 1;
  for (; id != 0; id = tree_.At(id).parent) {
    const ArtifactKind kind = tree_.At(id).kind;
    if (kind == ArtifactKind::kMember || kind == ArtifactKind::kObject) ++depth;
  }
  return depth;
}

bool Unpacker::MayOpen(std::uint32_t id) {
  if (Expire()) return false;
  if (spent_ != nullptr) return Spend(id, spent_);
  if (ArchiveDepth(id) > limits_.max_depth) {
    tree_.At(id).truncated = true;
    reports_.Add("scan.unscannable.archive-depth", id, 0, "archives are nested too deep");
    return false;
  }
  ordinal_ = 0;
  return true;
}

void Unpacker::Unpack(std::uint32_t id, ArchiveShape shape) {
  if (!MayOpen(id)) return;
  locked_ = LockedRar5Members(tree_.At(id).content);
  const bool locked = !locked_.empty();
  ReadMembers(id, tree_.At(id).content, shape);
  locked_.clear();
  // A name that the library spells in another way would stay unsaid.
  if (locked && !tree_.At(id).encrypted) {
    tree_.At(id).encrypted = true;
    Cut(id, kEncrypted, "members are encrypted");
  }
}

void Unpacker::UnpackZip(std::uint32_t id) {
  if (!MayOpen(id)) return;
  const std::string_view content = tree_.At(id).content;
  ReadZip(id, ReadZipStructure(content, limits_.max_members), content);
}

bool Unpacker::HeldBelow(std::uint32_t id, std::string_view zip) {
  const auto& artifacts = tree_.tree().artifacts;
  // Artifacts below have higher ids.
  for (std::size_t i = id + 1; i < artifacts.size(); ++i) {
    std::uint32_t above = artifacts[i].parent;
    while (above > id) above = artifacts[above].parent;
    if (above == id && Holds(artifacts[i].content, zip)) return true;
  }
  return false;
}

bool Unpacker::UnpackAppendedZip(std::uint32_t id, bool container) {
  const std::string_view content = tree_.At(id).content;
  const ZipStructure structure = ReadZipStructure(content, limits_.max_members);
  if (!structure.found && structure.cut) {
    Cut(id, kArchiveBroken, "more ends of ZIPs than are tried");
  }
  if (!structure.found || (structure.entries == 0 && structure.hidden.empty())) return false;
  const bool text = tree_.At(id).text;
  if (container && !text && !structure.fits_end && IsPartOfContainer(content, structure)) {
    return false;
  }
  // Behind an empty directory all is hidden.
  const std::size_t first = structure.entries > 0 ? structure.begin : structure.hidden[0].begin;
  if (HeldBelow(id, content.substr(first, structure.end - first))) return false;
  if (text || (structure.fits_end && !structure.program)) {
    tree_.Differ(
        "archive.appended", DifferenceLevel::kAmbiguous, id, 0,
        base::Format("{}, or a ZIP of {} members", tree_.At(id).detected_type, structure.entries));
  }
  if (MayOpen(id)) {
    ReadZip(id, structure, content.substr(structure.begin, structure.end - structure.begin));
  }
  return true;
}

void Unpacker::ReadZip(std::uint32_t id, const ZipStructure& structure, std::string_view bytes) {
  if (structure.nul_in_name) {
    tree_.Differ("archive.name-mismatch", DifferenceLevel::kAmbiguous, id, 0,
                 "a member's name holds NUL: readers end it there or go on");
  }
  if (structure.cut) Cut(id, kArchiveBroken, "the ZIP has more parts than are compared");
  zip_ = &structure;
  ReadMembers(id, bytes, ArchiveShape::kArchive);
  for (const ZipStructure::Gap& gap : structure.hidden) {
    tree_.Differ("archive.hidden-member", DifferenceLevel::kAmbiguous, id, 0,
                 base::Format("at byte {} a member that the directory does not name", gap.begin));
    if (spent_ != nullptr || Expire()) break;
    ReadMembers(id, tree_.At(id).content.substr(gap.begin, gap.end - gap.begin),
                ArchiveShape::kZipPieces);
  }
  zip_ = nullptr;
}

void Unpacker::UnpackTnef(std::uint32_t id) {
  if (!MayOpen(id)) return;
  // One more than may be opened, so that the limit is seen to be passed.
  const Tnef tnef = ReadTnef(tree_.At(id).content, limits_.max_members + 1);
  const std::vector<std::string> none;
  for (const TnefFile& file : tnef.files) {
    if (Expire() || !AddFile(id, file.names ? *file.names : none, file.content)) return;
  }
  if (!tnef.whole) Cut(id, kArchiveBroken, "the TNEF stream is cut or damaged");
}

void Unpacker::UnpackOle(std::uint32_t id) {
  const std::string_view whole_file = tree_.At(id).content;
  const auto file = OleFile::Open(whole_file);
  const bool header = whole_file.size() >= kOleHeader;
  if (header && (!file || !file->whole())) {
    Cut(id, kArchiveBroken, "the compound file is cut or damaged");
  }
  if (!file) return;
  const std::vector<OleFileStream> streams = OleFileStreams(*file);
  if (streams.empty() || !MayOpen(id)) return;
  for (const OleFileStream& stream : streams) {
    const std::size_t most = std::min(limits_.max_member_bytes, bytes_left_);
    OleContent content = ReadOleContent(*file, stream, most);
    const bool too_large = content.cut && file->entries()[stream.content].size > most;
    const std::string_view bytes = tree_.Store(std::move(content.bytes));
    if (Expire() || !AddFile(id, content.names, bytes)) return;
    const auto last = static_cast<std::uint32_t>(tree_.tree().artifacts.size() - 1);
    if (too_large && most < limits_.max_member_bytes) {
      Spend(last, kBytes);
      return;
    }
    if (too_large) Cut(last, kTooLarge, "the member is too large");
    if (content.cut && !too_large) Cut(last, kArchiveBroken, "an embedded file is cut");
  }
}

// Its bytes are those of the container: nothing is copied, but all are looked at.
bool Unpacker::AddFile(std::uint32_t id, const std::vector<std::string>& names,
                       std::string_view content) {
  if (members_ >= limits_.max_members) return Spend(id, kMembers);
  ++members_;
  Artifact& member = tree_.Add(id, ArtifactKind::kMember);
  member.claimed_names = names;
  tree_.SetPath(member, ++ordinal_);
  if (content.size() > bytes_left_) return Spend(member.id, kBytes);
  bytes_left_ -= content.size();
  TreeBuilder::SetContent(member, content);
  return true;
}

void Unpacker::ReadMembers(std::uint32_t id, std::string_view bytes, ArchiveShape shape) {
  ArchiveHandle archive(bytes, shape);
  while (!Expire()) {
    ArchiveEntry entry;
    const ArchiveStep step = archive.Next(entry);
    if (step == ArchiveStep::kEnd) break;
    if (step == ArchiveStep::kFailed) {
      // A piece ends where the directory's next member begins, not with an end of its own.
      if (shape == ArchiveShape::kZipPieces) return;
      const bool locked = archive.header_encrypted();
      tree_.At(id).encrypted |= locked;
      Cut(id, locked ? kEncrypted : kArchiveBroken, archive.error());
      return;
    }
    if (!AddMember(archive, entry, id, shape)) return;
  }
}

// False when the rest of the archive must stay closed.
bool Unpacker::AddMember(ArchiveHandle& archive, const ArchiveEntry& entry, std::uint32_t id,
                         ArchiveShape shape) {
  if (entry.directory) {
    return ++folders_ <= kFoldersForMember * limits_.max_members || Spend(id, kMembers);
  }
  if (members_ >= limits_.max_members) return Spend(id, kMembers);
  ++members_;
  Artifact& member = tree_.Add(id, ArtifactKind::kMember);
  NameMember(member, entry, shape);
  tree_.SetPath(member, ++ordinal_);
  if (entry.encrypted || (entry.name && locked_.count(*entry.name) > 0)) {
    member.encrypted = true;
    tree_.At(id).encrypted = true;
    reports_.Add(kEncrypted, member.id, id, "the member is encrypted");
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
  if (zip_ == nullptr) return;
  const auto other = zip_->renamed.find(entry.name->substr(0, kMaxZipName));
  if (other == zip_->renamed.end()) return;
  const bool same = Extension(other->first) == Extension(other->second);
  tree_.Differ("archive.name-mismatch",
               same ? DifferenceLevel::kBroken : DifferenceLevel::kAmbiguous, member.id, 0,
               base::Format("{} in the member's header, {} in the directory",
                            base::ToValidUtf8(other->first), base::ToValidUtf8(other->second)));
  for (std::string& name : ReadMemberName(std::string_view(other->second).substr(0, kMaxName))) {
    member.claimed_names.push_back(std::move(name));
  }
}

bool Unpacker::ReadContent(ArchiveHandle& archive, std::uint32_t member_id) {
  std::string content;
  bool more = true;
  bool too_large = false;
  while (more && !too_large) {
    const ArchiveStep step = archive.ReadPiece(content);
    if (step == ArchiveStep::kEnd) break;
    if (Expire()) return false;
    if (step == ArchiveStep::kFailed) {
      const bool locked = archive.error().find("ncrypt") != std::string::npos ||
                          archive.error().find("assphrase") != std::string::npos;
      tree_.At(member_id).encrypted |= locked;
      Cut(member_id, locked ? kEncrypted : kArchiveBroken, archive.error());
      break;
    }
    if (content.size() > bytes_left_) {
      content.resize(bytes_left_);
      more = Spend(member_id, kBytes);
    } else if (content.size() > limits_.max_member_bytes) {
      content.resize(limits_.max_member_bytes);
      Cut(member_id, kTooLarge, "the member is too large");
      too_large = true;
    }
  }
  bytes_left_ -= content.size();
  TreeBuilder::SetContent(tree_.At(member_id), tree_.Store(std::move(content)));
  if (too_large && !archive.skips_unread()) return Drain(archive, member_id);
  return more;
}

// The rest of a member that is too large has to be unpacked to get behind it: what that yields
// counts against the message's bytes, and the deadline holds.
bool Unpacker::Drain(ArchiveHandle& archive, std::uint32_t member_id) {
  std::string piece;
  while (!Expire()) {
    piece.clear();
    if (archive.ReadPiece(piece) != ArchiveStep::kEntry) return true;
    if (piece.size() > bytes_left_) {
      bytes_left_ = 0;
      return Spend(member_id, kBytes);
    }
    bytes_left_ -= piece.size();
  }
  return false;
}

}  // namespace lazaret::mail
