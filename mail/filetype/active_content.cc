#include "mail/filetype/active_content.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text.h"
#include "mail/filetype/text_sniff.h"

namespace lazaret::mail {
namespace {

// Where a tag, comment or quote begins and ends depends on the reader; these words are looked for
// wherever they stand, so that no broken markup hides them.
constexpr std::array<std::string_view, 31> kEvents{
    "abort",  "activate", "after",     "animation", "auxclick",    "before", "begin",
    "blur",   "canplay",  "change",    "click",     "contextmenu", "copy",   "dblclick",
    "drag",   "end",      "error",     "focus",     "hashchange",  "input",  "key",
    "load",   "message",  "mouse",     "page",      "pointer",     "resize", "submit",
    "toggle", "touch",    "transition"};
constexpr std::size_t kLongestEvent = 30;
constexpr std::size_t kDataBlockLook = 120;  // bytes of a script tag

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

std::size_t SkipBlanks(std::string_view text, std::size_t at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
  return at;
}

// `at` behind the word: does it end there, and is it no data block?
bool IsScriptTag(std::string_view lower, std::size_t at) {
  if (at >= lower.size()) return false;
  const char next = lower[at];
  if (!IsBlank(next) && next != '/' && next != '>') return false;
  const std::string_view tag = lower.substr(at, kDataBlockLook);
  return tag.substr(0, tag.find('>')).find("application/ld+json") == std::string_view::npos;
}

// "<script", or "<svg:script" in XML.
bool HasScript(std::string_view lower) {
  constexpr std::string_view kWord = "script";
  for (std::size_t at = lower.find(kWord); at != std::string_view::npos;
       at = lower.find(kWord, at + kWord.size())) {
    std::size_t begin = at;
    if (begin > 0 && lower[begin - 1] == ':') --begin;
    const std::size_t least = begin > kLongestEvent ? begin - kLongestEvent : 0;
    while (begin < at && begin > least && (IsLetter(lower[begin - 1]) || lower[begin - 1] == '_')) {
      --begin;
    }
    if (begin > 0 && lower[begin - 1] == '<' && IsScriptTag(lower, at + kWord.size())) return true;
  }
  return false;
}

std::string EventHandler(std::string_view lower) {
  for (std::size_t at = lower.find("on", 1); at != std::string_view::npos;
       at = lower.find("on", at + 2)) {
    const char before = lower[at - 1];
    if (!IsBlank(before) && before != '/' && before != '"' && before != '\'') continue;
    const std::string_view rest = lower.substr(at + 2, kLongestEvent);
    const bool known = std::any_of(kEvents.begin(), kEvents.end(), [&](std::string_view event) {
      return rest.substr(0, event.size()) == event;
    });
    if (!known) continue;
    std::size_t end = at + 2;
    while (end < lower.size() && end < at + kLongestEvent && IsLetter(lower[end])) ++end;
    const std::size_t equals = SkipBlanks(lower, end);
    if (equals < lower.size() && lower[equals] == '=') {
      return std::string(lower.substr(at, end - at));
    }
  }
  return {};
}

bool HasScriptLink(std::string_view lower) {
  constexpr std::string_view kScheme = "javascript:";
  for (std::size_t at = lower.find(kScheme, 1); at != std::string_view::npos;
       at = lower.find(kScheme, at + kScheme.size())) {
    const std::size_t before = lower.substr(0, at).find_last_not_of(" \t\r\n\f\"'");
    // A link that does nothing is how old pages make a button.
    const std::string_view code = lower.substr(at + kScheme.size(), 4);
    const bool nothing = code.substr(0, 1) == ";" || code == "void";
    if (before != std::string_view::npos && lower[before] == '=' && !nothing) return true;
  }
  return false;
}

}  // namespace

std::string FindActiveMarkup(std::string_view content) {
  const std::string narrow = NarrowUtf16(content);
  const std::string lower = base::AsciiLower(narrow.empty() ? content : narrow);
  if (HasScript(lower)) return "script element";
  if (const std::string handler = EventHandler(lower); !handler.empty()) {
    return "event handler " + handler;
  }
  return HasScriptLink(lower) ? "javascript: link" : std::string();
}

}  // namespace lazaret::mail
