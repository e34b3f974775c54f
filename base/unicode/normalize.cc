#include "base/unicode/normalize.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>

#include "base/result.h"
#include "base/text.h"

namespace lazaret::base {
namespace {

bool IsDeleted(char32_t c) {
  return c == 0x00AD || c == 0x034F || c == 0x061C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
         (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF || (c >= 0xE0000 && c <= 0xE01EF);
}

bool IsDash(char32_t c) {
  return (c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFE58 || c == 0xFE63 || c == 0xFF0D;
}

// What one code point becomes before NFKC is asked; the same code point when nothing applies.
char32_t Replace(char32_t c) {
  if (c < 0x80) return c;
  if (IsDash(c)) return U'-';
  if (c == 0x85 || c == 0x2028 || c == 0x2029) return U'\n';
  if (u_charType(static_cast<UChar32>(c)) == U_SPACE_SEPARATOR) return U' ';
  const std::int32_t digit = u_charDigitValue(static_cast<UChar32>(c));
  return digit >= 0 ? U'0' + static_cast<char32_t>(digit) : c;
}

const icu::Normalizer2& Nfkc() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* found = icu::Normalizer2::getNFKCInstance(status);
    LAZARET_CHECK(U_SUCCESS(status) && found != nullptr);
    return found;
  }();
  return *instance;
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

// Walks the input once; a run is one base character with what may compose with it.
class Normalizer {
 public:
  explicit Normalizer(std::string_view input) : input_(input) { out_.text_.reserve(input.size()); }

  NormalizedText Run() {
    std::size_t at = 0;
    while (at < input_.size())
      at = static_cast<unsigned char>(input_[at]) < 0x80 ? Ascii(at) : Other(at);
    FlushRun();
    out_.input_ = input_;
    out_.identity_ = false;
    return std::move(out_);
  }

 private:
  // ASCII is inert in NFKC but may be the base of a following combining mark: keep the last byte
  // open.
  std::size_t Ascii(std::size_t at) {
    FlushRun();
    std::size_t end = at;
    while (end < input_.size() && static_cast<unsigned char>(input_[end]) < 0x80) ++end;
    const bool open_last = end < input_.size();
    const std::size_t copied = end - at - (open_last ? 1 : 0);
    Copy(at, copied);
    if (open_last)
      Open(end - 1, end, static_cast<char32_t>(static_cast<unsigned char>(input_[end - 1])));
    return end;
  }

  std::size_t Other(std::size_t at) {
    std::size_t end = at;
    const char32_t c = NextCodePoint(input_, end);
    if (IsDeleted(c)) return end;
    if (!run_.isEmpty() && run_points_ < kMaxNormalizationRun &&
        !Nfkc().hasBoundaryBefore(static_cast<UChar32>(c))) {
      run_.append(static_cast<UChar32>(c));
      run_end_ = end;
      ++run_points_;
      return end;
    }
    FlushRun();
    Open(at, end, Replace(c));
    return end;
  }

  void Open(std::size_t begin, std::size_t end, char32_t c) {
    run_.remove();
    run_.append(static_cast<UChar32>(c));
    run_begin_ = begin;
    run_end_ = end;
    run_points_ = 1;
  }

  void FlushRun() {
    if (run_.isEmpty()) return;
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeString normal;
    Nfkc().normalize(run_, normal, status);
    std::string bytes;
    if (U_SUCCESS(status)) AppendFolded(normal, bytes);
    run_.remove();
    const std::string_view original = input_.substr(run_begin_, run_end_ - run_begin_);
    if (bytes == original) {
      Copy(run_begin_, original.size());
      return;
    }
    if (bytes.empty()) return;
    out_.pieces_.push_back({out_.text_.size(), bytes.size(), run_begin_, original.size(), false});
    out_.text_ += bytes;
  }

  // NFKC may give a space, dash or digit of its own (U+FE58, U+2474).
  static void AppendFolded(const icu::UnicodeString& normal, std::string& bytes) {
    for (std::int32_t i = 0; i < normal.length(); i = normal.moveIndex32(i, 1)) {
      const auto c = static_cast<char32_t>(normal.char32At(i));
      if (!IsDeleted(c)) AppendUtf8(bytes, Replace(c));
    }
  }

  void Copy(std::size_t begin, std::size_t size) {
    if (size == 0) return;
    const std::size_t at = out_.text_.size();
    out_.text_.append(input_.substr(begin, size));
    if (!out_.pieces_.empty()) {
      auto& last = out_.pieces_.back();
      if (last.linear && last.original + last.size == begin) {
        last.size += size;
        last.original_size += size;
        return;
      }
    }
    out_.pieces_.push_back({at, size, begin, size, true});
  }

  std::string_view input_;
  NormalizedText out_;
  icu::UnicodeString run_;
  std::size_t run_begin_ = 0;
  std::size_t run_end_ = 0;
  std::size_t run_points_ = 0;
};

const NormalizedText::Piece* NormalizedText::PieceAt(std::size_t offset) const {
  auto next =
      std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                       [](std::size_t value, const Piece& piece) { return value < piece.begin; });
  return next == pieces_.begin() ? nullptr : &*std::prev(next);
}

std::size_t NormalizedText::OriginalBegin(std::size_t offset) const {
  if (identity_) return std::min(offset, input_.size());
  if (offset >= text_.size()) return input_.size();
  const Piece* piece = PieceAt(offset);
  if (piece == nullptr) return 0;
  return piece->linear ? piece->original + (offset - piece->begin) : piece->original;
}

std::size_t NormalizedText::OriginalEnd(std::size_t offset) const {
  if (identity_) return std::min(offset, input_.size());
  if (offset == 0) return 0;
  const std::size_t last = std::min(offset, text_.size()) - 1;
  const Piece* piece = PieceAt(last);
  if (piece == nullptr) return 0;
  return piece->linear ? piece->original + (last - piece->begin) + 1
                       : piece->original + piece->original_size;
}

NormalizedText NormalizeForDetection(std::string_view utf8) {
  if (!IsAscii(utf8)) return Normalizer(utf8).Run();
  NormalizedText out;
  out.input_ = utf8;
  return out;
}

bool IsCjk(char32_t c) {
  if (c < 0x1100) return false;
  return (c <= 0x11FF) || (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xA960 && c <= 0xA97F) ||
         (c >= 0xAC00 && c <= 0xD7FF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFFEF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

bool IsSpacedWordCharacter(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
  if (IsCjk(c) || u_isalnum(static_cast<UChar32>(c)) == 0) return false;
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &status);
  return script != USCRIPT_THAI && script != USCRIPT_LAO && script != USCRIPT_KHMER &&
         script != USCRIPT_MYANMAR;
}

std::string SimpleLower(std::string_view utf8) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    AppendUtf8(out,
               static_cast<char32_t>(u_tolower(static_cast<UChar32>(NextCodePoint(utf8, at)))));
  }
  return out;
}

std::string SimpleUpper(std::string_view utf8) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    AppendUtf8(out,
               static_cast<char32_t>(u_toupper(static_cast<UChar32>(NextCodePoint(utf8, at)))));
  }
  return out;
}

}  // namespace lazaret::base
