// One pass over normalised text that finds digit groups and what may belong to the same number, for
// all detectors of digit classes. A regular expression for each class could not see overlapping
// candidates.
#ifndef LAZARET_RULES_DETECTORS_NUMBER_SCANNER_H_
#define LAZARET_RULES_DETECTORS_NUMBER_SCANNER_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace lazaret::rules {

// No supported number is longer, so a run is followed no further: work per byte stays bounded.
inline constexpr std::size_t kMaxNumberDigits = 19;

struct DigitGroup {
  std::size_t begin = 0;
  std::size_t size = 0;
  std::size_t end() const { return begin + size; }
};

// A digit group and those behind it that may belong to it: at most kMaxNumberDigits digits, one or
// two separators of one kind out of {space - . / _} between groups; between two groups of four
// digits or of one also a divider of table cells; one line break, or tab among separators, in all.
// `separator` is one of these or 0 for none.
struct NumberStart {
  std::array<DigitGroup, kMaxNumberDigits> groups;
  std::size_t count = 0;
  std::size_t broken_before = 0;  // the group that stands behind the line break; 0: none does
  char separator = 0;
  bool in_url = false;  // the token that holds the first group has "://" or "www." before it

  std::string Digits(std::string_view text, std::size_t group_count) const;
  bool IsBroken(std::size_t group_count) const {
    return broken_before != 0 && broken_before < group_count;
  }
  // Sizes of the first groups, one character each, 10 and more as 'A' and on: "4444", "6A". With
  // `joined` the groups around the line break are one.
  std::string Shape(std::size_t group_count, bool joined) const;
};

class NumberScanner {
 public:
  explicit NumberScanner(std::string_view text) : text_(text) {}
  // One call for each digit group of at most kMaxNumberDigits digits whose left neighbour lets a
  // number begin there, but for groups under four digits inside a row of groups; false at the end.
  bool Next(NumberStart& start);

 private:
  bool IsInUrl(std::size_t begin);
  void Extend(NumberStart& start) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t looked_ = 0;     // up to here tokens were looked at
  bool token_is_url_ = false;  // the token that goes on at looked_
};

// Where the next ASCII digit at or behind `at` stands; the size of the text when none does.
std::size_t NextDigit(std::string_view text, std::size_t at);

// Where text goes on behind a line break at `at`: blanks before it, quote marks and indent behind
// it included. npos when there is none, or when the next line is empty.
std::size_t AfterLineBreak(std::string_view text, std::size_t at);
// Stands in NumberStart::separator for any sign nobody prints inside a number ("4539+5787");
// between groups of four only.
inline constexpr char kOddDivider = '*';
// Bytes of such a sign at `at`, and of one that ends there; 0: none.
std::size_t OddSignAt(std::string_view text, std::size_t at);
std::size_t OddSignBefore(std::string_view text, std::size_t at);
// Divides cells of a table or a CSV line: tab , ; | and the odd signs.
bool IsCellDivider(char c);
// True when only blanks and quote marks stand on the line before `at`.
bool BeginsLine(std::string_view text, std::size_t at);

// May a number begin at `begin`: not behind a letter of a spaced script, "digit.", '+', or inside a
// hex token.
bool LeftEdge(std::string_view text, std::size_t begin);
// May a number end at `end`: not before a letter of a spaced script, ".digit", '@', or inside a hex
// token.
bool RightEdge(std::string_view text, std::size_t end);
// True inside 60 and more characters of the base64 alphabet, a quarter of them letters.
bool InBase64Line(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_NUMBER_SCANNER_H_
