// What a ZIP or OLE2 container really is. Pure.
#ifndef LAZARET_MAIL_FILETYPE_CONTAINERS_H_
#define LAZARET_MAIL_FILETYPE_CONTAINERS_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct ContainerMember {
  std::string_view name;
  std::string_view content;  // may be empty
};

// OOXML (macro-enabled when a vbaProject.bin member or content type says so), ODF, EPUB, jar, apk,
// or "application/zip". `document` tells that members are parts of one document, not files.
struct ZipKind {
  std::string type;
  bool document = false;
  bool encrypted = false;  // an OpenDocument package with a password (ODF 1.3 part 2, 3.4)
};
ZipKind ClassifyZip(const std::vector<ContainerMember>& members);

// By class, stream names and stream heads of an OLE2 compound file.
struct OleKind {
  std::string type;        // "application/x-ole-storage" when nothing more is known
  bool encrypted = false;  // an encrypted OOXML package, or an old format with a password
};
OleKind ClassifyOle(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_CONTAINERS_H_
