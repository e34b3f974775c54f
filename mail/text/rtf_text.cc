#include "mail/text/rtf_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/unicode/charset.h"

namespace lazaret::mail {
namespace {

// Groups within groups; deeper ones share the innermost state. Stops a file of nothing but '{' from
// filling memory.
constexpr std::size_t kMaxDepth = 4096;
constexpr std::size_t kMaxWord = 32;
constexpr long kMaxNumber = 100'000'000;

constexpr std::array<std::string_view, 16> kUnseen{"colorschememapping",
                                                   "colortbl",
                                                   "datafield",
                                                   "datastore",
                                                   "filetbl",
                                                   "fonttbl",
                                                   "latentstyles",
                                                   "listtable",
                                                   "objdata",
                                                   "pict",
                                                   "revtbl",
                                                   "rsidtbl",
                                                   "stylesheet",
                                                   "themedata",
                                                   "xmlnstbl",
                                                   "listoverridetable"};
// Groups that older programs may leave out and that hold text all the same.
constexpr std::array<std::string_view, 6> kSeen{"fldinst",    "shpinst",   "shptxt",
                                                "annotation", "atnauthor", "ftnsep"};
constexpr std::array<std::string_view, 5> kLines{"par", "line", "sect", "page", "row"};
constexpr std::array<std::string_view, 3> kTabs{"tab", "cell", "nestcell"};
constexpr std::array<std::string_view, 2> kDashes{"emdash", "endash"};

template <std::size_t N>
bool In(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string CharsetOf(long code_page) {
  switch (code_page) {
    case 932:
      return "shift_jis";
    case 936:
    case 54936:
      return "gb18030";
    case 949:
      return "euc-kr";
    case 950:
      return "big5";
    case 65001:
      return "utf-8";
    default:
      return "windows-" + std::to_string(code_page);
  }
}

class Reader {
 public:
  explicit Reader(std::string_view rtf) : rtf_(rtf) {}

  std::string Run() {
    while (at_ < rtf_.size()) Step();
    Flush();
    return std::move(out_);
  }

 private:
  struct State {
    bool unseen = false;
    std::uint8_t fallback = 1;  // \uc: characters behind a \u that stand for it in old programs
  };

  State& state() { return states_.back(); }

  void Step() {
    const char c = rtf_[at_++];
    switch (c) {
      case '{':
        Open();
        break;
      case '}':
        Close();
        break;
      case '\\':
        Control();
        break;
      case '\r':
      case '\n':
        break;
      default:
        Byte(c);
    }
  }

  void Open() {
    skip_ = 0;
    if (states_.size() < kMaxDepth) {
      states_.push_back(states_.back());
    } else {
      ++deeper_;
    }
  }

  void Close() {
    skip_ = 0;
    if (deeper_ > 0) {
      --deeper_;
    } else if (states_.size() > 1) {
      states_.pop_back();
    }
  }

  void Control() {
    if (at_ >= rtf_.size()) return;
    if (IsLetter(rtf_[at_])) {
      Word();
      return;
    }
    const char c = rtf_[at_++];
    if (c == '\'') {
      const int high = at_ < rtf_.size() ? HexValue(rtf_[at_]) : -1;
      const int low = at_ + 1 < rtf_.size() ? HexValue(rtf_[at_ + 1]) : -1;
      if (high < 0 || low < 0) return;
      at_ += 2;
      Byte(static_cast<char>(high * 16 + low));
    } else if (c == '*') {
      optional_ = true;
    } else if (c == '\\' || c == '{' || c == '}') {
      Byte(c);
    } else if (c == '~') {
      Byte(' ');
    } else if (c == '_') {
      Byte('-');
    } else if (c == '\r' || c == '\n') {
      Text("\n");
    }
  }

  void Word() {
    const std::size_t begin = at_;
    while (at_ < rtf_.size() && at_ - begin < kMaxWord && IsLetter(rtf_[at_])) ++at_;
    const std::string_view word = rtf_.substr(begin, at_ - begin);
    const bool negative = at_ + 1 < rtf_.size() && rtf_[at_] == '-' && IsDigit(rtf_[at_ + 1]);
    if (negative) ++at_;
    long number = 0;
    for (; at_ < rtf_.size() && IsDigit(rtf_[at_]); ++at_)
      number = std::min(number * 10 + (rtf_[at_] - '0'), kMaxNumber);
    if (at_ < rtf_.size() && rtf_[at_] == ' ') ++at_;
    Obey(word, negative ? -number : number);
    optional_ = false;
  }

  void Obey(std::string_view word, long number) {
    if (In(kUnseen, word) || (optional_ && !In(kSeen, word))) state().unseen = true;
    if (word == "u") {
      Unicode(number);
    } else if (word == "uc") {
      state().fallback = static_cast<std::uint8_t>(std::clamp(number, 0L, 255L));
    } else if (word == "bin") {
      at_ += std::min(static_cast<std::size_t>(std::max(number, 0L)), rtf_.size() - at_);
    } else if (word == "ansicpg") {
      Flush();
      charset_ = CharsetOf(number);
    } else if (In(kLines, word)) {
      Text("\n");
    } else if (In(kTabs, word)) {
      Text("\t");
    } else if (In(kDashes, word)) {
      Text("-");
    }
  }

  // \u holds UTF-16: code units as signed numbers, those beyond the BMP in two of them.
  void Unicode(long number) {
    const auto unit = static_cast<char32_t>(number < 0 ? number + 65'536 : number) & 0xFFFFU;
    skip_ = state().fallback;
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_ = unit;
      return;
    }
    std::string character;
    const bool pair = unit >= 0xDC00 && unit < 0xE000 && high_ != 0;
    base::AppendUtf8(character, pair ? 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00) : unit);
    high_ = 0;
    Text(character);
  }

  void Byte(char c) {
    if (skip_ > 0) {
      --skip_;
    } else if (!state().unseen) {
      bytes_ += c;
    }
  }

  void Text(std::string_view text) {
    if (state().unseen) return;
    Flush();
    out_ += text;
  }

  void Flush() {
    if (bytes_.empty()) return;
    const auto decoded = base::DecodeCharset(bytes_, charset_);
    out_ += decoded ? decoded->utf8 : base::DecodeUnlabelled(bytes_);
    bytes_.clear();
  }

  std::string_view rtf_;
  std::size_t at_ = 0;
  std::vector<State> states_{State{}};
  std::size_t deeper_ = 0;
  std::size_t skip_ = 0;
  bool optional_ = false;  // behind \*
  char32_t high_ = 0;
  std::string charset_ = "windows-1252";
  std::string bytes_;  // of one run, not decoded yet
  std::string out_;
};

}  // namespace

bool IsRtf(std::string_view bytes) {
  const std::size_t begin = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
  return bytes.substr(begin, 5) == "{\\rtf";
}

std::string RtfText(std::string_view bytes) { return Reader(bytes).Run(); }

}  // namespace lazaret::mail
