#include "mail/mime/mime_pass.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "mail/mime/encoded_words.h"
#include "mail/mime/found_message.h"
#include "mail/mime/names.h"
#include "mail/mime/structure.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxGuessedFields = 500;  // charset detection costs; later fields do without
constexpr std::size_t kMaxSideTexts = 50'000;   // of the whole mail: stops header floods

bool HasParameter(const Entity& entity, std::string_view name, std::string_view value) {
  return std::any_of(entity.type.parameters.begin(), entity.type.parameters.end(),
                     [&](const RawParameter& parameter) {
                       return parameter.name == name &&
                              base::AsciiEqualNoCase(parameter.value, value);
                     });
}

// GMime gives nothing for some texts (empty ones, a continuation line first).
StructureNode WholeAsLeaf(std::string_view readable) {
  StructureNode node;
  node.body_begin = ParseHeader(readable, 0, readable.size()).body;
  node.body_end = readable.size();
  return node;
}

void SetRanges(const Source& source, Artifact& artifact, const HeaderBlock& header,
               std::size_t body_end) {
  if (!source.in_message) return;
  const std::size_t body = std::max(header.body, header.begin);
  artifact.raw_header = ByteRange{header.begin, body};
  artifact.raw_body = ByteRange{body, std::max(body, body_end)};
}

}  // namespace

void MimePass::ReadRoot() {
  Artifact& root = tree_.Add(0, ArtifactKind::kMessage);
  tree_.SetPath(root, 0);
  root.declared_type = "message/rfc822";
  Source source;
  source.bytes = tree_.tree().message;
  ReadSource(source, root.id);
  if (!HoldsMbox(source.bytes)) return;
  // A mailbox that is sent or scanned as it lies: view 0 ends with its first message.
  const std::vector<std::string_view> messages = SplitMbox(source.bytes, limits_.max_parts);
  for (std::size_t i = 1; i < messages.size(); ++i) {
    ReadFoundMessage(messages[i], root.id, CountChildren(root.id) + 1);
  }
}

std::size_t MimePass::PrescanSource(Source& source, std::uint32_t id) {
  Prescan prescan = PrescanMessage(source.bytes, limits_);
  source.delimiters = std::move(prescan.delimiters);
  if (!prescan.limit.empty()) {
    tree_.CannotRead("scan.unscannable." + prescan.limit, id,
                     "the rest of the message was not read");
    tree_.At(id).truncated = true;
  }
  return prescan.end;
}

void MimePass::ReadSource(Source& source, std::uint32_t id) {
  // Boundaries around this text are lines of another text.
  std::vector<OpenMultipart> around;
  around.swap(open_);
  const std::string_view readable = source.bytes.substr(0, PrescanSource(source, id));
  auto node = ParseStructure(readable, std::max(1, limits_.max_depth - tree_.At(id).depth));
  if (!node) node = WholeAsLeaf(readable);
  ReadMessageText(source, *node, Region{0, readable.size(), {}}, id);
  open_.swap(around);
}

void MimePass::ReadMessageText(const Source& source, const StructureNode& top, const Region& region,
                               std::uint32_t id) {
  Artifact& message = tree_.At(id);
  message.multipart = true;
  message.sha256 = base::Sha256(source.bytes.substr(region.begin, region.end - region.begin));
  const Entity entity = ReadEntity(source.bytes, region.begin, region.end);
  if (id == 0) KeepHeaders(source, entity.header);
  KeepSideTexts(source, entity.header, id);
  LintHeader(Target(source, id), entity, true);
  if (top.kind == NodeKind::kMultipart) {
    if (id == 0) SetRanges(source, message, entity.header, region.end);
    ReadChildren(source, top, entity, region, id);
  } else {
    ReadEntityInto(source, top, region, id, 1);
  }
}

void MimePass::KeepHeaders(const Source& source, const HeaderBlock& header) {
  for (const RawField& field : header.fields) {
    if (field.name.empty()) continue;
    HeaderField kept;
    kept.name = base::ToValidUtf8(field.name);
    bool unknown_charset = false;
    kept.value = DecodeField(field, unknown_charset);
    if (unknown_charset) {
      Target(source, 0).Report("mime.unknown-charset", DifferenceLevel::kBroken, field.begin,
                               kept.name);
    }
    kept.raw = ByteRange{field.begin, field.end};
    tree_.tree().headers.push_back(std::move(kept));
  }
}

