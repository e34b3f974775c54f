#include "mail/mime/encoded_words.h"

#include <optional>

#include "base/text.h"
#include "base/unicode/charset.h"
#include "mail/mime/transfer.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxCharset = 80;  // longer is no encoded word; bounds the look-ahead

struct Word {
  std::string charset;  // lower case, language tag removed
  std::string bytes;
  std::size_t end = 0;  // offset behind "?="
};

// Ends of "?=" are searched once from left to right: `no_end_before` keeps the scan linear.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  std::optional<Word> ReadAt(std::size_t at) {
    const std::size_t charset_end = text_.find('?', at + 2);
    if (charset_end == std::string_view::npos || charset_end - at - 2 > kMaxCharset)
      return std::nullopt;
    if (charset_end + 2 >= text_.size() || text_[charset_end + 2] != '?') return std::nullopt;
    const char encoding = text_[charset_end + 1];
    const bool base64 = encoding == 'B' || encoding == 'b';
    if (!base64 && encoding != 'Q' && encoding != 'q') return std::nullopt;
    const std::size_t body = charset_end + 3;
    if (body < no_end_from_) {
      const std::size_t end = text_.find("?=", body);
      if (end == std::string_view::npos) {
        no_end_from_ = body;
        return std::nullopt;
      }
      return Build(at, charset_end, end, base64);
    }
    return std::nullopt;
  }

 private:
  Word Build(std::size_t at, std::size_t charset_end, std::size_t end, bool base64) const {
    Word word;
    std::string_view charset = text_.substr(at + 2, charset_end - at - 2);
    charset = charset.substr(0, charset.find('*'));
    word.charset = base::AsciiLower(charset);
    const std::string_view body = text_.substr(charset_end + 3, end - charset_end - 3);
    word.bytes = base64 ? DecodeBase64(body, body.size()).bytes : DecodeQ(body);
    word.end = end + 2;
    return word;
  }

  std::string_view text_;
  std::size_t no_end_from_ = std::string_view::npos;
};

class Output {
 public:
  void Literal(std::string_view bytes) {
    Flush();
    result_.text += base::IsValidUtf8(bytes) ? std::string(bytes) : base::DecodeUnlabelled(bytes);
  }

  void Append(Word word) {
    if (!pending_.bytes.empty() && pending_.charset != word.charset) Flush();
    pending_.charset = std::move(word.charset);
    pending_.bytes += word.bytes;
  }

  DecodedWords Take() {
    Flush();
    return std::move(result_);
  }

 private:
  void Flush() {
    if (pending_.bytes.empty()) return;
    auto decoded = base::DecodeCharset(pending_.bytes, pending_.charset);
    if (!decoded) {
      result_.unknown_charset = true;
      result_.text += base::DecodeUnlabelled(pending_.bytes);
    } else {
      // An ASCII label on UTF-8 bytes is common; mail programs show the UTF-8.
      const bool ascii = pending_.charset == "us-ascii" && base::IsValidUtf8(pending_.bytes);
      result_.ill_formed |= decoded->ill_formed;
      result_.text += ascii ? pending_.bytes : decoded->utf8;
    }
    pending_ = Word{};
  }

  DecodedWords result_;
  Word pending_;
};

}  // namespace

DecodedWords DecodeWords(std::string_view unfolded) {
  Output out;
  WordReader reader(unfolded);
  std::size_t literal = 0;
  std::size_t at = unfolded.find("=?");
  bool after_word = false;
  while (at != std::string_view::npos) {
    auto word = reader.ReadAt(at);
    if (!word) {
      at = unfolded.find("=?", at + 2);
      continue;
    }
    const std::string_view between = unfolded.substr(literal, at - literal);
    const bool blank = between.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (!between.empty() && !(after_word && blank)) out.Literal(between);
    literal = word->end;
    at = unfolded.find("=?", word->end);
    out.Append(std::move(*word));
    after_word = true;
  }
  if (literal < unfolded.size()) out.Literal(unfolded.substr(literal));
  return out.Take();
}

}  // namespace lazaret::mail
