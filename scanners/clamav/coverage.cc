#include "scanners/clamav/coverage.h"

#include <algorithm>

namespace lazaret::scanners {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

// Bytes that no text holds: such content under a text type is a file, where a dropped CR matters (a
// hash signature over it would miss), so only an exact layer covers it. ESC is ISO-2022's.
bool LooksLikeText(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    return (c >= 0 && c < 0x20 && c != 0x1b && !IsBlank(c)) || c == 0x7f;
  });
}

std::size_t DenseSize(std::string_view bytes) {
  return static_cast<std::size_t>(
      std::count_if(bytes.begin(), bytes.end(), [](char c) { return !IsBlank(c); }));
}

bool EqualIgnoringBlanks(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  for (;;) {
    while (i < a.size() && IsBlank(a[i])) ++i;
    while (j < b.size() && IsBlank(b[j])) ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (a[i++] != b[j++]) return false;
  }
}

// Text that a reader shows as the mail itself. Everything else is a file, and hash signatures are
// over a file's exact bytes, which no rewritten layer stands for.
bool IsShownText(const mail::Artifact& artifact) {
  if (artifact.kind != mail::ArtifactKind::kPart) return false;
  if (!artifact.claimed_names.empty() || artifact.disposition == "attachment") return false;
  const std::string& type = artifact.declared_type;
  return type.empty() || type == "text/plain" || type == "text/html";
}

// A nested message is no leaf: libclamav takes it apart as we do, and its leaves are compared.
// Members of documents are listed without content.
bool IsLeaf(const mail::ArtifactTree& tree, const mail::Artifact& artifact) {
  if (artifact.multipart || artifact.kind == mail::ArtifactKind::kMessage) return false;
  if (artifact.content.size() < kMinObjectBytes) return false;
  if (artifact.declared_type != "message/rfc822" && artifact.declared_type != "message/global")
    return true;
  return std::none_of(tree.artifacts.begin() + static_cast<std::ptrdiff_t>(artifact.id) + 1,
                      tree.artifacts.end(),
                      [&](const mail::Artifact& other) { return other.parent == artifact.id; });
}

}  // namespace

Coverage::Coverage(const mail::ArtifactTree& tree) {
  for (const mail::Artifact& artifact : tree.artifacts) {
    if (!IsLeaf(tree, artifact)) continue;
    Object object;
    object.artifact = artifact.id;
    object.content = artifact.content;
    object.text = artifact.text && IsShownText(artifact) && LooksLikeText(artifact.content);
    by_size_.emplace(object.content.size(), objects_.size());
    if (object.text) {
      object.dense_size = DenseSize(object.content);
      text_by_dense_size_.emplace(object.dense_size, objects_.size());
      largest_text_ = std::max(largest_text_, object.content.size());
      ++texts_left_;
      // Nothing but white space cannot be told apart, and cannot match.
      if (object.dense_size == 0) {
        object.covered = true;
        --texts_left_;
      }
    }
    objects_.push_back(object);
  }
}

std::optional<std::uint32_t> Coverage::See(std::string_view layer) {
  if (layer.size() < kMinObjectBytes) return std::nullopt;
  const auto exact = SeeExact(layer);
  return exact ? exact : SeeText(layer);
}

std::optional<std::uint32_t> Coverage::SeeExact(std::string_view layer) {
  std::optional<std::uint32_t> first;
  const auto [begin, end] = by_size_.equal_range(layer.size());
  for (auto it = begin; it != end; ++it) {
    Object& object = objects_[it->second];
    if (object.content != layer) continue;
    if (!object.covered && object.text) --texts_left_;
    object.covered = true;
    if (!first) first = object.artifact;
  }
  return first;
}

std::optional<std::uint32_t> Coverage::SeeText(std::string_view layer) {
  // The whole message and attachments are too large to be one of the texts.
  if (texts_left_ == 0 || layer.size() > largest_text_ * 2 + 2) return std::nullopt;
  std::optional<std::uint32_t> first;
  const auto [begin, end] = text_by_dense_size_.equal_range(DenseSize(layer));
  for (auto it = begin; it != end; ++it) {
    Object& object = objects_[it->second];
    if (object.covered || !EqualIgnoringBlanks(object.content, layer)) continue;
    object.covered = true;
    --texts_left_;
    if (!first) first = object.artifact;
  }
  return first;
}

std::vector<std::uint32_t> Coverage::Uncovered() const {
  std::vector<std::uint32_t> out;
  for (const Object& object : objects_) {
    if (!object.covered) out.push_back(object.artifact);
  }
  return out;
}

}  // namespace lazaret::scanners
