#include "mail/text/document_text.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "mail/text/html_entities.h"
#include "mail/text/html_tokenizer.h"

namespace lazaret::mail {
namespace {

// Elements at whose end a reader sees a break.
constexpr std::array<std::string_view, 10> kParagraphs{
    "w:p", "w:br", "w:cr", "a:p", "a:br", "si", "is", "text:p", "text:h", "text:line-break"};
constexpr std::array<std::string_view, 4> kCells{"w:tc", "a:tc", "c", "table:table-cell"};
constexpr std::array<std::string_view, 4> kRows{"w:tr", "a:tr", "row", "table:table-row"};
constexpr std::array<std::string_view, 2> kTabs{"w:tab", "text:tab"};

template <std::size_t N>
bool In(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

class TextSink {
 public:
  void Append(std::string_view text) {
    // Blanks with a line break stand between elements, for people who read the file.
    const bool layout = text.find_first_not_of(" \t\r\n") == std::string_view::npos &&
                        text.find('\n') != std::string_view::npos;
    if (text.empty() || layout) return;
    out_ += text;
    end_ = Break::kNone;
  }

  // The end of a cell's last paragraph is that of the cell, and that of the last cell the row's.
  void End(std::string_view name) {
    if (In(kTabs, name)) Append("\t");
    if (In(kParagraphs, name) && !out_.empty() && out_.back() != '\n') Add('\n', Break::kParagraph);
    if (In(kCells, name)) {
      if (end_ == Break::kParagraph) out_.pop_back();
      Add('\t', Break::kCell);
    }
    if (In(kRows, name)) {
      if (end_ == Break::kCell) out_.pop_back();
      Add('\n', Break::kRow);
    }
  }

  std::string Take() { return std::move(out_); }

 private:
  enum class Break { kNone, kParagraph, kCell, kRow };
  void Add(char c, Break end) {
    out_ += c;
    end_ = end;
  }

  std::string out_;
  Break end_ = Break::kNone;  // what stands last
};

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
  constexpr std::string_view kData = "[CDATA[";
  TextSink sink;
  HtmlTokenizer tokenizer(xml);
  HtmlToken token;
  for (tokenizer.Next(token); token.kind != HtmlTokenKind::kEnd; tokenizer.Next(token)) {
    if (token.kind == HtmlTokenKind::kText || token.kind == HtmlTokenKind::kRawText) {
      sink.Append(DecodeEntities(token.text));
    } else if (token.kind == HtmlTokenKind::kComment) {
      if (token.text.substr(0, kData.size()) != kData) continue;
      std::string_view text = token.text.substr(kData.size());
      if (text.size() >= 2 && text.substr(text.size() - 2) == "]]") text.remove_suffix(2);
      sink.Append(text);
    } else if (token.kind == HtmlTokenKind::kCloseTag || token.self_closing) {
      sink.End(token.name);
    }
  }
  return sink.Take();
}

}  // namespace lazaret::mail
