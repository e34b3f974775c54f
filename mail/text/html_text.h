// The text of an HTML page as its reader sees it, and what the reader does not see apart from it.
#ifndef LAZARET_MAIL_TEXT_HTML_TEXT_H_
#define LAZARET_MAIL_TEXT_HTML_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct HtmlText {
  // Inline tags join, block tags and table cells break lines, entities are decoded, what has no
  // width is dropped; alt and title texts stand at the end, one a line.
  std::string visible;
  std::string hidden;  // script, style, and elements that styles or attributes hide
  // href, src of frames, form action; entities decoded, in order, each once, at most kMaxUrls
  // (plain_text.h).
  std::vector<std::string> urls;
  bool urls_cut = false;  // there were more
};

// `utf8` is valid UTF-8. Linear time.
HtmlText ExtractHtml(std::string_view utf8);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_TEXT_HTML_TEXT_H_
