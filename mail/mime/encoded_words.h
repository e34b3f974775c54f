// Encoded words in header text (RFC 2047), read as mail programs read them: adjacent words join
// before conversion (a character or number may be split between them), blanks between two words
// vanish, words may stand inside quotes or touch other text. Charsets by ICU.
#ifndef LAZARET_MAIL_MIME_ENCODED_WORDS_H_
#define LAZARET_MAIL_MIME_ENCODED_WORDS_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

struct DecodedWords {
  std::string text;              // valid UTF-8
  bool unknown_charset = false;  // some word names a charset nobody knows: its bytes are kept
  bool ill_formed = false;       // some word's bytes do not belong to its charset
};

// `unfolded` is a field value without line ends; bytes outside words that are no UTF-8 are guessed.
// Linear time.
DecodedWords DecodeWords(std::string_view unfolded);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_ENCODED_WORDS_H_
