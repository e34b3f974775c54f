// HTML as a stream of text and tags (HTML Living Standard, section 13.2.5, without tree building).
// Linear in the input whatever it holds: no tree, no recursion, no look-ahead twice.
#ifndef LAZARET_MAIL_TEXT_HTML_TOKENIZER_H_
#define LAZARET_MAIL_TEXT_HTML_TOKENIZER_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lazaret::mail {

enum class HtmlTokenKind { kText, kOpenTag, kCloseTag, kRawText, kComment, kEnd };

struct HtmlToken {
  HtmlTokenKind kind = HtmlTokenKind::kEnd;
  // kText and kRawText (script, style): undecoded; kComment: what stands in it, "[CDATA[..." too
  std::string_view text;
  std::string name;  // tags: lower case
  std::vector<std::pair<std::string, std::string_view>>
      attributes;  // lower-case name, undecoded value
  bool self_closing = false;
};

class HtmlTokenizer {
 public:
  explicit HtmlTokenizer(std::string_view html) : html_(html) {}
  // Doctypes and processing instructions are left out. The token is reused by the caller.
  void Next(HtmlToken& token);

 private:
  bool ReadTag(HtmlToken& token);
  bool ReadAttributes(HtmlToken& token);
  bool ReadValue(std::string_view& value);
  bool ReadMarkup(HtmlToken& token);
  void ReadRawText(HtmlToken& token);
  enum class Ending { kDouble, kSingle, kTag, kComment };
  std::size_t Find(Ending ending, std::size_t from);
  void SkipBlanks();

  std::string_view html_;
  std::size_t at_ = 0;
  std::string raw_until_;  // inside this element only its closing tag counts
  // From here on no such ending stands in the text.
  std::array<std::size_t, 4> none_from_{std::string_view::npos, std::string_view::npos,
                                        std::string_view::npos, std::string_view::npos};
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_HTML_TOKENIZER_H_
