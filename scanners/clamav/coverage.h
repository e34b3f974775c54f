// Which of our own objects libclamav has looked at. Each layer it shows is compared with the
// objects by size and bytes. Only the unnamed inline text of the mail is compared ignoring white
// space, because libclamav drops CR, joins empty lines and adds a newline; a file rewritten like
// that escapes every hash signature. What stays uncovered goes into the canonical message.
#ifndef LAZARET_SCANNERS_CLAMAV_COVERAGE_H_
#define LAZARET_SCANNERS_CLAMAV_COVERAGE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "mail/model/artifact.h"
#include "scanners/clamav/scan_call.h"

namespace lazaret::scanners {

// libclamav shows no layer for less: such an object cannot hold anything it could match.
inline constexpr std::size_t kMinObjectBytes = 6;

// Something to look at: an artifact as it is, or our rendition of it.
struct ScanItem {
  std::uint32_t artifact = 0;
  std::string_view content;
};

class Coverage {
 public:
  // The leaves of the tree with content of at least kMinObjectBytes. `tree` must outlive this.
  explicit Coverage(const mail::ArtifactTree& tree);

  // A layer of libclamav, looked at as `how` says. Gives the artifact it equals, if any. Costs a
  // hash of the layer where many objects have its size, so that a thousand almost equal ones do not
  // cost a million compares.
  enum class How { kNormal, kHtmlAsBytes };
  std::optional<std::uint32_t> See(const Layer& layer, How how = How::kNormal);

  // One more object: other bytes for the same artifact. They live as long as this.
  void AddRendition(std::uint32_t artifact, std::string content);

  // Not seen yet, in tree order, renditions last. Views stay valid as long as this.
  std::vector<ScanItem> Uncovered() const;
  // Files of which libclamav saw the normalised HTML and not the bytes.
  std::vector<ScanItem> HtmlFiles() const;
  // Artifacts that libclamav has taken for HTML.
  std::unordered_set<std::uint32_t> SeenAsHtml() const;

 private:
  struct Object {
    std::uint32_t artifact = 0;
    std::string_view content;
    bool text = false;  // compared ignoring white space
    bool covered = false;
    bool as_html = false;
    bool as_bytes = false;  // in spite of being HTML
    bool rendition = false;
    std::size_t dense_size = 0;               // bytes that are no white space
    std::optional<base::Sha256Digest> dense;  // of them, once asked for
  };
  // Objects with equal bytes.
  struct Group {
    std::string_view content;
    base::Sha256Digest sha256{};
    std::vector<std::size_t> objects;
  };
  void Add(Object object, const base::Sha256Digest& sha256);
  void Cover(Object& object, const Layer& layer, How how);
  const Group* Find(std::string_view bytes) const;
  std::optional<std::uint32_t> SeeExact(const Layer& layer, How how);
  std::optional<std::uint32_t> SeeText(const Layer& layer, How how);

  std::vector<Object> objects_;
  std::deque<Group> groups_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> groups_by_size_;
  std::unordered_map<std::size_t, std::vector<std::size_t>> texts_by_dense_size_;
  std::deque<std::string> renditions_;
  std::size_t largest_text_ = 0;
  std::size_t texts_left_ = 0;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_COVERAGE_H_
