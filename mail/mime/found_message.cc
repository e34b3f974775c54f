#include "mail/mime/found_message.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mail/mime/header.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxNameBytes = 77;         // longer field names are not those of mail
constexpr std::size_t kMaxHeaderLook = 4U << 20;  // stops endless headers; readers stop there too
constexpr std::string_view kFromLine = "From ";

// Blanks and a byte order mark before the first line: programs that open such files skip them.
std::string_view SkipBlank(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool IsFieldName(std::string_view name) {
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

bool BeginsWithField(std::string_view text) {
  const std::size_t colon = text.substr(0, kMaxNameBytes + 1).find(':');
  return colon != std::string_view::npos && IsFieldName(text.substr(0, colon));
}

bool HoldsNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool SaysHowToRead(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames{"mime-version", "content-type",
                                                   "content-transfer-encoding"};
  while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view known) { return base::AsciiEqualNoCase(name, known); });
}

std::string_view WithoutFromLine(std::string_view text) {
  if (text.substr(0, kFromLine.size()) != kFromLine) return text;
  return text.substr(NextLine(text, 0, text.size()));
}

}  // namespace

bool BeginsLikeMessage(std::string_view text) {
  text = WithoutFromLine(SkipBlank(text));
  if (text.empty()) return true;
  return BeginsWithField(text) && !HoldsNul(text.substr(0, kMaxNameBytes));
}

bool HasMimeHeader(std::string_view text) {
  const std::string_view look = text.substr(0, kMaxHeaderLook);
  bool says = false;
  for (std::size_t at = 0; at < look.size();) {
    const std::size_t next = NextLine(look, at, look.size());
    const std::string_view line = LineText(look, at, next);
    if (line.empty()) return says && !base::TrimAscii(text.substr(next)).empty();
    says = says || SaysHowToRead(line.substr(0, line.find(':')));
    at = next;
  }
  // Longer than any reader's header: what was seen of it decides.
  return says && look.size() < text.size();
}

bool HoldsMessage(std::string_view text) {
  text = SkipBlank(text);
  return BeginsWithField(text) && HasMimeHeader(text);
}

bool HoldsMbox(std::string_view text) {
  text = SkipBlank(text);
  return text.substr(0, kFromLine.size()) == kFromLine && BeginsWithField(WithoutFromLine(text));
}

std::vector<std::string_view> SplitMbox(std::string_view text, std::size_t most) {
  std::vector<std::string_view> messages;
  text = SkipBlank(text);
  while (!text.empty() && messages.size() < most) {
    text = WithoutFromLine(text);
    // A "From " line in prose has no header behind it.
    std::size_t end = text.find("\nFrom ");
    while (end != std::string_view::npos && !HoldsMbox(text.substr(end + 1))) {
      end = text.find("\nFrom ", end + 1);
    }
    const bool last = end == std::string_view::npos;
    messages.push_back(text.substr(0, last ? text.size() : end + 1));
    text = last ? std::string_view() : text.substr(end + 1);
  }
  return messages;
}

}  // namespace lazaret::mail
