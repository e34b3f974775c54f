#include "mail/reader.h"

#include "base/unicode/charset.h"
#include "mail/mime/mime_reader.h"
#include "mail/mime/structure.h"
#include "mail/model/tree_builder.h"

namespace lazaret::mail {

base::Result<ArtifactTree> ReadMessage(std::string_view message, const ReadLimits& limits,
                                       base::Deadline deadline) {
  TreeBuilder tree(message, limits.max_decoded_bytes);
  const MimeLimits mime{limits.max_header_fields, limits.max_header_bytes, limits.max_parts,
                        limits.max_depth};
  LAZARET_TRY(ReadMime(tree, mime, deadline));
  return tree.Take();
}

base::Status PreloadReaders() {
  LAZARET_TRY(base::PreloadCharsets());
  PreloadStructure();
  return base::Ok();
}

}  // namespace lazaret::mail