std::string MimePass::DecodeField(const RawField& field, bool& unknown_charset) {
  std::string value = Unfold(field.value);
  std::replace(value.begin(), value.end(), '\0', ' ');
  if (++decoded_fields_ > kMaxGuessedFields) value = base::ToValidUtf8(value);
  DecodedWords decoded = DecodeWords(value);
  unknown_charset = decoded.unknown_charset;
  return std::move(decoded.text);
}

// Header text that the list of headers does not hold: fields of embedded messages, and lines that
// are no field, which programs show or drop.
void MimePass::KeepSideTexts(const Source& source, const HeaderBlock& header, std::uint32_t id) {
  for (const RawField& field : header.fields) {
    const bool nameless = field.name.empty();
    if (id == 0 && !nameless) continue;
    if (tree_.tree().side_texts.size() >= kMaxSideTexts) {
      tree_.CannotRead("scan.unscannable.header-fields", id, "more header text than is kept");
      return;
    }
    SideText kept;
    kept.artifact = id;
    bool unknown_charset = false;
    if (nameless) {
      kept.bytes = source.bytes.substr(field.begin, field.end - field.begin);
    } else {
      kept.header = base::AsciiLower(base::ToValidUtf8(field.name));
      kept.value = DecodeField(field, unknown_charset);
    }
    tree_.tree().side_texts.push_back(std::move(kept));
  }
}

void MimePass::ReadEntityInto(const Source& source, const StructureNode& node, const Region& region,
                              std::uint32_t parent, std::size_t ordinal) {
  if (StopNow(parent)) return;
  const bool leaf = node.kind == NodeKind::kLeaf;
  const std::size_t header_end =
      leaf && node.body_begin > region.begin ? std::min(node.body_begin, region.end) : region.end;
  const Entity entity =
      ReadEntity(source.bytes, region.begin,
                 leaf && node.body_begin == region.begin ? region.begin : header_end);
  Artifact& artifact = tree_.Add(parent, ArtifactKind::kPart);
  Describe(source, entity, artifact, ordinal);
  // The header of a message's top entity was checked with the message.
  const bool top_of_message = tree_.At(parent).kind == ArtifactKind::kMessage && ordinal == 1 &&
                              region.enclosing_boundary.empty();
  if (!top_of_message) LintHeader(Target(source, artifact.id), entity, false);
  SetRanges(source, artifact, entity.header,
            leaf ? std::max(node.body_end, node.body_begin) : region.end);
  switch (node.kind) {
    case NodeKind::kLeaf:
      ReadLeaf(source, node, entity, artifact.id);
      break;
    case NodeKind::kMultipart:
      artifact.multipart = true;
      ReadChildren(source, node, entity, region, artifact.id);
      break;
    case NodeKind::kMessage:
      ReadEmbedded(source, node, Region{entity.header.body, region.end, {}}, artifact.id);
      break;
  }
}

void MimePass::Describe(const Source& source, const Entity& entity, Artifact& artifact,
                        std::size_t ordinal) {
  ClaimedNames names = CollectNames(entity);
  LintNames(Target(source, artifact.id), entity, names);
  artifact.claimed_names = std::move(names.names);
  if (entity.has_type) artifact.declared_type = base::ToValidUtf8(entity.type.main);
  artifact.charset = base::ToValidUtf8(entity.charset);
  artifact.disposition = base::ToValidUtf8(entity.disposition.main);
  artifact.transfer_encoding = base::ToValidUtf8(entity.encoding);
  artifact.text = entity.type.main.compare(0, 5, "text/") == 0;
  artifact.format_flowed = HasParameter(entity, "format", "flowed");
  artifact.format_delsp = HasParameter(entity, "delsp", "yes");
  tree_.SetPath(artifact, ordinal);
}

