// Spellings of one extension: mail programs write "photo.jpg" and "photo.jpeg" for one file.
#ifndef LAZARET_MAIL_FILETYPE_EQUAL_EXTENSIONS_H_
#define LAZARET_MAIL_FILETYPE_EQUAL_EXTENSIONS_H_

#include <string_view>

namespace lazaret::mail {

// Without dot, lower case. True for equal ones and for spellings of one harmless type; a dangerous
// extension has no second spelling here.
bool EqualExtensions(std::string_view a, std::string_view b);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_EQUAL_EXTENSIONS_H_
