// The form of text that detectors and rules look at, with a way back to the original bytes.
// Unicode: NFKC (UAX #15) cut at normalisation boundaries; any decimal digit (Nd) becomes ASCII;
// format characters that a reader does not see are deleted (zero width, bidi controls, soft hyphen,
// variation selectors, tag block); dashes become '-', spaces U+0020, line separators '\n'; CR, LF
// and TAB stay. ICU is used behind this header only. Thread-safe.
#ifndef LAZARET_BASE_UNICODE_NORMALIZE_H_
#define LAZARET_BASE_UNICODE_NORMALIZE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::base {

// Combining marks after one base character beyond this many are normalised in pieces: canonical
// ordering is quadratic in their number, so that a flood of marks would stall a worker.
inline constexpr std::size_t kMaxNormalizationRun = 32;

// The text and its offset map. Refers to the input when that was plain ASCII without control
// characters to change: the input must outlive it.
class NormalizedText {
 public:
  NormalizedText() = default;
  NormalizedText(NormalizedText&&) = default;
  NormalizedText& operator=(NormalizedText&&) = default;
  NormalizedText(const NormalizedText&) = delete;
  NormalizedText& operator=(const NormalizedText&) = delete;

  std::string_view view() const { return identity_ ? input_ : std::string_view(text_); }
  bool identity() const { return identity_; }

  // Offset in the input of the first byte that became the byte at `offset` of view().
  std::size_t OriginalBegin(std::size_t offset) const;
  // Offset in the input just behind the last byte that became the byte before `offset` of view().
  std::size_t OriginalEnd(std::size_t offset) const;

 private:
  friend NormalizedText NormalizeForDetection(std::string_view utf8);
  friend class Normalizer;

  // `size` bytes at `begin` of text_ came from `original_size` bytes at `original` of the input;
  // byte for byte when `linear`.
  struct Piece {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::size_t original = 0;
    std::size_t original_size = 0;
    bool linear = false;
  };
  const Piece* PieceAt(std::size_t offset) const;

  std::string_view input_;
  std::string text_;
  std::vector<Piece> pieces_;
  bool identity_ = true;
};

// Ill-formed bytes become U+FFFD; never fails.
NormalizedText NormalizeForDetection(std::string_view utf8);

// A letter or digit of a script that divides words by spaces: not Han, Kana, Hangul, Thai and the
// like.
bool IsSpacedWordCharacter(char32_t code_point);
// Han, Kana, Hangul, Bopomofo and CJK punctuation: one character carries about half a word.
bool IsCjk(char32_t code_point);
// Simple (one to one) case mappings of every code point; ill-formed bytes become U+FFFD.
std::string SimpleLower(std::string_view utf8);
std::string SimpleUpper(std::string_view utf8);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_UNICODE_NORMALIZE_H_
