#include "mail/text/text_units.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"
#include "mail/text/charset_choice.h"
#include "mail/text/document_text.h"
#include "mail/text/html_text.h"
#include "mail/text/plain_text.h"
#include "mail/text/rtf_text.h"

namespace lazaret::mail {
namespace {

// Headers that rules look at, besides the subject.
constexpr std::array<std::string_view, 14> kHeaders{
    "from",         "sender",   "reply-to", "to",          "cc",
    "bcc",          "list-id",  "x-mailer", "user-agent",  "return-path",
    "organization", "comments", "keywords", "thread-topic"};

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

bool IsHtml(const Artifact& artifact) {
  return artifact.declared_type == "text/html" ||
         artifact.declared_type == "application/xhtml+xml" ||
         artifact.declared_type == "text/enriched" || artifact.declared_type == "text/richtext" ||
         artifact.detected_type == "text/html" || artifact.detected_type == "application/hta";
}

bool IsFolded(const Artifact& artifact) {
  return artifact.declared_type == "text/calendar" || artifact.detected_type == "text/calendar" ||
         artifact.detected_type == "text/vcard";
}

// Text by declaration stays text unless its content is plainly something else.
bool IsText(const Artifact& artifact) {
  if (artifact.multipart || artifact.content.empty()) return false;
  if (IsRtf(artifact.content)) return true;
  if (!artifact.text) return false;
  const std::string& type = artifact.detected_type;
  return type != "application/pdf" && type != "application/zip" &&
         type != "application/x-dosexec" && !StartsWith(type, "audio/") &&
         !StartsWith(type, "video/") && (!StartsWith(type, "image/") || type == "image/svg+xml");
}

std::size_t CharacterCut(std::string_view text, std::size_t at) {
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80) --at;
  return at;
}

class Collector {
 public:
  Collector(TreeBuilder& tree, const TextLimits& limits)
      : tree_(tree), limits_(limits), left_(limits.max_bytes) {}

  void Headers() {
    for (const HeaderField& field : tree_.tree().headers) {
      Header(base::AsciiLower(field.name), 0, field.value);
    }
    for (const SideText& side : tree_.tree().side_texts) {
      if (side.header.empty()) {
        Loose(side);
      } else {
        Header(side.header, side.artifact, side.value);
      }
    }
  }

  // Parts of documents have names that nobody sees.
  void Names(const Artifact& artifact) {
    if (artifact.kind == ArtifactKind::kObject) return;
    for (const std::string& name : artifact.claimed_names) {
      Add(TextOrigin::kFilename, {}, artifact.id, name);
    }
  }

  void Content(Artifact& artifact) {
    if (!IsText(artifact)) return;
    const bool object = artifact.kind == ArtifactKind::kObject;
    if (object &&
        (artifact.claimed_names.empty() || !IsDocumentTextMember(artifact.claimed_names.front()))) {
      return;
    }
    const bool attached = artifact.kind == ArtifactKind::kMember ||
                          artifact.kind == ArtifactKind::kObject ||
                          artifact.disposition == "attachment" || !artifact.claimed_names.empty();
    origin_ = attached ? TextOrigin::kAttachment : TextOrigin::kBody;
    const bool html = IsHtml(artifact);
    std::string label = artifact.charset;
    if (label.empty() && html) label = HtmlMetaCharset(artifact.content);
    std::string_view bytes = artifact.content;
    if (bytes.size() > left_) {
      bytes = bytes.substr(0, left_);
      Cut(artifact.id);
    }
    if (IsRtf(bytes)) {
      if (limits_.rtf) Plain(artifact, RtfText(bytes));
      return;
    }
    TextReadings readings = ReadText(bytes, label);
    if (readings.unknown_label) {
      tree_.Differ("mime.unknown-charset", DifferenceLevel::kBroken, artifact.id,
                   artifact.raw_header ? artifact.raw_header->begin : 0, label);
    }
    for (TextReading& reading : readings.readings) {
      guessed_ = reading.guessed;
      if (html) {
        Html(artifact, reading.utf8);
      } else {
        Plain(artifact, std::move(reading.utf8));
      }
    }
    guessed_ = false;
  }

