#include "mail/text/document_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mail/text/html_entities.h"
#include "mail/text/html_tokenizer.h"

namespace lazaret::mail {
namespace {

// Elements at whose end a reader sees a break: paragraphs, cells, rows, shared strings.
constexpr std::array<std::string_view, 16> kBreaking{"w:p",      "w:tc",
                                                     "w:br",     "w:tab",
                                                     "w:cr",     "a:p",
                                                     "a:br",     "a:tc",
                                                     "c",        "row",
                                                     "si",       "text:p",
                                                     "text:h",   "table:table-cell",
                                                     "text:tab", "text:line-break"};

}  // namespace

bool IsDocumentTextMember(std::string_view name) {
  constexpr std::array<std::string_view, 13> kStarts{
      "word/document",    "word/header",  "word/footer",    "word/footnotes", "word/endnotes",
      "word/comments",    "xl/sharedstr", "xl/worksheets/", "xl/comments",    "ppt/slides/slide",
      "ppt/notesslides/", "docprops/",    "ppt/comments/"};
  const std::string lower = base::AsciiLower(name);
  if (lower.size() < 4 || lower.compare(lower.size() - 4, 4, ".xml") != 0) return false;
  return lower == "content.xml" || lower == "meta.xml" ||
         std::any_of(kStarts.begin(), kStarts.end(), [&](std::string_view start) {
           return lower.compare(0, start.size(), start) == 0;
         });
}

std::string DocumentText(std::string_view xml) {
  std::string out;
  HtmlTokenizer tokenizer(xml);
  HtmlToken token;
  for (tokenizer.Next(token); token.kind != HtmlTokenKind::kEnd; tokenizer.Next(token)) {
    if (token.kind == HtmlTokenKind::kText || token.kind == HtmlTokenKind::kRawText) {
      out += DecodeEntities(token.text);
    } else if (token.kind == HtmlTokenKind::kCloseTag || token.self_closing) {
      const bool breaks =
          std::find(kBreaking.begin(), kBreaking.end(), token.name) != kBreaking.end();
      if (breaks && !out.empty() && out.back() != '\n') out += '\n';
    }
  }
  return out;
}

}  // namespace lazaret::mail
