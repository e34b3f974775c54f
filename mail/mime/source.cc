#include "mail/mime/source.h"

#include <algorithm>

#include "mail/mime/header.h"

namespace lazaret::mail {

std::size_t FirstByte(const StructureNode& node) {
  if (node.first_header) return *node.first_header;
  if (node.kind == NodeKind::kLeaf) return node.body_begin;
  return node.children.empty() ? 0 : FirstByte(node.children.front());
}

std::size_t LastByte(const StructureNode& node) {
  std::size_t last = node.kind == NodeKind::kLeaf ? node.body_end : 0;
  // The last child ends last.
  if (!node.children.empty()) last = std::max(last, LastByte(node.children.back()));
  return last;
}

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

std::size_t BeforeLineEnd(std::string_view bytes, std::size_t at, std::size_t floor) {
  if (at > floor && bytes[at - 1] == '\n') --at;
  if (at > floor && bytes[at - 1] == '\r') --at;
  return at;
}

Region ChildRegion(const Source& source, const std::vector<DelimiterLine>& own,
                   const StructureNode& child, const Region& region, std::string_view boundary) {
  const std::size_t first = FirstByte(child);
  const auto after =
      std::upper_bound(own.begin(), own.end(), first,
                       [](std::size_t at, const DelimiterLine& line) { return at < line.end; });
  Region result;
  result.begin = after == own.begin() ? first : std::prev(after)->end;
  result.end =
      after == own.end() ? region.end : BeforeLineEnd(source.bytes, after->begin, result.begin);
  // Below a child that uses the same boundary again stand delimiters that are not ours.
  result.end = std::max(result.end, std::min(LastByte(child), region.end));
  result.enclosing_boundary = boundary;
  return result;
}

std::size_t EndOfParts(const Source& source, std::string_view boundary, const Region& body) {
  bool closed = false;
  if (boundary.empty()) return body.end;
  for (const DelimiterLine& line : OwnDelimiters(source, boundary, body.begin, body.end)) {
    if (closed) return line.begin;
    const std::string_view text = LineText(source.bytes, line.begin, line.end);
    closed = MatchDelimiter(text, boundary) == DelimiterKind::kClose;
  }
  return body.end;
}

}  // namespace lazaret::mail
