#include "mail/reader.h"

#include <time.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unicode/charset.h"
#include "mail/filetype/containers.h"
#include "mail/filetype/detect.h"
#include "mail/filetype/file_name.h"
#include "mail/mime/mime_reader.h"
#include "mail/mime/structure.h"
#include "mail/model/tree_builder.h"
#include "mail/text/rtf_text.h"
#include "mail/text/text_units.h"
#include "mail/unpack/unpacker.h"

namespace lazaret::mail {
namespace {

bool IsOneOf(std::string_view type, std::initializer_list<std::string_view> types) {
  for (const std::string_view candidate : types) {
    if (type == candidate) return true;
  }
  return false;
}

bool IsArchive(std::string_view type) {
  return IsOneOf(type,
                 {"application/zip", "application/x-7z-compressed", "application/vnd.rar",
                  "application/x-tar", "application/vnd.ms-cab-compressed", "application/x-lha",
                  "application/x-cd-image", "application/x-xar", "application/x-cpio",
                  "application/x-archive", "application/vnd.debian.binary-package"});
}

bool IsCompressedStream(std::string_view type) {
  return IsOneOf(type, {"application/gzip", "application/x-bzip", "application/x-xz",
                        "application/zstd", "application/x-lzip", "application/x-lz4",
                        "application/x-compress", "application/x-lzma"});
}

// Known archives and disk images that nothing here opens.
bool IsUnsupportedArchive(std::string_view type) {
  return IsOneOf(
      type,
      {"application/x-ace", "application/x-arj", "application/x-ms-wim", "application/x-alz",
       "application/x-egg", "application/x-stuffit", "application/x-zoo",
       "application/x-ms-compress", "application/vnd.squashfs", "application/x-lzop",
       "application/x-lrzip", "application/x-zpaq", "application/x-udf-image",
       "application/x-vhd-disk", "application/x-vhdx-disk", "application/x-vmdk-disk",
       "application/x-qemu-disk", "application/x-raw-disk-image", "application/x-apple-diskimage"});
}

constexpr const char* kClosed = "scan.unscannable.second-try";
// APPNOTE 4.3.16: the record that ends a ZIP.
constexpr std::string_view kZipEnd = "PK\x05\x06";

bool IsOle(std::string_view type) {
  return IsOneOf(
      type, {"application/x-ole-storage", "application/msword", "application/vnd.ms-outlook",
             "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.visio",
             "application/vnd.ms-office.macro"});
}

// Formats that hold whole files as they are: a ZIP at their end is one of those, and no trick.
bool HoldsFiles(std::string_view type) {
  return IsOneOf(type,
                 {"application/x-msi", "application/vnd.ms-outlook-pst", "application/onenote"});
}

// Other formats whose files may be ZIPs as they are, but these files are artifacts of their own.
bool IsContainer(std::string_view type) {
  return IsArchive(type) || IsCompressedStream(type) || IsOle(type) || IsUnsupportedArchive(type) ||
         type == "application/vnd.ms-tnef";
}

void Open(Unpacker& unpacker, TreeBuilder& tree, std::uint32_t id) {
  const std::string& type = tree.At(id).detected_type;
  if (type == "application/zip") {
    unpacker.UnpackZip(id);
  } else if (IsArchive(type)) {
    unpacker.Unpack(id, ArchiveShape::kArchive);
  } else if (IsCompressedStream(type)) {
    unpacker.Unpack(id, ArchiveShape::kStream);
  } else if (type == "application/vnd.ms-tnef") {
    unpacker.UnpackTnef(id);
  } else if (IsOle(type)) {
    unpacker.UnpackOle(id);
  } else if (IsUnsupportedArchive(type)) {
    tree.CannotRead("scan.unscannable.archive", id, "an archive of a kind that is not opened");
  }
}

// Browsers take what its name or declared type calls markup for text, whatever control bytes it
// holds.
void TakeForMarkup(Artifact& artifact) {
  if (artifact.detected_type != "application/octet-stream") return;
  if (artifact.content.find('<') == std::string_view::npos) return;
  const auto named = [&](std::initializer_list<std::string_view> extensions) {
    return std::any_of(artifact.claimed_names.begin(), artifact.claimed_names.end(),
                       [&](const std::string& name) {
                         return IsOneOf(ParseFileName(name).extension, extensions);
                       });
  };
  if (artifact.declared_type == "image/svg+xml" || named({"svg"})) {
    artifact.detected_type = "image/svg+xml";
  } else if (IsOneOf(artifact.declared_type, {"text/html", "application/xhtml+xml"}) ||
             named({"htm", "html", "shtml", "xhtml", "xht", "hta"})) {
    artifact.detected_type = "text/html";
  } else {
    return;
  }
  artifact.text = true;
}

// When all that is known to lie in `id` is read: a ZIP that only stands behind it.
void OpenAppended(Unpacker& unpacker, TreeBuilder& tree, std::uint32_t id) {
  Artifact& artifact = tree.At(id);
  const std::string& type = artifact.detected_type;
  if (artifact.multipart || type == "application/zip" || HoldsFiles(type)) return;
  if (!unpacker.UnpackAppendedZip(id, IsContainer(type))) return;
  // A text keeps its type: rules look at texts.
  const bool unknown = type.empty() || type == "application/octet-stream";
  if (unknown && !artifact.text) artifact.detected_type = "application/zip";
}

void Detect(TreeBuilder& tree, Artifact& artifact) {
  if (artifact.multipart) return;
  Detection detection = DetectType(artifact.content);
  artifact.detected_type = std::move(detection.type);
  artifact.text = artifact.text || detection.text;
  TakeForMarkup(artifact);
  if (detection.encrypted) {
    artifact.encrypted = true;
    tree.CannotRead("scan.unscannable.encrypted", artifact.id, "the document is encrypted");
  }
}

// Members are known now: a ZIP may turn out to be a document.
void RefineZip(TreeBuilder& tree, std::uint32_t id, std::size_t first_member) {
  std::vector<ContainerMember> members;
  auto& artifacts = tree.tree().artifacts;
  for (std::size_t i = first_member; i < artifacts.size(); ++i) {
    for (const std::string& name : artifacts[i].claimed_names) {
      members.push_back(ContainerMember{name, artifacts[i].content});
    }
  }
  ZipKind kind = ClassifyZip(members);
  tree.At(id).detected_type = std::move(kind.type);
  if (!kind.document) return;
  if (kind.encrypted) {
    tree.At(id).encrypted = true;
    tree.CannotRead("scan.unscannable.encrypted", id, "the document is encrypted");
  }
  for (std::size_t i = first_member; i < artifacts.size(); ++i)
    artifacts[i].kind = ArtifactKind::kObject;
}

// Types of all artifacts and members of all archives; the list grows while it is walked.
base::Status OpenAll(TreeBuilder& tree, const UnpackLimits& limits, const MimeLimits& mime,
                     base::Deadline deadline) {
  Unpacker unpacker(tree, limits, deadline);
  for (std::uint32_t id = 0; id < tree.tree().artifacts.size(); ++id) {
    Artifact& artifact = tree.At(id);
    Detect(tree, artifact);
    const bool zip = artifact.detected_type == "application/zip";
    std::size_t first_member = tree.tree().artifacts.size();
    Open(unpacker, tree, id);
    if (zip) RefineZip(tree, id, first_member);
    if (!artifact.multipart) LAZARET_TRY(ReadEmbeddedText(tree, id, mime, deadline));
    if (!zip) {
      first_member = tree.tree().artifacts.size();
      OpenAppended(unpacker, tree, id);
      if (artifact.detected_type == "application/zip") RefineZip(tree, id, first_member);
    }
    if (unpacker.expired() || deadline.Expired()) {
      return base::Error{base::ErrorCode::kTimeout, "unpack: deadline passed"};
    }
  }
  return base::Ok();
}

// The types alone; whatever would be opened is named instead.
base::Status NameClosed(TreeBuilder& tree, base::Deadline deadline) {
  for (std::uint32_t id = 0; id < tree.tree().artifacts.size(); ++id) {
    Artifact& artifact = tree.At(id);
    Detect(tree, artifact);
    if (artifact.multipart) continue;
    const bool appended = artifact.content.find(kZipEnd) != std::string_view::npos;
    if (appended || artifact.detected_type == "application/zip" ||
        IsContainer(artifact.detected_type) || IsRtf(artifact.content)) {
      tree.CannotRead(kClosed, id, "left closed in the second try");
    }
    if (deadline.Expired()) return base::Error{base::ErrorCode::kTimeout, "deadline passed"};
  }
  return base::Ok();
}

// One message through every path: what a library opens on first use is opened now.
base::Status WarmUp() {
  // A stored ZIP with the member "a" that holds "a".
  constexpr std::string_view kZip =
      "UEsDBBQAAAAAAAAAIQBDvrfoAQAAAAEAAAABAAAAYWFQSwECFAMUAAAAAAAAACEAQ7636AEAAAABAAAAAQAAAAAAAAAA"
      "AAAAgAEAAAAAYVBLBQYAAAAAAQABAC8AAAAgAAAAAAA=";
  std::string mail =
      "From: =?gb18030?B?1tA=?= <a@b>\nSubject: \xD6\xD0\nContent-Type: multipart/mixed; "
      "boundary=b\n\n--b\n"
      "Content-Type: text/html\n\n<p>\xE9\n--b\nContent-Type: multipart/mixed\n\nx\n--b\n"
      "Content-Type: application/zip; name*=gb18030''%D6%D0\nContent-Transfer-Encoding: base64\n\n";
  mail += kZip;
  mail += "\n--b--\n";
  const auto tree = ReadMessage(mail, ReadLimits{}, base::Deadline());
  if (!tree.ok()) return tree.error();
  const Artifact& last = tree->artifacts.back();
  if (last.kind != ArtifactKind::kMember || last.content != "a") {
    return base::Error{base::ErrorCode::kInternal, "mail: the warm-up message was not read"};
  }
  return base::Ok();
}

}  // namespace

base::Result<ArtifactTree> ReadMessage(std::string_view message, const ReadLimits& limits,
                                       base::Deadline deadline) {
  // Libraries that take a pointer want one even for nothing.
  if (message.data() == nullptr) message = "";
  TreeBuilder tree(message, limits.max_decoded_bytes);
  const MimeLimits mime{limits.max_header_fields, limits.max_header_bytes, limits.max_parts,
                        limits.max_depth};
  LAZARET_TRY(ReadMime(tree, mime, deadline));
  const UnpackLimits unpack{limits.max_archive_members, limits.max_member_bytes,
                            limits.max_unpacked_bytes, limits.max_archive_depth};
  LAZARET_TRY(limits.open_containers ? OpenAll(tree, unpack, mime, deadline)
                                     : NameClosed(tree, deadline));
  TextLimits text;
  text.max_bytes = limits.max_text_bytes;
  text.rtf = limits.open_containers;
  LAZARET_TRY(ExtractTexts(tree, text, deadline));
  return tree.Take();
}

base::Status PreloadReaders() {
  LAZARET_TRY(base::PreloadCharsets());
  PreloadStructure();
  LAZARET_TRY(PreloadFileTypes());
  if (!PreloadArchives()) {
    return base::Error{base::ErrorCode::kUnsupported, "libarchive: a format or filter is missing"};
  }
  tzset();
  return WarmUp();
}

}  // namespace lazaret::mail
