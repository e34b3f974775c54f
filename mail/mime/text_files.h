// Files that stand inside a text: uuencode and its base64 form (POSIX, utility uuencode), yEnc 1.3.
#ifndef LAZARET_MAIL_MIME_TEXT_FILES_H_
#define LAZARET_MAIL_MIME_TEXT_FILES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mail/mime/transfer.h"

namespace lazaret::mail {

enum class TextFileForm { kUuencode, kBase64, kYenc };

struct TextFile {
  TextFileForm form = TextFileForm::kUuencode;
  std::size_t begin = 0;  // offset of the line it begins with
  std::size_t end = 0;
  std::string name;  // bytes as sent, at most 255
  Decoded content;
};

// The first one at or behind `from`: "begin MODE NAME", "begin-base64 MODE NAME" or "=ybegin ...
// name=NAME" and at least one byte of content. max_bytes bounds the content. Linear.
std::optional<TextFile> FindTextFile(std::string_view text, std::size_t from,
                                     std::size_t max_bytes);

// "x-uuencode" or "x-yencode": the transfer encoding that an artifact of this form shows.
std::string_view EncodingName(TextFileForm form);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_TEXT_FILES_H_
