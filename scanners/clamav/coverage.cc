#include "scanners/clamav/coverage.h"

#include <algorithm>
#include <iterator>

namespace lazaret::scanners {
namespace {

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }  // with \n \v \f between

// Bytes that no text holds: such content under a text type is a file, where a dropped CR matters (a
// hash signature over it would miss), so only an exact layer covers it. ESC is ISO-2022's.
bool LooksLikeText(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    return (c >= 0 && c < 0x20 && c != 0x1b && !IsBlank(c)) || c == 0x7f;
  });
}

// Every text layer of libclamav comes here: without branches, and in steps whose sum fits a byte,
// which is what compilers make wide instructions of.
std::size_t DenseSize(std::string_view bytes) {
  constexpr std::size_t kStep = 255;
  std::size_t blanks = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kStep) {
    const std::string_view step = bytes.substr(at, kStep);
    std::uint8_t sum = 0;
    for (const char c : step) {
      const auto byte = static_cast<std::uint8_t>(c);
      sum = static_cast<std::uint8_t>(
          sum + static_cast<std::uint8_t>(byte == ' ') +
          static_cast<std::uint8_t>(static_cast<std::uint8_t>(byte - '\t') <= '\r' - '\t'));
    }
    blanks += sum;
  }
  return bytes.size() - blanks;
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

// Multiparts hold their bytes in their children, and members of documents are listed without
// content. A nested message whose own bytes are kept is an object like any other.
bool IsLeaf(const mail::Artifact& artifact) {
  return artifact.id != 0 && !artifact.multipart && artifact.content.size() >= kMinObjectBytes;
}

std::string Dense(std::string_view bytes) {
  std::string out;
  std::copy_if(bytes.begin(), bytes.end(), std::back_inserter(out),
               [](char c) { return !IsBlank(c); });
  return out;
}

// Above this many candidates a digest decides which one to compare with.
constexpr std::size_t kFewCandidates = 2;

}  // namespace

bool IsShownText(const mail::Artifact& artifact) {
  if (artifact.kind != mail::ArtifactKind::kPart) return false;
  if (!artifact.claimed_names.empty() || artifact.disposition == "attachment") return false;
  const std::string& type = artifact.declared_type;
  return type.empty() || type == "text/plain" || type == "text/html";
}

Coverage::Coverage(const mail::ArtifactTree& tree) {
  for (const mail::Artifact& artifact : tree.artifacts) {
    if (!IsLeaf(artifact)) continue;
    Object object;
    object.artifact = artifact.id;
    object.content = artifact.content;
    object.text = artifact.text && IsShownText(artifact) && LooksLikeText(artifact.content);
    if (object.text) {
      object.dense_size = DenseSize(object.content);
      texts_by_dense_size_[object.dense_size].push_back(objects_.size());
      largest_text_ = std::max(largest_text_, object.content.size());
      // Nothing but white space cannot be told apart, and cannot match.
      object.covered = object.dense_size == 0;
      if (!object.covered) ++texts_left_;
    }
    Add(object, artifact.sha256);
  }
}

void Coverage::Add(Object object, const base::Sha256Digest& sha256) {
  std::vector<std::size_t>& same_size = groups_by_size_[object.content.size()];
  const auto group = std::find_if(same_size.begin(), same_size.end(), [&](std::size_t index) {
    return groups_[index].sha256 == sha256 && groups_[index].content == object.content;
  });
  if (group != same_size.end()) {
    groups_[*group].objects.push_back(objects_.size());
  } else {
    same_size.push_back(groups_.size());
    groups_.push_back({object.content, sha256, {objects_.size()}});
  }
  objects_.push_back(std::move(object));
}

void Coverage::AddRendition(std::uint32_t artifact, std::string content) {
  if (content.size() < kMinObjectBytes) return;
  Object object;
  object.artifact = artifact;
  object.content = renditions_.emplace_back(std::move(content));
  object.rendition = true;
  Add(object, base::Sha256(object.content));
}

std::optional<std::uint32_t> Coverage::See(const Layer& layer, How how) {
  if (layer.bytes.size() < kMinObjectBytes) return std::nullopt;
  const auto exact = SeeExact(layer, how);
  return exact ? exact : SeeText(layer, how);
}

void Coverage::Cover(Object& object, const Layer& layer, How how) {
  if (!object.covered && object.text) --texts_left_;
  object.covered = true;
  object.as_bytes |= how == How::kHtmlAsBytes;
  object.as_html |= layer.type == "CL_TYPE_HTML" || layer.type == "CL_TYPE_HTML_UTF16";
}

const Coverage::Group* Coverage::Find(std::string_view bytes) const {
  const auto same_size = groups_by_size_.find(bytes.size());
  if (same_size == groups_by_size_.end()) return nullptr;
  const bool few = same_size->second.size() <= kFewCandidates;
  const base::Sha256Digest digest = few ? base::Sha256Digest{} : base::Sha256(bytes);
  for (const std::size_t index : same_size->second) {
    const Group& group = groups_[index];
    if ((few || group.sha256 == digest) && group.content == bytes) return &group;
  }
  return nullptr;
}

std::optional<std::uint32_t> Coverage::SeeExact(const Layer& layer, How how) {
  const Group* group = Find(layer.bytes);
  if (group == nullptr) return std::nullopt;
  for (const std::size_t index : group->objects) Cover(objects_[index], layer, how);
  return objects_[group->objects.front()].artifact;
}

std::optional<std::uint32_t> Coverage::SeeText(const Layer& layer, How how) {
  // The whole message and attachments are too large to be one of the texts.
  if (texts_left_ == 0 || layer.bytes.size() > largest_text_ * 2 + 2) return std::nullopt;
  const auto same_size = texts_by_dense_size_.find(DenseSize(layer.bytes));
  if (same_size == texts_by_dense_size_.end()) return std::nullopt;
  const bool few = same_size->second.size() <= kFewCandidates;
  const base::Sha256Digest digest = few ? base::Sha256Digest{} : base::Sha256(Dense(layer.bytes));
  std::optional<std::uint32_t> first;
  for (const std::size_t index : same_size->second) {
    Object& object = objects_[index];
    if (object.covered) continue;
    if (!few && !object.dense) object.dense = base::Sha256(Dense(object.content));
    const bool equal =
        few ? EqualIgnoringBlanks(object.content, layer.bytes) : *object.dense == digest;
    if (!equal) continue;
    Cover(object, layer, how);
    if (!first) first = object.artifact;
  }
  return first;
}

std::vector<ScanItem> Coverage::Uncovered() const {
  std::vector<ScanItem> out;
  for (const Object& object : objects_) {
    if (!object.covered) out.push_back({object.artifact, object.content});
  }
  return out;
}

std::vector<ScanItem> Coverage::HtmlFiles() const {
  std::vector<ScanItem> out;
  for (const Object& object : objects_) {
    if (object.as_html && !object.as_bytes && !object.text && !object.rendition)
      out.push_back({object.artifact, object.content});
  }
  return out;
}

std::unordered_set<std::uint32_t> Coverage::SeenAsHtml() const {
  std::unordered_set<std::uint32_t> out;
  for (const Object& object : objects_) {
    if (object.as_html) out.insert(object.artifact);
  }
  return out;
}

}  // namespace lazaret::scanners
