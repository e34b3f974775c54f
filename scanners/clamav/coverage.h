// Which of our own objects libclamav has looked at. Each layer it shows is compared with the
// objects by size and bytes. Only the unnamed inline text of the mail is compared ignoring white
// space, because libclamav drops CR, joins empty lines and adds a newline; a file rewritten like
// that escapes every hash signature. What stays uncovered goes into the canonical message.
#ifndef LAZARET_SCANNERS_CLAMAV_COVERAGE_H_
#define LAZARET_SCANNERS_CLAMAV_COVERAGE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mail/model/artifact.h"

namespace lazaret::scanners {

// libclamav shows no layer for less: such an object cannot hold anything it could match.
inline constexpr std::size_t kMinObjectBytes = 6;

class Coverage {
 public:
  // The leaves of the tree with content of at least kMinObjectBytes. `tree` must outlive this.
  explicit Coverage(const mail::ArtifactTree& tree);

  // A layer of libclamav. Gives the artifact it equals, if any.
  std::optional<std::uint32_t> See(std::string_view layer);

  // Artifacts not seen yet, in tree order.
  std::vector<std::uint32_t> Uncovered() const;

 private:
  struct Object {
    std::uint32_t artifact = 0;
    std::string_view content;
    bool text = false;  // compared ignoring white space
    bool covered = false;
    std::size_t dense_size = 0;  // bytes that are no white space
  };
  std::optional<std::uint32_t> SeeExact(std::string_view layer);
  std::optional<std::uint32_t> SeeText(std::string_view layer);

  std::vector<Object> objects_;
  std::unordered_multimap<std::size_t, std::size_t> by_size_;
  std::unordered_multimap<std::size_t, std::size_t> text_by_dense_size_;
  std::size_t largest_text_ = 0;
  std::size_t texts_left_ = 0;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CLAMAV_COVERAGE_H_
