#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/unicode/charset.h"
#include "mail/mime/found_message.h"
#include "mail/mime/mime_pass.h"
#include "mail/mime/text_files.h"

namespace lazaret::mail {
namespace {

constexpr int kMaxTextFiles = 100;  // of one text part: stops part floods

bool EndsWithNoCase(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         base::AsciiEqualNoCase(text.substr(text.size() - ending.size()), ending);
}

// Mail programs open these as messages.
bool IsDeclaredMessage(const Artifact& artifact) {
  if (artifact.declared_type == "message/rfc822" || artifact.declared_type == "message/global" ||
      artifact.declared_type == "message/news") {
    return true;
  }
  if (artifact.declared_type.compare(0, 12, "application/") != 0) return false;
  return std::any_of(
      artifact.claimed_names.begin(), artifact.claimed_names.end(),
      [](const std::string& name) { return EndsWithNoCase(base::TrimAscii(name), ".eml"); });
}

}  // namespace

void MimePass::ReadLeaf(const Source& source, const StructureNode& node, const Entity& entity,
                        std::uint32_t id) {
  const std::size_t end = std::min(std::max(node.body_end, node.body_begin), source.bytes.size());
  const std::size_t begin = std::min(node.body_begin, end);
  const std::string_view raw = source.bytes.substr(begin, end - begin);
  LintEncoding(Target(source, id), entity, raw);
  DecodeLeaf(source, entity.encoding, raw, begin, id);
  const Artifact& artifact = tree_.At(id);
  if (IsDeclaredMessage(artifact) && BeginsLikeMessage(artifact.content)) {
    ReadDecodedMessage(source, begin, id);
  } else if (IsDeclaredMessage(artifact) && HasMimeHeader(artifact.content)) {
    ReadFoundMessage(artifact.content, id, 1);
  } else if (artifact.text && artifact.declared_type != "text/html") {
    ReadTextFiles(source, begin, id);
  }
}

void MimePass::DecodeLeaf(const Source& source, const std::string& encoding, std::string_view raw,
                          std::size_t body, std::uint32_t id) {
  Artifact& artifact = tree_.At(id);
  const bool base64 = encoding == "base64";
  if (!base64 && encoding != "quoted-printable") {
    const bool text_form =
        encoding.find("uu") != std::string::npos || encoding.find("yenc") != std::string::npos;
    if (!text_form || !DecodeUuencodedLeaf(raw, artifact)) TreeBuilder::SetContent(artifact, raw);
    return;
  }
  Decoded decoded = base64 ? DecodeBase64(raw, tree_.decoded_left())
                           : DecodeQuotedPrintable(raw, tree_.decoded_left());
  LintDecoded(Target(source, id), encoding, decoded, body);
  NoteTruncation(decoded, artifact);
  TreeBuilder::SetContent(artifact, tree_.Store(std::move(decoded.bytes)));
}

// The first file is the part's content; whatever stands around it is looked at below.
bool MimePass::DecodeUuencodedLeaf(std::string_view raw, Artifact& artifact) {
  auto file = FindTextFile(raw, 0, tree_.decoded_left());
  if (!file) return false;
  artifact.claimed_names.push_back(base::DecodeUnlabelled(file->name));
  NoteTruncation(file->content, artifact);
  TreeBuilder::SetContent(artifact, tree_.Store(std::move(file->content.bytes)));
  std::string_view behind = base::TrimAscii(raw.substr(file->end));
  for (const std::string_view last : {"`", "end"}) {
    if (behind.substr(0, last.size()) != last) continue;
    behind = base::TrimAscii(behind.substr(last.size()));
  }
  const bool alone = base::TrimAscii(raw.substr(0, file->begin)).empty() && behind.empty();
  if (alone || StopNow(artifact.id)) return true;
  Artifact& around = tree_.Add(artifact.id, ArtifactKind::kPart);
  around.text = true;
  tree_.SetPath(around, 1);
  TreeBuilder::SetContent(around, raw);
  return true;
}

void MimePass::NoteTruncation(const Decoded& decoded, Artifact& artifact) {
  if (!decoded.truncated) return;
  artifact.truncated = true;
  tree_.CannotRead("scan.unscannable.decoded-bytes", artifact.id, "decoded content is too large");
}

// message/rfc822 under a transfer encoding, or an .eml file: parsed on its own.
void MimePass::ReadDecodedMessage(const Source& source, std::size_t body, std::uint32_t id) {
  if (TooDeep(id)) return;
  Artifact& artifact = tree_.At(id);
  Source inner;
  inner.bytes = artifact.content;
  inner.in_message = false;
  inner.outer_offset = source.in_message ? body : source.outer_offset;
  inner.found = source.found;
  artifact.kind = ArtifactKind::kMessage;
  artifact.content = {};
  ReadSource(inner, id);
}

void MimePass::ReadTextFiles(const Source& source, std::size_t body, std::uint32_t id) {
  const std::string_view text = tree_.At(id).content;
  std::size_t at = 0;
  for (int count = 1; !StopNow(id); ++count) {
    auto file = FindTextFile(text, at, tree_.decoded_left());
    if (!file) return;
    if (count > kMaxTextFiles) {
      tree_.CannotRead("scan.unscannable.parts", id, "too many files inside the text");
      return;
    }
    at = file->end;
    AddTextFile(source, body, id, std::move(*file), static_cast<std::size_t>(count));
  }
}

void MimePass::AddTextFile(const Source& source, std::size_t body, std::uint32_t id, TextFile file,
                           std::size_t ordinal) {
  const bool yenc = file.form == TextFileForm::kYenc;
  Target(source, id)
      .Report(yenc ? "mime.yenc-in-text" : "mime.uuencode-in-text", DifferenceLevel::kBroken,
              body + file.begin, file.name);
  Artifact& artifact = tree_.Add(id, ArtifactKind::kPart);
  artifact.claimed_names.push_back(base::DecodeUnlabelled(file.name));
  artifact.disposition = "attachment";
  artifact.transfer_encoding = EncodingName(file.form);
  tree_.SetPath(artifact, ordinal);
  NoteTruncation(file.content, artifact);
  TreeBuilder::SetContent(artifact, tree_.Store(std::move(file.content.bytes)));
}

}  // namespace lazaret::mail
