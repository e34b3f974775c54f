#include "rules/detectors/number_scanner.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/text.h"
#include "base/unicode/normalize.h"

namespace lazaret::rules {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kBase64LineLength = 60;
constexpr std::ptrdiff_t kBase64Letters = 15;
constexpr std::size_t kMaxWrap = 32;         // blanks, line break, quote marks and indent
constexpr std::size_t kMinHexToken = 4;      // the shortest group of a UUID
constexpr std::size_t kHexTokenLength = 40;  // how far a neighbouring token is looked at

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool IsAsciiAlnum(char c) { return IsDigit(c) || IsAsciiLetter(c); }
bool IsSeparator(char c) { return c == ' ' || c == '-' || c == '.' || c == '/' || c == '_'; }

bool WordBefore(std::string_view text, std::size_t at) {
  if (at == 0) return false;
  std::size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80)
    --begin;
  return base::IsSpacedWordCharacter(base::NextCodePoint(text, begin));
}

bool WordAt(std::string_view text, std::size_t at) {
  return at < text.size() && base::IsSpacedWordCharacter(base::NextCodePoint(text, at));
}

// "a716-" in front of "446655440000": a token of hexadecimal digits with a letter among them. Words
// such as "inv2024" and "q3" are none.
bool IsHexToken(std::string_view token) {
  auto is_hex_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'f'; };
  return token.size() >= kMinHexToken && std::any_of(token.begin(), token.end(), is_hex_letter) &&
         std::any_of(token.begin(), token.end(), IsDigit) &&
         std::all_of(token.begin(), token.end(),
                     [&](char c) { return IsDigit(c) || is_hex_letter(c); });
}

std::size_t DigitsEnd(std::string_view text, std::size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// A short group in the middle of a row ("1 2 3 4 ..."): no number begins there, and trying each
// would make a text of single digits cost a hundred times its size.
bool IsShortAndInsideRow(std::string_view text, std::size_t begin, std::size_t end) {
  if (end - begin >= 4 || begin < 2) return false;
  if (IsSeparator(text[begin - 1]) && IsDigit(text[begin - 2])) return true;
  std::size_t at = begin;
  if (text[at - 1] == ' ') --at;
  if (!IsCellDivider(text[at - 1])) return false;
  --at;
  if (at > 0 && text[at - 1] == ' ') --at;
  return at > 0 && IsDigit(text[at - 1]);
}

std::size_t SkipBlanks(std::string_view text, std::size_t at, std::size_t most) {
  const std::size_t begin = at;
  while (at < text.size() && at - begin < most && text[at] == ' ') ++at;
  return at;
}

// Signs that nobody prints inside a number, but that forms, old programs and people who hide one
// put there.
constexpr std::array<std::string_view, 10> kOddSigns = {"+", ":", "*",      "\\",     "'",
                                                        "~", "=", "\u00B7", "\u2022", "%20"};

struct Gap {
  std::size_t next = kNone;  // where the next group begins
  char kind = 0;             // a separator, a divider of cells, or '\n' for a line break
};

Gap GapAfter(std::string_view text, std::size_t end) {
  std::size_t at = end;
  Gap gap;
  const std::size_t divider = SkipBlanks(text, end, 1);
  if (divider < text.size() && IsCellDivider(text[divider])) {
    gap.kind = text[divider];
    at = SkipBlanks(text, divider + 1, 1);
  } else {
    while (at < text.size() && at - end < 2 && IsSeparator(text[at])) {
      if (gap.kind == 0 || gap.kind == ' ') gap.kind = text[at];
      ++at;
    }
  }
  const std::size_t odd = gap.kind == 0 ? OddSignAt(text, at) : 0;
  if (odd != 0) {
    gap.kind = kOddDivider;
    at += odd;
  } else if (const std::size_t next_line = AfterLineBreak(text, at); next_line != kNone) {
    gap.kind = '\n';
    at = next_line;
  }
  if (gap.kind != 0 && at < text.size() && IsDigit(text[at])) gap.next = at;
  return gap;
}

bool EndsToken(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte >= 0x80 || c == '<' || c == '>' || c == '"' || c == '\'';
}

bool HoldsUrlMark(std::string_view token) {
  if (token.find("://") != std::string_view::npos) return true;
  for (std::size_t at = token.find('.'); at != std::string_view::npos;
       at = token.find('.', at + 1)) {
    if (at >= 3 && base::AsciiEqualNoCase(token.substr(at - 3, 3), "www")) return true;
  }
  return false;
}

// Eight bytes at once: is one of them a digit?
bool HoldsDigit(const char* bytes) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  word ^= kEach * '0';
  // Of digits alone neither this sum nor the byte itself has the high bit.
  const std::uint64_t others = ((word & (kEach * 0x7F)) + kEach * (0x80 - 10)) | word;
  return (~others & (kEach * 0x80)) != 0;
}

}  // namespace

std::size_t AfterLineBreak(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at, kMaxWrap);
  std::size_t size = std::min(rest.find_first_not_of(' '), rest.size());
  if (rest.substr(size, 1) == "\r") ++size;
  if (rest.substr(size, 1) == "\n") {
    ++size;
  } else if (size == 0 || rest[size - 1] != '\r') {
    return kNone;
  }
  const std::size_t behind = rest.find_first_not_of("> ", size);
  if (behind == kNone || rest[behind] == '\n' || rest[behind] == '\r') return kNone;
  return at + behind;
}

bool BeginsLine(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '>')) --at;
  return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r';
}

std::size_t OddSignAt(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] == ' ' || IsAsciiAlnum(text[at])) return 0;
  for (const std::string_view sign : kOddSigns) {
    if (text.substr(at, sign.size()) == sign) return sign.size();
  }
  return 0;
}

