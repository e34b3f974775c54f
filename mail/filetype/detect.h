// The type of content, by content alone: own first-bytes table, own text heuristics, and libmagic
// only for binaries that the table does not know (it costs milliseconds on text and is vague
// there).
#ifndef LAZARET_MAIL_FILETYPE_DETECT_H_
#define LAZARET_MAIL_FILETYPE_DETECT_H_

#include <string>
#include <string_view>

#include "base/result.h"

namespace lazaret::mail {

struct Detection {
  std::string type;  // lower case; empty for empty content, "application/octet-stream" when unknown
  bool text = false;       // text of some kind
  bool encrypted = false;  // a document that cannot be opened
};

// ZIP comes back as application/zip: ask containers.h once the members are known.
Detection DetectType(std::string_view content);

// Once per process, before confinement: libmagic's database and the shared-mime-info tables.
base::Status PreloadFileTypes();

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_DETECT_H_
