#include "tests/mail/dump.h"

#include "base/format.h"
#include "base/text.h"

namespace lazaret::mail {
namespace {

const char* KindName(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::kMessage:
      return "message";
    case ArtifactKind::kPart:
      return "part";
    case ArtifactKind::kMember:
      return "member";
    case ArtifactKind::kObject:
      return "object";
  }
  return "?";
}

const char* OriginName(TextOrigin origin) {
  switch (origin) {
    case TextOrigin::kSubject:
      return "subject";
    case TextOrigin::kHeader:
      return "header";
    case TextOrigin::kBody:
      return "body";
    case TextOrigin::kHtmlHidden:
      return "hidden";
    case TextOrigin::kAttachment:
      return "attachment";
    case TextOrigin::kFilename:
      return "filename";
    case TextOrigin::kUrl:
      return "url";
  }
  return "?";
}

std::string ArtifactLine(const Artifact& artifact) {
  std::string line = base::Format("{} {} {}", KindName(artifact.kind), artifact.id, artifact.path);
  line += base::Format(" declared={} detected={} bytes={}", artifact.declared_type,
                       artifact.detected_type, artifact.content.size());
  for (const std::string& name : artifact.claimed_names) {
    line += " name=" + base::EscapeLine(name, 80);
  }
  if (!artifact.disposition.empty()) line += " disposition=" + artifact.disposition;
  if (artifact.multipart) line += " multipart";
  if (artifact.encrypted) line += " encrypted";
  if (artifact.truncated) line += " truncated";
  return line + "\n";
}

}  // namespace

std::string DumpTree(const ArtifactTree& tree) {
  std::string out;
  for (const Artifact& artifact : tree.artifacts) out += ArtifactLine(artifact);
  for (const Difference& difference : tree.differences) {
    out += base::Format("difference {} {} {} at {}: {}\n", difference.artifact,
                        difference.level == DifferenceLevel::kAmbiguous ? "ambiguous" : "broken",
                        difference.code, difference.offset, difference.detail);
  }
  for (const Unreadable& unreadable : tree.unreadable) {
    out += base::Format("unreadable {} {}\n", unreadable.artifact, unreadable.code);
  }
  for (const TextUnit& unit : tree.texts) {
    out += base::Format("text {} {}{}{}: {}\n", unit.artifact, OriginName(unit.origin),
                        unit.name.empty() ? "" : " " + unit.name,
                        unit.truncated ? " truncated" : "", base::EscapeLine(unit.text, 160));
  }
  return out;
}

}  // namespace lazaret::mail
