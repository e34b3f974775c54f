// Fills an ArtifactTree: numbering, paths, storage, and the caps that keep a hostile message from
// making the tree itself a bomb. Used by the reading folders one after the other, by one thread.
#ifndef LAZARET_MAIL_MODEL_TREE_BUILDER_H_
#define LAZARET_MAIL_MODEL_TREE_BUILDER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "base/text.h"
#include "mail/model/artifact.h"

namespace lazaret::mail {

class TreeBuilder {
 public:
  // decoded_budget: bytes that Store may take for the whole message (stops decode bombs).
  TreeBuilder(std::string_view message, std::size_t decoded_budget)
      : decoded_left_(decoded_budget) {
    tree_.message = message;
  }

  ArtifactTree& tree() { return tree_; }
  Artifact& At(std::uint32_t id) { return tree_.artifacts[id]; }
  ArtifactTree Take() { return std::move(tree_); }

  // The first call makes the root. References stay valid: artifacts live in a deque.
  Artifact& Add(std::uint32_t parent, ArtifactKind kind) {
    Artifact artifact;
    artifact.id = static_cast<std::uint32_t>(tree_.artifacts.size());
    artifact.parent = artifact.id == 0 ? 0 : parent;
    artifact.kind = kind;
    artifact.depth = artifact.id == 0 ? 0 : At(parent).depth + 1;
    tree_.artifacts.push_back(std::move(artifact));
    return tree_.artifacts.back();
  }

  // "parent > name", or "parent > part N" without a name. Long chains lose their middle, so that
  // paths stay short however deep the tree is.
  void SetPath(Artifact& artifact, std::size_t ordinal) {
    if (artifact.id == 0) {
      artifact.path = "message";
      return;
    }
    const std::string own = artifact.claimed_names.empty() || artifact.claimed_names.front().empty()
                                ? base::Format("part {}", ordinal)
                                : base::EscapeLine(artifact.claimed_names.front(), kMaxNameInPath);
    const std::string& above = At(artifact.parent).path;
    artifact.path = above.size() > kMaxPath ? "message > ... > " + own : above + " > " + own;
  }

  std::size_t decoded_left() const { return decoded_left_; }
  // Takes bytes that are read once more from the same budget; false (and nothing taken) without
  // room.
  bool Charge(std::size_t bytes) {
    if (bytes > decoded_left_) return false;
    decoded_left_ -= bytes;
    return true;
  }
  // Moves bytes into the tree; the caller has asked decoded_left() before.
  std::string_view Store(std::string bytes) {
    decoded_left_ -= std::min(decoded_left_, bytes.size());
    return tree_.storage.emplace_back(std::move(bytes));
  }

  static void SetContent(Artifact& artifact, std::string_view content) {
    artifact.content = content;
    artifact.sha256 = base::Sha256(content);
  }

  // Once for each code and artifact; the first offset stays. An ambiguous report replaces a broken
  // one.
  void Differ(std::string_view code, DifferenceLevel level, std::uint32_t artifact,
              std::size_t offset, std::string_view detail) {
    const auto key = std::make_pair(std::string(code), artifact);
    if (!seen_differences_.insert(key).second) {
      Raise(code, level, artifact);
      return;
    }
    if (tree_.differences.size() >= kMaxReports && !FirstOf(code)) {
      CannotRead("scan.unscannable.differences", 0, "more differences than are listed");
      return;
    }
    codes_.insert(key.first);
    tree_.differences.push_back(Difference{std::string(code), level, artifact, offset,
                                           base::EscapeLine(detail, kMaxDetail)});
  }

  // Once for each code and artifact.
  void CannotRead(std::string_view code, std::uint32_t artifact, std::string_view reason) {
    // Policy may tell codes apart: the first of each is always kept.
    if (tree_.unreadable.size() >= kMaxReports && !FirstOf(code)) return;
    const auto key = std::make_pair(std::string(code), artifact);
    if (!seen_unreadable_.insert(key).second) return;
    codes_.insert(key.first);
    tree_.unreadable.push_back(
        Unreadable{std::string(code), artifact, base::EscapeLine(reason, kMaxDetail), 1});
  }

 private:
  static constexpr std::size_t kMaxReports = 2'000;  // stops reports from filling the result frame
  static constexpr std::size_t kMaxDetail = 197;     // EscapeLine adds "..."
  static constexpr std::size_t kMaxNameInPath = 200;
  static constexpr std::size_t kMaxPath = 800;

  bool FirstOf(std::string_view code) const { return codes_.count(std::string(code)) == 0; }

  void Raise(std::string_view code, DifferenceLevel level, std::uint32_t artifact) {
    if (level != DifferenceLevel::kAmbiguous) return;
    for (Difference& difference : tree_.differences) {
      if (difference.artifact == artifact && difference.code == code) difference.level = level;
    }
  }

  ArtifactTree tree_;
  std::size_t decoded_left_;
  std::set<std::string> codes_;  // that were reported
  std::set<std::pair<std::string, std::uint32_t>> seen_differences_;
  std::set<std::pair<std::string, std::uint32_t>> seen_unreadable_;
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MODEL_TREE_BUILDER_H_
