#include <algorithm>
#include <string>

#include "base/text.h"
#include "mail/mime/mime_pass.h"
#include "mail/mime/structure.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxViewBoundary = 1'000;

// A boundary that some reader would use instead: from a second parameter or a second
// Content-Type.
std::string OtherBoundary(const Entity& entity, std::string_view used) {
  for (const RawField& field : entity.header.fields) {
    if (!base::AsciiEqualNoCase(field.name, "content-type")) continue;
    const StructuredValue type = ParseStructured(Unfold(field.value));
    for (const ParameterReading& reading : ReadParameter(type, "boundary", false).readings) {
      if (!reading.text.empty() && reading.text != used) return reading.text;
    }
  }
  return {};
}

// For a quoted string (RFC 5322 section 3.2.4).
std::string QuotedPairs(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

bool TrimmedEmpty(std::string_view bytes, const Region& place) {
  return base::TrimAscii(bytes.substr(place.begin, std::max(place.end, place.begin) - place.begin))
      .empty();
}

}  // namespace

// What readers see that take the multipart differently from view 0: parts behind the closing
// delimiter, parts under a second boundary, parts inside an encoding that a multipart may not
// have.
void MimePass::ReadOtherViews(const Source& source, const StructureNode& node, const Entity& entity,
                              const Region& body, std::uint32_t id) {
  if (!source.first_view) return;
  const std::string_view text = source.bytes.substr(body.begin, body.end - body.begin);
  if (const std::size_t end = EndOfParts(source, node.boundary, body); end < body.end) {
    ReadView(source, source.bytes.substr(end, body.end - end), node.boundary, id);
  }
  const std::string other = OtherBoundary(entity, node.boundary);
  if (!other.empty()) ReadView(source, text, other, id);
  if (node.children.empty() &&
      (entity.encoding == "base64" || entity.encoding == "quoted-printable")) {
    const Decoded decoded = entity.encoding == "base64"
                                ? DecodeBase64(text, tree_.decoded_left())
                                : DecodeQuotedPrintable(text, tree_.decoded_left());
    ReadView(source, decoded.bytes, node.boundary, id);
  }
}

// Parses `text` as the body of a multipart with this boundary and hangs its parts below `id`.
// Closing delimiters in it are opened, so that one pass sees all parts; no further views inside.
void MimePass::ReadView(const Source& around, std::string_view text, std::string_view boundary,
                        std::uint32_t id) {
  if (boundary.size() > kMaxViewBoundary ||
      boundary.find_first_of("\r\n") != std::string_view::npos) {
    tree_.CannotRead("scan.unscannable.parts", id, "a boundary under which nothing is looked for");
    return;
  }
  if (text.size() > tree_.decoded_left()) {
    tree_.CannotRead("scan.unscannable.decoded-bytes", id, "no room for another view of the parts");
    return;
  }
  std::string whole =
      "Content-Type: multipart/mixed; boundary=\"" + QuotedPairs(boundary) + "\"\n\n";
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
  view.outer_offset =
      around.in_message ? tree_.At(id).raw_body.value_or(ByteRange{}).begin : around.outer_offset;
  view.first_view = false;
  view.found = around.found;
  const std::size_t readable = PrescanSource(view, id);
  const auto node = ParseStructure(view.bytes.substr(0, readable),
                                   std::max(1, limits_.max_depth - tree_.At(id).depth));
  if (!node || node->kind != NodeKind::kMultipart) return;
  const Region region{body, readable, {}};
  const auto own = OwnDelimiters(view, boundary, body, readable);
  std::size_t ordinal = CountChildren(id);
  for (const StructureNode& child : node->children) {
    const Region place = ChildRegion(view, own, child, region, boundary);
    if (TrimmedEmpty(view.bytes, place)) continue;
    ReadEntityInto(view, child, place, id, ++ordinal);
  }
}

// A boundary that is used again inside the multipart: readers that look for their own boundary only
// see its lines as their own. Each text between two of them is read as a part of its own.
void MimePass::ReadFlat(const Source& source, std::string_view boundary, const Region& body,
                        std::uint32_t id) {
  const auto own = OwnDelimiters(source, boundary, body.begin, body.end);
  std::size_t ordinal = CountChildren(id);
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::size_t end =
        i + 1 < own.size() ? BeforeLineEnd(source.bytes, own[i + 1].begin, own[i].end) : body.end;
    Region place{own[i].end, end, {}};
    if (TrimmedEmpty(source.bytes, place) || StopNow(id)) continue;
    Source flat;
    flat.bytes = source.bytes.substr(place.begin, place.end - place.begin);
    flat.in_message = false;
    flat.outer_offset = source.in_message ? place.begin : source.outer_offset;
    flat.first_view = false;
    flat.found = source.found;
    const std::size_t readable = PrescanSource(flat, id);
    const auto node = ParseStructure(flat.bytes.substr(0, readable),
                                     std::max(1, limits_.max_depth - tree_.At(id).depth));
    if (node) ReadEntityInto(flat, *node, Region{0, readable, {}}, id, ++ordinal);
  }
}

std::size_t MimePass::CountChildren(std::uint32_t id) {
  const auto& artifacts = tree_.tree().artifacts;
  return static_cast<std::size_t>(std::count_if(
      artifacts.begin() + id, artifacts.end(),
      [&](const Artifact& artifact) { return artifact.id != id && artifact.parent == id; }));
}

}  // namespace lazaret::mail
