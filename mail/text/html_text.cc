#include "mail/text/html_text.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "mail/text/html_entities.h"
#include "mail/text/html_tokenizer.h"
#include "mail/text/plain_text.h"

namespace lazaret::mail {
namespace {

constexpr std::array<std::string_view, 40> kBreaking{
    "address", "article", "aside", "blockquote", "body",     "br",     "caption", "center",
    "dd",      "div",     "dl",    "dt",         "fieldset", "footer", "form",    "h1",
    "h2",      "h3",      "h4",    "h5",         "h6",       "head",   "header",  "hr",
    "html",    "li",      "main",  "nav",        "ol",       "option", "p",       "pre",
    "section", "select",  "table", "td",         "th",       "title",  "tr",      "ul"};

constexpr std::array<std::string_view, 14> kVoid{"area",  "base",   "br",    "col",  "embed",
                                                 "hr",    "img",    "input", "link", "meta",
                                                 "param", "source", "wbr",   "track"};

template <std::size_t N>
bool In(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// "font-size : 0PX" and the like: blanks and case do not matter, "0.9em" is not zero.
bool HasZero(std::string_view style, std::string_view property) {
  for (std::size_t at = style.find(property); at != std::string_view::npos;
       at = style.find(property, at + property.size())) {
    std::string_view value = style.substr(at + property.size());
    const std::size_t end = value.find_first_of(";!");
    value = value.substr(0, end);
    const std::size_t unit = value.find_first_not_of("0.");
    const bool digits = unit != 0 && !value.empty();
    if (digits && (unit == std::string_view::npos || !(value[unit] >= '1' && value[unit] <= '9')))
      return true;
  }
  return false;
}

bool HidingStyle(std::string_view raw) {
  std::string style;
  for (const char c : DecodeEntities(raw)) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') style += c;
  }
  style = base::AsciiLower(style);
  return style.find("display:none") != std::string::npos ||
         style.find("visibility:hidden") != std::string::npos ||
         style.find("mso-hide:all") != std::string::npos || HasZero(style, "font-size:") ||
         HasZero(style, "opacity:");
}

bool HasNoWidth(char32_t c) {
  return c == 0xAD || c == 0x200B || c == 0x200C || c == 0x200D || c == 0x2060 || c == 0xFEFF ||
         c == 0x180E || c == 0x34F || c == 0;
}

// Collapses white space as a browser does.
class TextSink {
 public:
  explicit TextSink(std::string& out) : out_(out) {}

  void Break() { pending_ = '\n'; }

  void Append(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      const auto byte = static_cast<unsigned char>(text[at]);
      if (byte < 0x80 && byte > ' ') {
        Flush();
        out_ += text[at++];
        continue;
      }
      const char32_t c = base::NextCodePoint(text, at);
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0xA0) {
        if (pending_ == '\0') pending_ = ' ';
      } else if (!HasNoWidth(c)) {
        Flush();
        out_ += text.substr(begin, at - begin);
      }
    }
  }

 private:
  void Flush() {
    if (pending_ != '\0' && !out_.empty()) out_ += pending_;
    pending_ = '\0';
  }

  std::string& out_;
  char pending_ = '\0';
};

class Extractor {
 public:
  explicit Extractor(std::string_view html)
      : tokenizer_(html), visible_(result_.visible), hidden_(result_.hidden) {}

  HtmlText Run() {
    HtmlToken token;
    for (tokenizer_.Next(token); token.kind != HtmlTokenKind::kEnd; tokenizer_.Next(token)) {
      switch (token.kind) {
        case HtmlTokenKind::kText:
          Text(token.text);
          break;
        case HtmlTokenKind::kRawText:
          hidden_.Break();
          hidden_.Append(token.text);
          break;
        case HtmlTokenKind::kOpenTag:
          Open(token);
          break;
        case HtmlTokenKind::kCloseTag:
          Close(token.name);
          break;
        case HtmlTokenKind::kEnd:
          break;
      }
    }
    visible_.Break();
    visible_.Append(" ");
    if (!asides_.empty()) {
      if (!result_.visible.empty()) result_.visible += '\n';
      result_.visible += asides_;
    }
    return std::move(result_);
  }

 private:
  TextSink& sink() { return hidden_depth_ > 0 ? hidden_ : visible_; }

  void Text(std::string_view text) {
    if (text.find('&') == std::string_view::npos) {
      sink().Append(text);
    } else {
      sink().Append(DecodeEntities(text));
    }
  }

  void Open(const HtmlToken& token) {
    bool hides = token.name == "noscript" || token.name == "template";
    for (const auto& [name, value] : token.attributes) {
      if (name == "style") hides |= HidingStyle(value);
      if (name == "hidden") hides = true;
      if (name == "alt" || name == "title") Aside(value);
      if (name == "href" || name == "action" || (name == "src" && token.name == "iframe"))
        Url(value);
    }
    if (In(kBreaking, token.name)) sink().Break();
    if (In(kVoid, token.name)) return;
    if (hidden_depth_ > 0) {
      if (token.name == hidden_tag_) ++hidden_depth_;
    } else if (hides) {
      hidden_tag_ = token.name;
      hidden_depth_ = 1;
      hidden_.Break();
    }
  }

  void Close(const std::string& name) {
    if (hidden_depth_ > 0 && name == hidden_tag_) --hidden_depth_;
    if (In(kBreaking, name)) sink().Break();
  }

  void Aside(std::string_view value) {
    const std::string text = DecodeEntities(value);
    const std::string_view trimmed = base::TrimAscii(text);
    if (trimmed.empty()) return;
    if (!asides_.empty()) asides_ += '\n';
    asides_ += trimmed;
  }

  void Url(std::string_view value) {
    const std::string url = DecodeEntities(value);
    const std::string_view trimmed = base::TrimAscii(url).substr(0, 8192);
    if (trimmed.size() <= 1 || seen_urls_.count(std::string(trimmed)) != 0) return;
    if (result_.urls.size() >= kMaxUrls) {
      result_.urls_cut = true;
      return;
    }
    seen_urls_.emplace(trimmed);
    result_.urls.emplace_back(trimmed);
  }

  HtmlTokenizer tokenizer_;
  HtmlText result_;
  TextSink visible_;
  TextSink hidden_;
  std::unordered_set<std::string> seen_urls_;
  std::string asides_;
  std::string hidden_tag_;
  std::size_t hidden_depth_ = 0;
};

}  // namespace

HtmlText ExtractHtml(std::string_view utf8) { return Extractor(utf8).Run(); }

}  // namespace lazaret::mail
