#include "scanners/clamav/html_rendition.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"
#include "base/unicode/charset.h"

namespace lazaret::scanners {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"text/html", "application/xhtml+xml",
                                                    "application/hta", "text/x-html"};
constexpr std::array<std::string_view, 6> kEndings = {".htm", ".html", ".xhtml",
                                                      ".xht", ".hta",  ".shtml"};

bool IsHtmlType(std::string_view type) {
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

bool HasHtmlName(const mail::Artifact& artifact) {
  return std::any_of(
      artifact.claimed_names.begin(), artifact.claimed_names.end(), [](const std::string& name) {
        const std::string lower = base::AsciiLower(name);
        return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
          return lower.size() > ending.size() &&
                 lower.compare(lower.size() - ending.size(), ending.size(), ending) == 0;
        });
      });
}

// Label of UTF-16 by its byte order mark, or by the zero half of its first character.
std::string_view Utf16Label(std::string_view content) {
  if (content.size() < 2) return {};
  const std::string_view start = content.substr(0, 2);
  if (start == "\xFF\xFE" || (start[0] != '\0' && start[1] == '\0')) return "utf-16le";
  if (start == "\xFE\xFF" || (start[0] == '\0' && start[1] != '\0')) return "utf-16be";
  return {};
}

}  // namespace

bool ReadAsHtml(const mail::Artifact& artifact) {
  return IsHtmlType(artifact.declared_type) || IsHtmlType(artifact.detected_type) ||
         HasHtmlName(artifact);
}

std::string HtmlRendition(const mail::Artifact& artifact) {
  std::string out = "<html>";
  const std::string_view label = Utf16Label(artifact.content);
  const auto decoded = label.empty() ? std::optional<base::DecodedText>()
                                     : base::DecodeCharset(artifact.content, label);
  return decoded ? out + decoded->utf8 : out.append(artifact.content);
}

}  // namespace lazaret::scanners
