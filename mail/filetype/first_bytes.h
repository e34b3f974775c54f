// The first look at binary content: own table of what is common or dangerous. Pure; never guesses
// text.
#ifndef LAZARET_MAIL_FILETYPE_FIRST_BYTES_H_
#define LAZARET_MAIL_FILETYPE_FIRST_BYTES_H_

#include <string_view>

namespace lazaret::mail {

// A MIME type, or empty when the table does not know. ZIP and OLE2 come back as such: what they
// hold is found in containers.h.
std::string_view TypeByFirstBytes(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_FIRST_BYTES_H_
