#include "mail/mime/mime_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "base/unicode/charset.h"
#include "mail/mime/encoded_words.h"
#include "mail/mime/entity.h"
#include "mail/mime/lint.h"
#include "mail/mime/names.h"
#include "mail/mime/structure.h"
#include "mail/mime/transfer.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxGuessedFields = 500;  // charset detection costs; later fields do without
constexpr std::size_t kMaxViewBoundary = 1'000;
constexpr int kMaxUuencodedFiles = 100;  // of one text part: stops part floods

// One text that is parsed as a message: the mail itself, or an embedded message that was decoded.
struct Source {
  std::string_view bytes;
  bool in_message = true;
  std::size_t outer_offset = 0;
  bool first_view = true;  // false: the text is itself another view of some multipart
  std::vector<DelimiterLine> delimiters;
};

// Where an entity stands: header and body, without the delimiter lines around it.
struct Region {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view enclosing_boundary;
};

bool EndsWithNoCase(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() &&
         base::AsciiEqualNoCase(text.substr(text.size() - ending.size()), ending);
}

bool IsEmbeddedMessage(const Artifact& artifact) {
  if (artifact.declared_type == "message/rfc822" || artifact.declared_type == "message/global" ||
      artifact.declared_type == "message/news") {
    return true;
  }
  if (artifact.declared_type.compare(0, 12, "application/") != 0) return false;
  return std::any_of(artifact.claimed_names.begin(), artifact.claimed_names.end(),
                     [](const std::string& name) { return EndsWithNoCase(name, ".eml"); });
}

bool HasParameter(const Entity& entity, std::string_view name, std::string_view value) {
  return std::any_of(entity.type.parameters.begin(), entity.type.parameters.end(),
                     [&](const RawParameter& parameter) {
                       return parameter.name == name &&
                              base::AsciiEqualNoCase(parameter.value, value);
                     });
}

std::size_t FirstByte(const StructureNode& node) {
  if (node.first_header) return *node.first_header;
  if (node.kind == NodeKind::kLeaf) return node.body_begin;
  return node.children.empty() ? 0 : FirstByte(node.children.front());
}

// The delimiter lines of one boundary between `begin` and `end`.
std::vector<DelimiterLine> OwnDelimiters(const Source& source, std::string_view boundary,
                                         std::size_t begin, std::size_t end) {
  std::vector<DelimiterLine> own;
  auto line = std::lower_bound(source.delimiters.begin(), source.delimiters.end(), begin,
                               [](const DelimiterLine& d, std::size_t at) { return d.begin < at; });
  for (; line != source.delimiters.end() && line->begin < end; ++line) {
    const DelimiterKind kind =
        MatchDelimiter(LineText(source.bytes, line->begin, line->end), boundary);
    if (kind == DelimiterKind::kOpen || kind == DelimiterKind::kClose) own.push_back(*line);
  }
  return own;
}

// A delimiter's line break belongs to the delimiter (RFC 2046 section 5.1.1).
std::size_t BeforeLineEnd(std::string_view bytes, std::size_t at, std::size_t floor) {
  if (at > floor && bytes[at - 1] == '\n') --at;
  if (at > floor && bytes[at - 1] == '\r') --at;
  return at;
}

class Reader {
 public:
  Reader(TreeBuilder& tree, const MimeLimits& limits, base::Deadline deadline)
      : tree_(tree), limits_(limits), deadline_(deadline) {}

  base::Status Run() {
    Artifact& root = tree_.Add(0, ArtifactKind::kMessage);
    tree_.SetPath(root, 0);
    root.declared_type = "message/rfc822";
    Source source;
    source.bytes = tree_.tree().message;
    ReadSource(source, root.id);
    if (expired_) return base::Error{base::ErrorCode::kTimeout, "mime: deadline passed"};
    return base::Ok();
  }