std::size_t OddSignBefore(std::string_view text, std::size_t at) {
  for (const std::string_view sign : kOddSigns) {
    if (at >= sign.size() && text.substr(at - sign.size(), sign.size()) == sign) return sign.size();
  }
  return 0;
}

bool IsCellDivider(char c) {
  return c == kOddDivider || c == '\t' || c == ',' || c == ';' || c == '|';
}

bool LeftEdge(std::string_view text, std::size_t begin) {
  if (begin == 0) return true;
  const char before = text[begin - 1];
  if (before == '+' || WordBefore(text, begin)) return false;
  if (begin < 2) return true;
  if (before == '.' && IsDigit(text[begin - 2])) return false;
  if (before != '-' && before != '_') return true;
  std::size_t token = begin - 1;
  while (token > 0 && begin - token < kHexTokenLength && IsAsciiAlnum(text[token - 1])) --token;
  return !IsHexToken(text.substr(token, begin - 1 - token));
}

bool RightEdge(std::string_view text, std::size_t end) {
  if (end >= text.size()) return true;
  const char after = text[end];
  if (after == '@' || WordAt(text, end)) return false;
  if (end + 1 >= text.size()) return true;
  if (after == '.' && IsDigit(text[end + 1])) return false;
  if (after != '-' && after != '_') return true;
  std::size_t token = end + 1;
  while (token < text.size() && token - end < kHexTokenLength && IsAsciiAlnum(text[token])) ++token;
  return !IsHexToken(text.substr(end + 1, token - end - 1));
}

bool InBase64Line(std::string_view text, std::size_t begin, std::size_t end) {
  auto in_alphabet = [](char c) { return IsAsciiAlnum(c) || c == '+' || c == '/' || c == '='; };
  std::size_t from = begin;
  while (from > 0 && end - from < kBase64LineLength && in_alphabet(text[from - 1])) --from;
  std::size_t to = end;
  while (to < text.size() && to - from < kBase64LineLength && in_alphabet(text[to])) ++to;
  if (to - from < kBase64LineLength) return false;
  // Numbers joined by '/' have no letters; four of five characters of base64 are letters.
  const std::string_view line = text.substr(from, to - from);
  return std::count_if(line.begin(), line.end(), IsAsciiLetter) >= kBase64Letters;
}

std::string NumberStart::Digits(std::string_view text, std::size_t group_count) const {
  std::string out;
  for (std::size_t i = 0; i < group_count; ++i) out += text.substr(groups[i].begin, groups[i].size);
  return out;
}

std::string NumberStart::Shape(std::size_t group_count, bool joined) const {
  std::string out;
  std::size_t size = 0;
  for (std::size_t i = 0; i < group_count; ++i) {
    size += groups[i].size;
    if (joined && i + 1 < group_count && i + 1 == broken_before) continue;
    out += "0123456789ABCDEFGHIJ"[size];
    size = 0;
  }
  return out;
}

std::size_t NextDigit(std::string_view text, std::size_t at) {
  while (at + sizeof(std::uint64_t) <= text.size() && !HoldsDigit(text.data() + at))
    at += sizeof(std::uint64_t);
  while (at < text.size() && !IsDigit(text[at])) ++at;
  return at;
}

// No byte is looked at twice: what stands before looked_ is known.
bool NumberScanner::IsInUrl(std::size_t begin) {
  std::size_t token = begin;
  while (token > looked_ && !EndsToken(text_[token - 1])) --token;
  if (token > looked_) token_is_url_ = false;
  // At looked_ stands a digit, so that no mark spans it.
  if (!token_is_url_) token_is_url_ = HoldsUrlMark(text_.substr(token, begin - token));
  looked_ = begin;
  return token_is_url_;
}

void NumberScanner::Extend(NumberStart& start) const {
  std::size_t digits = start.groups[0].size;
  while (start.count < kMaxNumberDigits) {
    const DigitGroup& last = start.groups[start.count - 1];
    const Gap gap = GapAfter(text_, last.end());
    if (gap.next == kNone) return;
    const std::size_t size = DigitsEnd(text_, gap.next) - gap.next;
    digits += size;
    if (digits > kMaxNumberDigits) return;
    const bool cells = last.size == size && (size == 4 || (size == 1 && gap.kind != kOddDivider));
    if (IsCellDivider(gap.kind) && !cells) return;
    const bool other_kind = start.separator != 0 && !IsCellDivider(start.separator);
    if (gap.kind == '\n' || (gap.kind == '\t' && other_kind)) {
      // A column of years must not become a number: one break only.
      if (start.broken_before != 0) return;
      start.broken_before = start.count;
    } else {
      if (start.separator != 0 && start.separator != gap.kind) return;
      start.separator = gap.kind;
    }
    start.groups[start.count++] = {gap.next, size};
  }
}

bool NumberScanner::Next(NumberStart& start) {
  while (at_ < text_.size()) {
    at_ = NextDigit(text_, at_);
    if (at_ == text_.size()) return false;
    const std::size_t begin = at_;
    at_ = DigitsEnd(text_, begin);
    if (at_ - begin > kMaxNumberDigits || IsShortAndInsideRow(text_, begin, at_)) continue;
    // "%B" begins the first track of a card (ISO/IEC 7813).
    const bool track = begin >= 2 && text_.substr(begin - 2, 2) == "%B";
    if (!track && !LeftEdge(text_, begin)) continue;
    start.groups[0] = {begin, at_ - begin};
    start.count = 1;
    start.separator = 0;
    start.broken_before = 0;
    start.in_url = IsInUrl(begin);
    Extend(start);
    return true;
  }
  return false;
}

}  // namespace lazaret::rules
