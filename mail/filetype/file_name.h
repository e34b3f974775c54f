// A claimed file name as the recipient's system would take it: which extension counts, and which
// tricks the name plays. Pure.
#ifndef LAZARET_MAIL_FILETYPE_FILE_NAME_H_
#define LAZARET_MAIL_FILETYPE_FILE_NAME_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

struct FileName {
  std::string extension;  // that counts: lower case, trailing dots, blanks and "::$DATA" removed
  std::string inner;      // the one before it ("pdf" in "a.pdf.exe"), blanks removed; may be empty
  bool trailing_junk = false;  // dots or blanks behind the extension
  bool padded = false;         // a run of blanks before the last extension pushes it out of sight
  bool reordering = false;     // bidi embedding, override or isolate
  bool invisible = false;      // zero-width or mark characters that show nothing
  bool control = false;        // C0 controls or NUL
};

// `name` is valid UTF-8; folders in front are ignored.
FileName ParseFileName(std::string_view name);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_FILE_NAME_H_
