// Whole files inside an OLE2 compound file: packages (MS-OLEDS 2.3.6, "\1Ole10Native"), embedded
// OOXML ("Package"), and the attachments and bodies of an Outlook message (MS-OXMSG 2.2). Pure.
#ifndef LAZARET_MAIL_UNPACK_OLE_FILES_H_
#define LAZARET_MAIL_UNPACK_OLE_FILES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "mail/filetype/ole_file.h"

namespace lazaret::mail {

struct OleContent {
  std::vector<std::string> names;  // valid UTF-8, best first; none for bodies
  std::string bytes;
  bool cut = false;  // `most` was reached, or the stream is shorter than it says
};

// A stream that holds a file, and the streams beside it that hold its names, as indices of
// entries().
struct OleFileStream {
  std::size_t content = 0;
  std::vector<std::size_t> names;
};
std::vector<OleFileStream> OleFileStreams(const OleFile& file);

// One of those, at most `most` bytes of it.
OleContent ReadOleContent(const OleFile& file, const OleFileStream& stream, std::size_t most);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_OLE_FILES_H_
