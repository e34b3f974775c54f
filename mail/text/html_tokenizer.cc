#include "mail/text/html_tokenizer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxAttributes =
    64;  // of one tag: stops attribute floods from filling memory

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

bool StartsTag(std::string_view html, std::size_t at) {
  if (at + 1 >= html.size()) return false;
  const char next = html[at + 1];
  if (IsLetter(next) || next == '!' || next == '?') return true;
  return next == '/' && at + 2 < html.size() && IsLetter(html[at + 2]);
}

}  // namespace

void HtmlTokenizer::SkipBlanks() {
  while (at_ < html_.size() && IsBlank(html_[at_])) ++at_;
}

// A failed search is remembered: text that never closes what it opens must not cost quadratic time.
std::size_t HtmlTokenizer::Find(Ending ending, std::size_t from) {
  static constexpr std::array<std::string_view, 4> kEndings{"\"", "'", ">", "-->"};
  std::size_t& none_from = none_from_[static_cast<std::size_t>(ending)];
  if (from >= none_from) return std::string_view::npos;
  const std::size_t found = html_.find(kEndings[static_cast<std::size_t>(ending)], from);
  if (found == std::string_view::npos) none_from = from;
  return found;
}

void HtmlTokenizer::Next(HtmlToken& token) {
  token.attributes.clear();
  token.self_closing = false;
  if (!raw_until_.empty()) {
    ReadRawText(token);
    if (!token.text.empty()) return;
  }
  while (at_ < html_.size()) {
    if (html_[at_] == '<' && StartsTag(html_, at_)) {
      if (html_[at_ + 1] == '!' || html_[at_ + 1] == '?') {
        if (ReadMarkup(token)) return;
        continue;
      } else if (ReadTag(token)) {
        return;
      }
    }
    std::size_t end = html_.find('<', at_ + 1);
    while (end != std::string_view::npos && !StartsTag(html_, end)) end = html_.find('<', end + 1);
    end = std::min(end, html_.size());
    token.kind = HtmlTokenKind::kText;
    token.text = html_.substr(at_, end - at_);
    at_ = end;
    return;
  }
  token.kind = HtmlTokenKind::kEnd;
}

// Comment, doctype, CDATA or bogus comment. True when there is a token of it.
bool HtmlTokenizer::ReadMarkup(HtmlToken& token) {
  const std::size_t begin = at_;
  if (html_.substr(at_, 4) == "<!--") {
    if (html_.substr(at_ + 4, 1) == ">") {
      at_ += 5;
      return false;
    }
    const std::size_t end = Find(Ending::kComment, at_ + 2);
    // A browser hides the rest behind a comment that never ends; a rule must still see it.
    at_ = end == std::string_view::npos ? at_ + 4 : end + 3;
    if (end == std::string_view::npos || end <= begin + 4) return false;
    token.kind = HtmlTokenKind::kComment;
    token.text = html_.substr(begin + 4, end - begin - 4);
    return true;
  }
  const std::size_t end = Find(Ending::kTag, at_);
  at_ = end == std::string_view::npos ? at_ + 2 : end + 1;
  if (end == std::string_view::npos || html_.substr(begin, 9) != "<![CDATA[") return false;
  token.kind = HtmlTokenKind::kComment;
  token.text = html_.substr(begin + 2, end - begin - 2);
  return true;
}

bool HtmlTokenizer::ReadTag(HtmlToken& token) {
  const std::size_t begin = at_;
  const bool closing = html_[at_ + 1] == '/';
  at_ += closing ? 2 : 1;
  const std::size_t name = at_;
  while (at_ < html_.size() && !IsBlank(html_[at_]) && html_[at_] != '>' && html_[at_] != '/')
    ++at_;
  token.name = base::AsciiLower(html_.substr(name, std::min<std::size_t>(at_ - name, 64)));
  token.kind = closing ? HtmlTokenKind::kCloseTag : HtmlTokenKind::kOpenTag;
  if (!ReadAttributes(token)) {
    // The tag never ends: what was read of it is dropped, what follows is text.
    at_ = std::max(at_, begin + 1);
  }
  if (!closing && (token.name == "script" || token.name == "style")) raw_until_ = token.name;
  return true;
}

bool HtmlTokenizer::ReadAttributes(HtmlToken& token) {
  while (at_ < html_.size()) {
    SkipBlanks();
    if (at_ >= html_.size()) break;
    if (html_[at_] == '>') {
      ++at_;
      return true;
    }
    if (html_[at_] == '/') {
      ++at_;
      token.self_closing = at_ < html_.size() && html_[at_] == '>';
      continue;
    }
    const std::size_t name = at_++;
    while (at_ < html_.size() && !IsBlank(html_[at_]) && html_[at_] != '=' && html_[at_] != '>' &&
           html_[at_] != '/') {
      ++at_;
    }
    const std::string_view attribute = html_.substr(name, std::min<std::size_t>(at_ - name, 64));
    std::string_view value;
    SkipBlanks();
    if (at_ < html_.size() && html_[at_] == '=' && !ReadValue(value)) return false;
    if (token.attributes.size() < kMaxAttributes) {
      token.attributes.emplace_back(base::AsciiLower(attribute), value);
    }
  }
  return false;
}

// False when a quote never closes.
bool HtmlTokenizer::ReadValue(std::string_view& value) {
  ++at_;
  SkipBlanks();
  if (at_ >= html_.size()) return true;
  const char quote = html_[at_];
  if (quote == '"' || quote == '\'') {
    const std::size_t end = Find(quote == '"' ? Ending::kDouble : Ending::kSingle, at_ + 1);
    if (end == std::string_view::npos) {
      ++at_;
      return false;
    }
    value = html_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return true;
  }
  const std::size_t begin = at_;
  while (at_ < html_.size() && !IsBlank(html_[at_]) && html_[at_] != '>') ++at_;
  value = html_.substr(begin, at_ - begin);
  return true;
}

void HtmlTokenizer::ReadRawText(HtmlToken& token) {
  std::size_t end = at_;
  for (;; ++end) {
    end = html_.find("</", end);
    if (end == std::string_view::npos) break;
    if (base::AsciiEqualNoCase(html_.substr(end + 2, raw_until_.size()), raw_until_)) break;
  }
  end = std::min(end, html_.size());
  token.kind = HtmlTokenKind::kRawText;
  token.text = html_.substr(at_, end - at_);
  at_ = end;
  raw_until_.clear();
}

}  // namespace lazaret::mail
