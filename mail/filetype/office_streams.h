// What the main streams of old office files say about themselves: a password, Excel 4.0 macro
// sheets. MS-XLS 2.4.117 (FilePass), 2.4.28 (BoundSheet8); MS-DOC 2.5.2 (FibBase); MS-PPT 2.3.2
// (CurrentUserAtom). Pure.
#ifndef LAZARET_MAIL_FILETYPE_OFFICE_STREAMS_H_
#define LAZARET_MAIL_FILETYPE_OFFICE_STREAMS_H_

#include <string_view>

#include "mail/filetype/ole_file.h"

namespace lazaret::mail {

struct OfficeLook {
  bool encrypted = false;
  bool macro_sheet = false;
};

// All workbooks, documents and presentations in the file, embedded ones too.
OfficeLook LookIntoOffice(const OleFile& file);

// The beginning of a workbook: a stream, or a whole file of Excel 2 to 4.
OfficeLook LookIntoWorkbook(std::string_view head);

// Excel opens a bare workbook stream under any of its extensions.
bool LooksLikeWorkbook(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_OFFICE_STREAMS_H_
