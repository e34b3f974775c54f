// Text in any charset a mail may name, made into UTF-8 by ICU. Only ICU converts in this project:
// iconv loads modules from disk and goes blind in a confined process. Labels are read as mail
// programs read them: the WHATWG supersets (gb2312 is decoded as gb18030, iso-8859-1 as
// windows-1252, ...). Thread-safe after PreloadCharsets.
#ifndef LAZARET_BASE_UNICODE_CHARSET_H_
#define LAZARET_BASE_UNICODE_CHARSET_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lazaret::base {

struct DecodedText {
  std::string utf8;
  bool ill_formed = false;  // some bytes do not belong to the charset and became U+FFFD
};

// The name under which ICU knows the charset, superset applied; nullopt for an unknown label.
std::optional<std::string> CharsetConverterName(std::string_view label);

// nullopt only for an unknown label. Linear time.
std::optional<DecodedText> DecodeCharset(std::string_view bytes, std::string_view label);

struct CharsetGuess {
  std::string charset;  // a label that DecodeCharset takes
  int confidence = 0;   // 0 to 100
};

// ICU's detector over at most the first 64 KiB, best first, at most `max` guesses.
std::vector<CharsetGuess> GuessCharsets(std::string_view bytes, std::size_t max);

// Text of unknown charset, best reading: UTF-8 when it is valid, else the best guess, else
// windows-1252.
std::string DecodeUnlabelled(std::string_view bytes);

// Once per process, before confinement: opens every converter of ICU's table and keeps them.
Status PreloadCharsets();

}  // namespace lazaret::base

#endif  // LAZARET_BASE_UNICODE_CHARSET_H_
