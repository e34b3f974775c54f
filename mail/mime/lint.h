// Raw-byte checks of what the MIME library says nothing about: each shape that two readers may see
// differently becomes a Difference "mime.*" (docs/findings.md lists them). Harmless rarities
// (8-bit header text, missing MIME-Version, long lines, folds, comments) stay silent.
#ifndef LAZARET_MAIL_MIME_LINT_H_
#define LAZARET_MAIL_MIME_LINT_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "mail/mime/delimiters.h"
#include "mail/mime/entity.h"
#include "mail/mime/names.h"
#include "mail/mime/transfer.h"
#include "mail/model/tree_builder.h"

namespace lazaret::mail {

// Where differences go and how offsets in `bytes` become offsets in the message.
struct LintTarget {
  TreeBuilder& tree;
  std::uint32_t artifact = 0;
  std::string_view bytes;
  bool in_message = true;        // false: bytes were decoded from a part
  std::size_t outer_offset = 0;  // then every report points there
  bool silent = false;           // nothing is reported
  void Report(std::string_view code, DifferenceLevel level, std::size_t offset,
              std::string_view detail) const {
    if (!silent) tree.Differ(code, level, artifact, in_message ? offset : outer_offset, detail);
  }
};

// `message_header`: the entity is a message's top, so From, Subject and the like count.
void LintHeader(const LintTarget& target, const Entity& entity, bool message_header);
void LintNames(const LintTarget& target, const Entity& entity, const ClaimedNames& names);

// The multipart's body is [header.body, end); delimiters are those of the pre-scan.
struct MultipartView {
  const Entity& entity;
  std::size_t end = 0;
  const std::vector<DelimiterLine>& delimiters;
  std::string_view boundary;     // the one view 0 used
  bool boundary_in_use = false;  // by a multipart around
  std::size_t children = 0;
};
void LintMultipart(const LintTarget& target, const MultipartView& view);

// A leaf: the encoding's name and what decoding found. `body` is the offset of the encoded text.
void LintEncoding(const LintTarget& target, const Entity& entity, std::string_view raw);
void LintDecoded(const LintTarget& target, std::string_view encoding, const Decoded& decoded,
                 std::size_t body);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_LINT_H_