  // Who reads the units must know of what is missing: the list of unreadable things may be full.
  void Finish() {
    if (cut_ && !tree_.tree().texts.empty()) tree_.tree().texts.back().truncated = true;
  }

 private:
  void Header(const std::string& name, std::uint32_t artifact, const std::string& value) {
    if (name == "subject") {
      Add(TextOrigin::kSubject, {}, artifact, value);
    } else if (std::find(kHeaders.begin(), kHeaders.end(), name) != kHeaders.end()) {
      Add(TextOrigin::kHeader, name, artifact, value);
    }
  }

  // Preambles and the like carry text as a body does.
  void Loose(const SideText& side) {
    for (TextReading& reading : ReadText(side.bytes.substr(0, left_), {}).readings) {
      Add(TextOrigin::kBody, {}, side.artifact, std::move(reading.utf8));
    }
    if (side.bytes.size() > left_) Cut(side.artifact);
  }

  void Html(const Artifact& artifact, const std::string& utf8) {
    HtmlText html = ExtractHtml(utf8);
    Add(origin_, {}, artifact.id, std::move(html.visible));
    Add(TextOrigin::kHtmlHidden, {}, artifact.id, std::move(html.hidden));
    for (std::string& url : html.urls) Add(TextOrigin::kUrl, {}, artifact.id, std::move(url));
    if (html.urls_cut) Cut(artifact.id);
  }

  void Plain(const Artifact& artifact, std::string utf8) {
    if (artifact.format_flowed) utf8 = JoinFlowed(utf8, artifact.format_delsp);
    if (IsFolded(artifact)) utf8 = JoinFolded(utf8);
    if (artifact.kind == ArtifactKind::kObject) utf8 = DocumentText(utf8);
    Urls found = FindUrls(utf8);
    for (std::string& url : found.urls) Add(TextOrigin::kUrl, {}, artifact.id, std::move(url));
    if (found.cut) Cut(artifact.id);
    Add(origin_, {}, artifact.id, std::move(utf8));
  }

  void Add(TextOrigin origin, std::string_view name, std::uint32_t artifact, std::string text) {
    if (text.empty()) return;
    TextUnit unit;
    unit.origin = origin;
    unit.name = std::string(name);
    unit.artifact = artifact;
    unit.charset_guessed = guessed_;
    if (text.size() > left_ || tree_.tree().texts.size() >= limits_.max_units) {
      Cut(artifact);
      if (tree_.tree().texts.size() >= limits_.max_units) return;
      text.resize(CharacterCut(text, left_));
      unit.truncated = true;
    }
    left_ -= text.size();
    unit.text = std::move(text);
    tree_.tree().texts.push_back(std::move(unit));
  }

  void Cut(std::uint32_t artifact) {
    cut_ = true;
    tree_.CannotRead("scan.unscannable.text-bytes", artifact, "more text than is looked at");
  }

  TreeBuilder& tree_;
  const TextLimits& limits_;
  std::size_t left_;
  TextOrigin origin_ = TextOrigin::kBody;
  bool guessed_ = false;
  bool cut_ = false;
};

}  // namespace

base::Status ExtractTexts(TreeBuilder& tree, const TextLimits& limits, base::Deadline deadline) {
  Collector collector(tree, limits);
  collector.Headers();
  for (Artifact& artifact : tree.tree().artifacts) {
    if (deadline.Expired()) return base::Error{base::ErrorCode::kTimeout, "text: deadline passed"};
    collector.Names(artifact);
    collector.Content(artifact);
  }
  collector.Finish();
  return base::Ok();
}

}  // namespace lazaret::mail