void MimePass::ReadChildren(const Source& source, const StructureNode& node, const Entity& entity,
                            const Region& region, std::uint32_t id) {
  if (node.too_deep) {
    tree_.CannotRead("scan.unscannable.depth", id, "parts are nested too deep");
    tree_.At(id).truncated = true;
  }
  LintMultipart(Target(source, id),
                MultipartView{entity, region.end, source.delimiters, node.boundary,
                              BoundaryInUse(node.boundary), node.children.size()});
  const std::size_t body = std::min(entity.header.body, region.end);
  if (node.children.empty() && !node.too_deep) ReadUnsplit(source, body, region.end, id);
  const auto own = OwnDelimiters(source, node.boundary, body, region.end);
  const Region inside{body, region.end, {}};
  if (!node.children.empty()) KeepUnseenText(source, own, inside, id);
  std::size_t ordinal = node.children.empty() ? 1 : 0;
  open_.push_back(OpenMultipart{node.boundary});
  for (const StructureNode& child : node.children) {
    ReadEntityInto(source, child, ChildRegion(source, own, child, region, node.boundary), id,
                   ++ordinal);
  }
  const bool used_again = open_.back().used_again;
  open_.pop_back();
  ReadOtherViews(source, node, entity, inside, id);
  if (used_again && source.first_view) ReadFlat(source, node.boundary, inside, id);
}

// Is the boundary that of a multipart around? That one then has another reading.
bool MimePass::BoundaryInUse(std::string_view boundary) {
  if (boundary.empty()) return false;
  const auto outer = std::find_if(open_.begin(), open_.end(), [&](const OpenMultipart& open) {
    return open.boundary == boundary;
  });
  if (outer == open_.end()) return false;
  outer->used_again = true;
  return true;
}

// Preamble and epilogue (RFC 2046 section 5.1.1): no program shows them, and they carry text out.
void MimePass::KeepUnseenText(const Source& source, const std::vector<DelimiterLine>& own,
                              const Region& body, std::uint32_t id) {
  if (!source.first_view || own.empty()) return;
  const auto keep = [&](std::size_t begin, std::size_t end) {
    const std::string_view text = source.bytes.substr(begin, end - begin);
    if (base::TrimAscii(text).empty()) return;
    SideText kept;
    kept.artifact = id;
    kept.bytes = text;
    tree_.tree().side_texts.push_back(std::move(kept));
  };
  keep(body.begin, std::max(own.front().begin, body.begin));
  keep(std::min(own.back().end, body.end), body.end);
}

// A multipart in which no part was found: its body is one leaf, so that it is looked at.
void MimePass::ReadUnsplit(const Source& source, std::size_t begin, std::size_t end,
                           std::uint32_t id) {
  if (begin >= end || StopNow(id)) return;
  Artifact& artifact = tree_.Add(id, ArtifactKind::kPart);
  tree_.SetPath(artifact, 1);
  artifact.text = true;
  if (source.in_message) artifact.raw_body = ByteRange{begin, end};
  TreeBuilder::SetContent(artifact, source.bytes.substr(begin, end - begin));
}

void MimePass::ReadEmbedded(const Source& source, const StructureNode& node, const Region& region,
                            std::uint32_t id) {
  const std::string_view text = source.bytes.substr(region.begin, region.end - region.begin);
  if (!BeginsLikeMessage(text)) {
    TreeBuilder::SetContent(tree_.At(id), text);
    // Readers that skip the lines that are no header find a message behind them.
    if (node.children.empty() || !HasMimeHeader(text) || StopNow(id)) return;
    Artifact& message = tree_.Add(id, ArtifactKind::kMessage);
    tree_.SetPath(message, 1);
    ReadMessageText(source, node.children.front(), region, message.id);
    return;
  }
  tree_.At(id).kind = ArtifactKind::kMessage;
  tree_.At(id).multipart = true;
  if (node.too_deep) {
    tree_.CannotRead("scan.unscannable.depth", id, "messages are nested too deep");
    tree_.At(id).truncated = true;
  }
  if (node.children.empty()) return;
  ReadMessageText(source, node.children.front(), region, id);
}

bool MimePass::TooDeep(std::uint32_t id) {
  if (tree_.At(id).depth < limits_.max_depth) return false;
  tree_.CannotRead("scan.unscannable.depth", id, "messages are nested too deep");
  tree_.At(id).truncated = true;
  return true;
}

bool MimePass::StopNow(std::uint32_t id) {
  if (expired_ || (++steps_ % 64 == 0 && deadline_.Expired())) {
    expired_ = true;
    return true;
  }
  if (tree_.tree().artifacts.size() <= limits_.max_parts) return false;
  tree_.CannotRead("scan.unscannable.parts", id, "too many parts");
  tree_.At(id).truncated = true;
  return true;
}

}  // namespace lazaret::mail
