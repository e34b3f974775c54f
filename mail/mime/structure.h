// View 0: the structure of a message as GMime sees it, with exact byte offsets. The only place with
// GMime. Its text, subject and parameter getters are not used: they convert by iconv.
#ifndef LAZARET_MAIL_MIME_STRUCTURE_H_
#define LAZARET_MAIL_MIME_STRUCTURE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

enum class NodeKind { kLeaf, kMultipart, kMessage };

// Offsets are bytes in the parsed text.
struct StructureNode {
  NodeKind kind = NodeKind::kLeaf;
  std::optional<std::size_t> first_header;  // of this entity's first field, when it has one
  std::size_t body_begin = 0;               // leaves only
  std::size_t body_end = 0;
  std::string boundary;                 // multiparts
  std::vector<StructureNode> children;  // kMessage: one, the message's own top entity
  bool too_deep = false;                // children below max_depth were left out
};

// Never fails on bad mail; nullopt when GMime gives nothing (an empty text). Nothing beyond
// max_depth is descended. Bounded by the caller's pre-scan.
std::optional<StructureNode> ParseStructure(std::string_view bytes, int max_depth);

// Once per process, before confinement.
void PreloadStructure();

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_STRUCTURE_H_
