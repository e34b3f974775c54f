// Inside mail/mime: one pass that turns texts into artifacts. Its steps lie in mime_pass.cc
// (messages and multiparts), mime_views.cc (other readings of a multipart), mime_leaf.cc (leaves
// and files inside text) and mime_found.cc (messages that nobody declared). One thread.
#ifndef LAZARET_MAIL_MIME_MIME_PASS_H_
#define LAZARET_MAIL_MIME_MIME_PASS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mail/mime/entity.h"
#include "mail/mime/lint.h"
#include "mail/mime/mime_reader.h"
#include "mail/mime/source.h"
#include "mail/mime/text_files.h"
#include "mail/mime/transfer.h"
#include "mail/model/tree_builder.h"

namespace lazaret::mail {

class MimePass {
 public:
  MimePass(TreeBuilder& tree, const MimeLimits& limits, base::Deadline deadline)
      : tree_(tree), limits_(limits), deadline_(deadline) {}

  // The mail itself, into an empty builder.
  void ReadRoot();
  // What ReadEmbeddedText says.
  void ReadFound(std::uint32_t id);
  bool expired() const { return expired_; }

 private:
  // Messages and multiparts. `id` is the message artifact whose text is source.bytes.
  void ReadSource(Source& source, std::uint32_t id);
  // Finds the delimiters; gives the end of what may be read. A limit on the way is reported at
  // `id`.
  std::size_t PrescanSource(Source& source, std::uint32_t id);
  void ReadMessageText(const Source& source, const StructureNode& top, const Region& region,
                       std::uint32_t id);
  void KeepHeaders(const Source& source, const HeaderBlock& header);
  std::string DecodeField(const RawField& field, bool& unknown_charset);
  void KeepSideTexts(const Source& source, const HeaderBlock& header, std::uint32_t id);
  void ReadEntityInto(const Source& source, const StructureNode& node, const Region& region,
                      std::uint32_t parent, std::size_t ordinal);
  void Describe(const Source& source, const Entity& entity, Artifact& artifact,
                std::size_t ordinal);
  void ReadChildren(const Source& source, const StructureNode& node, const Entity& entity,
                    const Region& region, std::uint32_t id);
  void ReadUnsplit(const Source& source, std::size_t begin, std::size_t end, std::uint32_t id);
  bool BoundaryInUse(std::string_view boundary);
  void KeepUnseenText(const Source& source, const std::vector<DelimiterLine>& own,
                      const Region& body, std::uint32_t id);
  void ReadEmbedded(const Source& source, const StructureNode& node, const Region& region,
                    std::uint32_t id);

  // Other readings of the multipart `id`.
  void ReadOtherViews(const Source& source, const StructureNode& node, const Entity& entity,
                      const Region& body, std::uint32_t id);
  void ReadView(const Source& around, std::string_view text, std::string_view boundary,
                std::uint32_t id);
  void ReadFlat(const Source& source, std::string_view boundary, const Region& body,
                std::uint32_t id);
  std::size_t CountChildren(std::uint32_t id);

  // Leaves.
  void ReadLeaf(const Source& source, const StructureNode& node, const Entity& entity,
                std::uint32_t id);
  void DecodeLeaf(const Source& source, const std::string& encoding, std::string_view raw,
                  std::size_t body, std::uint32_t id);
  bool DecodeUuencodedLeaf(std::string_view raw, Artifact& artifact);
  void NoteTruncation(const Decoded& decoded, Artifact& artifact);
  void ReadDecodedMessage(const Source& source, std::size_t body, std::uint32_t id);
  void ReadTextFiles(const Source& source, std::size_t body, std::uint32_t id);
  void AddTextFile(const Source& source, std::size_t body, std::uint32_t id, TextFile file,
                   std::size_t ordinal);

  // Messages that nobody declared, in the content of the leaf `id`.
  void ReadFoundMessage(std::string_view text, std::uint32_t id, std::size_t ordinal);
  void ReadMbox(std::string_view text, std::uint32_t id);

  // True when no further artifact may be made: time or number is used up.
  bool StopNow(std::uint32_t id);
  bool TooDeep(std::uint32_t id);
  LintTarget Target(const Source& source, std::uint32_t id) {
    return LintTarget{tree_,       id, source.bytes, source.in_message, source.outer_offset,
                      source.found};
  }

  // A multipart that is being read; those around it come before it, through embedded messages too.
  struct OpenMultipart {
    std::string_view boundary;
    bool used_again = false;  // by a multipart below it
  };

  TreeBuilder& tree_;
  const MimeLimits& limits_;
  base::Deadline deadline_;
  std::vector<OpenMultipart> open_;
  std::size_t decoded_fields_ = 0;
  std::uint64_t steps_ = 0;
  bool expired_ = false;
};

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_MIME_PASS_H_