 private:
  // `id` is the message artifact whose text is source.bytes.
  void ReadSource(Source& source, std::uint32_t id) {
    Prescan prescan = PrescanMessage(source.bytes, limits_);
    source.delimiters = std::move(prescan.delimiters);
    const std::string_view readable = source.bytes.substr(0, prescan.end);
    if (!prescan.limit.empty()) {
      tree_.CannotRead("scan.unscannable." + prescan.limit, id,
                       "the rest of the message was not read");
      tree_.At(id).truncated = true;
    }
    auto node = ParseStructure(readable, std::max(1, limits_.max_depth - tree_.At(id).depth));
    if (!node) node = WholeAsLeaf(readable);
    ReadMessageText(source, *node, Region{0, readable.size(), {}}, id);
  }

  // GMime gives nothing for some texts (empty ones, a continuation line first).
  static StructureNode WholeAsLeaf(std::string_view readable) {
    StructureNode node;
    node.body_begin = ParseHeader(readable, 0, readable.size()).body;
    node.body_end = readable.size();
    return node;
  }

  void ReadMessageText(const Source& source, const StructureNode& top, const Region& region,
                       std::uint32_t id) {
    Artifact& message = tree_.At(id);
    message.multipart = true;
    message.sha256 = base::Sha256(source.bytes.substr(region.begin, region.end - region.begin));
    const Entity entity = ReadEntity(source.bytes, region.begin, region.end);
    if (id == 0) KeepHeaders(source, entity.header);
    LintHeader(Target(source, id), entity, true);
    if (top.kind == NodeKind::kMultipart) {
      if (id == 0) SetRanges(source, message, entity.header, region.end);
      ReadChildren(source, top, entity, region, id);
    } else {
      ReadEntityInto(source, top, region, id, 1);
    }
  }

  void KeepHeaders(const Source& source, const HeaderBlock& header) {
    for (const RawField& field : header.fields) {
      if (field.name.empty()) continue;
      HeaderField kept;
      kept.name = base::ToValidUtf8(field.name);
      std::string value = Unfold(field.value);
      std::replace(value.begin(), value.end(), '\0', ' ');
      if (tree_.tree().headers.size() >= kMaxGuessedFields) value = base::ToValidUtf8(value);
      DecodedWords decoded = DecodeWords(value);
      if (decoded.unknown_charset) {
        Target(source, 0).Report("mime.unknown-charset", DifferenceLevel::kBroken, field.begin,
                                 kept.name);
      }
      kept.value = std::move(decoded.text);
      kept.raw = ByteRange{field.begin, field.end};
      tree_.tree().headers.push_back(std::move(kept));
    }
  }

