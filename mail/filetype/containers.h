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
};
ZipKind ClassifyZip(const std::vector<ContainerMember>& members);

// By the stream names in an OLE2 compound file.
struct OleKind {
  std::string type;        // "application/x-ole-storage" when nothing more is known
  bool encrypted = false;  // an encrypted OOXML package
};
OleKind ClassifyOle(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_CONTAINERS_H_
