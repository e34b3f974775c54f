#include "scanners/clamav/renditions.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "base/unicode/charset.h"
#include "scanners/clamav/coverage.h"

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

struct SkippedType {
  std::string_view name;
  std::string_view mixed;  // as long
};
constexpr std::string_view kMultipart = "multipart/";
constexpr SkippedType kSkippedTypes[] = {{"multipart/signed", "multipart/mixed "},
                                         {"multipart/parallel", "multipart/mixed   "}};

// Where "multipart/" stands next, in any case.
std::size_t FindMultipart(std::string_view text, std::size_t at) {
  constexpr std::size_t kSlash = kMultipart.size() - 1;
  for (at = text.find('/', at + kSlash); at != std::string_view::npos;
       at = text.find('/', at + 1)) {
    if ((text[at - 1] | 0x20) == 't' &&
        base::AsciiEqualNoCase(text.substr(at - kSlash, kMultipart.size()), kMultipart))
      return at - kSlash;
  }
  return at;
}

bool SentAsText(const mail::Artifact& artifact) {
  const std::string& encoding = artifact.transfer_encoding;
  return artifact.kind == mail::ArtifactKind::kPart &&
         (encoding.empty() || encoding == "7bit" || encoding == "8bit" ||
          encoding == "quoted-printable");
}

std::string WithoutLastLineEnd(std::string text) {
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && text.back() == '\r') text.pop_back();
  return text;
}

}  // namespace

std::vector<std::string> LineEndRenditions(const mail::Artifact& artifact) {
  const std::string_view content = artifact.content;
  if (!SentAsText(artifact) || IsShownText(artifact) || content.find('\0') != content.npos ||
      content.find("\r\n") == content.npos)
    return {};
  std::string unix_ends;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] != '\r' || content.substr(i + 1, 1) != "\n") unix_ends += content[i];
  }
  std::vector<std::string> out = {unix_ends};
  for (std::string text : {std::string(content), unix_ends}) {
    std::string cut = WithoutLastLineEnd(text);
    if (cut != text) out.push_back(std::move(cut));
  }
  return out;
}

std::optional<std::string> OpenedMultiparts(std::string_view content, std::size_t known) {
  std::optional<std::string> out;
  std::size_t named = 0;
  for (std::size_t at = FindMultipart(content, 0); at != std::string_view::npos;
       at = FindMultipart(content, at + kMultipart.size())) {
    for (const SkippedType& type : kSkippedTypes) {
      if (!base::AsciiEqualNoCase(content.substr(at, type.name.size()), type.name)) continue;
      ++named;
      if (!out) out = std::string(content);
      out->replace(at, type.mixed.size(), type.mixed);
    }
  }
  return named > known ? out : std::nullopt;
}

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