  void ReadEntityInto(const Source& source, const StructureNode& node, const Region& region,
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

  void Describe(const Source& source, const Entity& entity, Artifact& artifact,
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

  static void SetRanges(const Source& source, Artifact& artifact, const HeaderBlock& header,
                        std::size_t body_end) {
    if (!source.in_message) return;
    const std::size_t body = std::max(header.body, header.begin);
    artifact.raw_header = ByteRange{header.begin, body};
    artifact.raw_body = ByteRange{body, std::max(body, body_end)};
  }

  void ReadChildren(const Source& source, const StructureNode& node, const Entity& entity,
                    const Region& region, std::uint32_t id) {
    if (node.too_deep) {
      tree_.CannotRead("scan.unscannable.depth", id, "parts are nested too deep");
      tree_.At(id).truncated = true;
    }
    LintMultipart(Target(source, id),
                  MultipartView{entity, region.end, source.delimiters, node.boundary,
                                region.enclosing_boundary, node.children.size()});
    const std::size_t body = std::min(entity.header.body, region.end);
    if (node.children.empty() && !node.too_deep) ReadUnsplit(source, body, region.end, id);
    const auto own = OwnDelimiters(source, node.boundary, body, region.end);
    std::size_t ordinal = node.children.empty() ? 1 : 0;
    for (const StructureNode& child : node.children) {
      ReadEntityInto(source, child, ChildRegion(source, own, child, region, node.boundary), id,
                     ++ordinal);
    }
    ReadOtherViews(source, node, entity, Region{body, region.end, {}}, id);
  }

  // What readers see that take the multipart differently from view 0: parts behind the closing
  // delimiter, parts under a second boundary, parts inside an encoding that a multipart may not
  // have.
  void ReadOtherViews(const Source& source, const StructureNode& node, const Entity& entity,
                      const Region& body, std::uint32_t id) {
    if (!source.first_view) return;
    const std::string_view text = source.bytes.substr(body.begin, body.end - body.begin);
    const std::size_t offset = source.in_message ? body.begin : source.outer_offset;
    if (const std::size_t end = EndOfParts(source, node.boundary, body); end < body.end) {
      ReadView(source.bytes.substr(end, body.end - end), node.boundary, offset, id);
    }
    const std::string other = OtherBoundary(entity, node.boundary);
    if (!other.empty()) ReadView(text, other, offset, id);
    if (node.children.empty() &&
        (entity.encoding == "base64" || entity.encoding == "quoted-printable")) {
      const Decoded decoded = entity.encoding == "base64"
                                  ? DecodeBase64(text, tree_.decoded_left())
                                  : DecodeQuotedPrintable(text, tree_.decoded_left());
      ReadView(decoded.bytes, node.boundary, offset, id);
    }
  }

  // A boundary that some reader would use instead: from a second parameter or a second
  // Content-Type.
  static std::string OtherBoundary(const Entity& entity, std::string_view used) {
    for (const RawField& field : entity.header.fields) {
      if (!base::AsciiEqualNoCase(field.name, "content-type")) continue;
      const StructuredValue type = ParseStructured(Unfold(field.value));
      for (const ParameterReading& reading : ReadParameter(type, "boundary", false).readings) {
        if (!reading.text.empty() && reading.text != used) return reading.text;
      }
    }
    return {};
  }

  // Where the first part behind the closing delimiter begins; body.end when there is none.
  static std::size_t EndOfParts(const Source& source, std::string_view boundary,
                                const Region& body) {
    bool closed = false;
    if (boundary.empty()) return body.end;
    for (const DelimiterLine& line : OwnDelimiters(source, boundary, body.begin, body.end)) {
      if (closed) return line.begin;
      const std::string_view text = LineText(source.bytes, line.begin, line.end);
      closed = MatchDelimiter(text, boundary) == DelimiterKind::kClose;
    }
    return body.end;
  }

  // Parses `text` as the body of a multipart with this boundary and hangs its parts below `id`.
  // Closing delimiters in it are opened, so that one pass sees all parts; no further views inside.
  void ReadView(std::string_view text, std::string_view boundary, std::size_t offset,
                std::uint32_t id) {
    if (boundary.size() > kMaxViewBoundary ||
        boundary.find_first_of("\"\\\r\n") != std::string_view::npos) {
      return;
    }
    if (text.size() > tree_.decoded_left()) {
      tree_.CannotRead("scan.unscannable.decoded-bytes", id,
                       "no room for another view of the parts");
      return;
    }
    std::string whole =
        "Content-Type: multipart/mixed; boundary=\"" + std::string(boundary) + "\"\n\n";
    const std::size_t body = whole.size();
    const std::string opening = "--" + std::string(boundary);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t next = NextLine(text, at, text.size());
      const bool closing =
          MatchDelimiter(LineText(text, at, next), boundary) == DelimiterKind::kClose;
      whole += closing ? opening + "\n" : std::string(text.substr(at, next - at));
      at = next;
    }
    Source view;
    view.bytes = tree_.Store(std::move(whole));
    view.in_message = false;
    view.outer_offset = offset;
    view.first_view = false;
    Prescan prescan = PrescanMessage(view.bytes, limits_);
    view.delimiters = std::move(prescan.delimiters);
    const auto node = ParseStructure(view.bytes.substr(0, prescan.end),
                                     std::max(1, limits_.max_depth - tree_.At(id).depth));
    if (!node || node->kind != NodeKind::kMultipart) return;
    const Region region{body, prescan.end, {}};
    const auto own = OwnDelimiters(view, boundary, body, prescan.end);
    std::size_t ordinal = CountChildren(id);
    for (const StructureNode& child : node->children) {
      const Region place = ChildRegion(view, own, child, region, boundary);
      if (TrimmedEmpty(view.bytes, place)) continue;
      ReadEntityInto(view, child, place, id, ++ordinal);
    }
  }

  static bool TrimmedEmpty(std::string_view bytes, const Region& place) {
    return base::TrimAscii(
               bytes.substr(place.begin, std::max(place.end, place.begin) - place.begin))
        .empty();
  }

  std::size_t CountChildren(std::uint32_t id) {
    const auto& artifacts = tree_.tree().artifacts;
    return static_cast<std::size_t>(std::count_if(
        artifacts.begin() + id, artifacts.end(),
        [&](const Artifact& artifact) { return artifact.id != id && artifact.parent == id; }));
  }

  static Region ChildRegion(const Source& source, const std::vector<DelimiterLine>& own,
                            const StructureNode& child, const Region& region,
                            std::string_view boundary) {
    const std::size_t first = FirstByte(child);
    const auto after =
        std::upper_bound(own.begin(), own.end(), first,
                         [](std::size_t at, const DelimiterLine& line) { return at < line.end; });
    Region result;
    result.begin = after == own.begin() ? first : std::prev(after)->end;
    result.end =
        after == own.end() ? region.end : BeforeLineEnd(source.bytes, after->begin, result.begin);
    result.enclosing_boundary = boundary;
    return result;
  }

  // A multipart in which no part was found: its body is one leaf, so that it is looked at.
  void ReadUnsplit(const Source& source, std::size_t begin, std::size_t end, std::uint32_t id) {
    if (begin >= end || StopNow(id)) return;
    Artifact& artifact = tree_.Add(id, ArtifactKind::kPart);
    tree_.SetPath(artifact, 1);
    artifact.text = true;
    if (source.in_message) artifact.raw_body = ByteRange{begin, end};
    TreeBuilder::SetContent(artifact, source.bytes.substr(begin, end - begin));
  }

  void ReadEmbedded(const Source& source, const StructureNode& node, const Region& region,
                    std::uint32_t id) {
    tree_.At(id).kind = ArtifactKind::kMessage;
    tree_.At(id).multipart = true;
    if (node.too_deep) {
      tree_.CannotRead("scan.unscannable.depth", id, "messages are nested too deep");
      tree_.At(id).truncated = true;
    }
    if (node.children.empty()) return;
    ReadMessageText(source, node.children.front(), region, id);
  }

  void ReadLeaf(const Source& source, const StructureNode& node, const Entity& entity,
                std::uint32_t id) {
    const std::size_t end = std::min(std::max(node.body_end, node.body_begin), source.bytes.size());
    const std::size_t begin = std::min(node.body_begin, end);
    const std::string_view raw = source.bytes.substr(begin, end - begin);
    LintEncoding(Target(source, id), entity, raw);
    DecodeLeaf(source, entity.encoding, raw, begin, id);
    Artifact& artifact = tree_.At(id);
    if (IsEmbeddedMessage(artifact)) {
      ReadDecodedMessage(source, begin, id);
    } else if (artifact.text && artifact.declared_type != "text/html") {
      ReadUuencoded(source, begin, id);
    }
  }

  void DecodeLeaf(const Source& source, const std::string& encoding, std::string_view raw,
                  std::size_t body, std::uint32_t id) {
    Artifact& artifact = tree_.At(id);
    const bool base64 = encoding == "base64";
    if (!base64 && encoding != "quoted-printable") {
      if (encoding.find("uu") == std::string::npos || !DecodeUuencodedLeaf(raw, artifact)) {
        TreeBuilder::SetContent(artifact, raw);
      }
      return;
    }
    Decoded decoded = base64 ? DecodeBase64(raw, tree_.decoded_left())
                             : DecodeQuotedPrintable(raw, tree_.decoded_left());
    LintDecoded(Target(source, id), encoding, decoded, body);
    NoteTruncation(decoded, artifact);
    TreeBuilder::SetContent(artifact, tree_.Store(std::move(decoded.bytes)));
  }

  bool DecodeUuencodedLeaf(std::string_view raw, Artifact& artifact) {
    auto file = FindUuencoded(raw, 0, tree_.decoded_left());
    if (!file) return false;
    artifact.claimed_names.push_back(base::DecodeUnlabelled(file->name));
    NoteTruncation(file->content, artifact);
    TreeBuilder::SetContent(artifact, tree_.Store(std::move(file->content.bytes)));
    return true;
  }

  void NoteTruncation(const Decoded& decoded, Artifact& artifact) {
    if (!decoded.truncated) return;
    artifact.truncated = true;
    tree_.CannotRead("scan.unscannable.decoded-bytes", artifact.id, "decoded content is too large");
  }

  // message/rfc822 under a transfer encoding, or an .eml file: parsed on its own.
  void ReadDecodedMessage(const Source& source, std::size_t body, std::uint32_t id) {
    Artifact& artifact = tree_.At(id);
    if (artifact.depth >= limits_.max_depth) {
      tree_.CannotRead("scan.unscannable.depth", id, "messages are nested too deep");
      artifact.truncated = true;
      return;
    }
    Source inner;
    inner.bytes = artifact.content;
    inner.in_message = false;
    inner.outer_offset = source.in_message ? body : source.outer_offset;
    artifact.kind = ArtifactKind::kMessage;
    artifact.content = {};
    ReadSource(inner, id);
  }

  void ReadUuencoded(const Source& source, std::size_t body, std::uint32_t id) {
    const std::string_view text = tree_.At(id).content;
    std::size_t at = 0;
    for (int count = 1; !StopNow(id); ++count) {
      auto file = FindUuencoded(text, at, tree_.decoded_left());
      if (!file) return;
      if (count > kMaxUuencodedFiles) {
        tree_.CannotRead("scan.unscannable.parts", id, "too many uuencoded files");
        return;
      }
      Target(source, id)
          .Report("mime.uuencode-in-text", DifferenceLevel::kBroken, body + file->begin,
                  file->name);
      Artifact& artifact = tree_.Add(id, ArtifactKind::kPart);
      artifact.claimed_names.push_back(base::DecodeUnlabelled(file->name));
      artifact.disposition = "attachment";
      artifact.transfer_encoding = "x-uuencode";
      tree_.SetPath(artifact, static_cast<std::size_t>(count));
      NoteTruncation(file->content, artifact);
      TreeBuilder::SetContent(artifact, tree_.Store(std::move(file->content.bytes)));
      at = file->end;
    }
  }

  // True when no further artifact may be made: time or number is used up.
  bool StopNow(std::uint32_t id) {
    if (expired_ || (++steps_ % 64 == 0 && deadline_.Expired())) {
      expired_ = true;
      return true;
    }
    if (tree_.tree().artifacts.size() <= limits_.max_parts) return false;
    tree_.CannotRead("scan.unscannable.parts", id, "too many parts");
    tree_.At(id).truncated = true;
    return true;
  }

  LintTarget Target(const Source& source, std::uint32_t id) {
    return LintTarget{tree_, id, source.bytes, source.in_message, source.outer_offset};
  }

  TreeBuilder& tree_;
  const MimeLimits& limits_;
  base::Deadline deadline_;
  std::uint64_t steps_ = 0;
  bool expired_ = false;
};

}  // namespace

base::Status ReadMime(TreeBuilder& tree, const MimeLimits& limits, base::Deadline deadline) {
  return Reader(tree, limits, deadline).Run();
}

}  // namespace lazaret::mail
