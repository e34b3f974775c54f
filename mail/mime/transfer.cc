#include "mail/mime/transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lazaret::mail {
namespace {

constexpr std::uint8_t kForeign = 0xFF;
constexpr std::uint8_t kBlank = 0xFE;
constexpr std::uint8_t kPad = 0xFD;
constexpr std::size_t kGroupsAtOnce = 19;  // a line of 76 letters, RFC 2045 section 6.8
constexpr std::size_t kMinRestartRun =
    16;  // a line of that many letters behind padding is data, not a footer

constexpr std::array<std::uint8_t, 256> MakeBase64Table() {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kForeign;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  for (const char c : {' ', '\t', '\r', '\n'}) table[static_cast<unsigned char>(c)] = kBlank;
  table[static_cast<unsigned char>('=')] = kPad;
  return table;
}
constexpr auto kBase64 = MakeBase64Table();

// What a letter is worth at each of the four places of its group; kNoLetter for what is none.
constexpr std::uint32_t kNoLetter = 1U << 24;
using GroupTables = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr GroupTables MakeGroupTables() {
  GroupTables tables{};
  for (std::size_t place = 0; place < tables.size(); ++place) {
    for (std::size_t c = 0; c < kBase64.size(); ++c) {
      const std::uint32_t value = kBase64[c];
      tables[place][c] = value < 64 ? value << (18 - 6 * place) : kNoLetter;
    }
  }
  return tables;
}
constexpr GroupTables kGroups = MakeGroupTables();

std::uint32_t Group(const char* letters) {
  const auto* at = reinterpret_cast<const unsigned char*>(letters);
  return kGroups[0][at[0]] | kGroups[1][at[1]] | kGroups[2][at[2]] | kGroups[3][at[3]];
}

std::uint8_t Base64Class(char c) { return kBase64[static_cast<unsigned char>(c)]; }

// Behind padding: is there a line that only makes sense as more base64?
bool HasDataLine(std::string_view rest) {
  std::size_t run = 0;
  bool pure = true;
  for (const char c : rest) {
    if (c == '\n') {
      if (pure && run >= kMinRestartRun) return true;
      run = 0;
      pure = true;
    } else if (Base64Class(c) < 64) {
      ++run;
    } else if (c != '\r' && c != '=') {
      pure = false;
    }
  }
  return pure && run >= kMinRestartRun;
}

class Base64Decoder {
 public:
  Base64Decoder(std::string_view text, std::size_t max_bytes) : text_(text), max_(max_bytes) {
    out_.bytes.reserve(std::min(text.size() / 4 * 3 + 3, max_bytes));
  }

  Decoded Run() {
    std::size_t i = 0;
    while (i < text_.size() && !stopped_) {
      i = WholeGroups(i);
      if (i < text_.size()) Step(i++);
    }
    if (filled_ % 4 == 1) out_.leftover = true;
    EndGroup();
    return std::move(out_);
  }

 private:
  // What nearly all of a body is: groups of four letters with nothing special about them. Gives
  // where they end.
  std::size_t WholeGroups(std::size_t i) {
    if (bits_ != 0 || filled_ % 4 != 0 || padded_) return i;
    char bytes[kGroupsAtOnce * 3];
    std::size_t size = 0;
    const std::size_t begin = i;
    for (; size < sizeof bytes && i + 4 <= text_.size(); i += 4, size += 3) {
      const std::uint32_t group = Group(text_.data() + i);
      if (group >= kNoLetter) break;
      bytes[size] = static_cast<char>(group >> 16);
      bytes[size + 1] = static_cast<char>(group >> 8 & 0xFFU);
      bytes[size + 2] = static_cast<char>(group & 0xFFU);
    }
    // Where the limit cuts is for Step to find.
    if (size > max_ - out_.bytes.size()) return begin;
    out_.bytes.append(bytes, size);
    return i;
  }

  void Step(std::size_t i) {
    std::uint8_t value = Base64Class(text_[i]);
    if (value == kBlank) return;
    if (value == kPad) {
      Pad();
      return;
    }
    if (value == kForeign && (text_[i] == '-' || text_[i] == '_')) {
      value = text_[i] == '-' ? 62 : 63;
      out_.url_alphabet = true;
    }
    if (value == kForeign) {
      Problem(i);
      ++out_.foreign;
      return;
    }
    if (padded_ && !Restart(i)) return;
    Append(value);
  }

  void Pad() {
    EndGroup();
    padded_ = true;
  }

  // True when decoding goes on behind padding.
  bool Restart(std::size_t i) {
    padded_ = false;
    if (!restarted_ && !HasDataLine(text_.substr(i)) && OnLaterLine(i)) {
      out_.text_after_padding = true;
      Problem(i);
      stopped_ = true;
      return false;
    }
    restarted_ = true;
    out_.data_after_padding = true;
    Problem(i);
    return true;
  }

  // A rest on the padding's own line is data ("aGVsbG8=d29ybGQ="); text on later lines is a footer.
  bool OnLaterLine(std::size_t i) const {
    const std::size_t before = text_.substr(0, i).find_last_of("=\n");
    return before != std::string_view::npos && text_[before] == '\n';
  }

  void Append(std::uint8_t value) {
    accumulator_ = (accumulator_ << 6) | value;
    bits_ += 6;
    ++filled_;
    if (bits_ < 8) return;
    bits_ -= 8;
    if (out_.bytes.size() >= max_) {
      out_.truncated = true;
      stopped_ = true;
      return;
    }
    out_.bytes += static_cast<char>((accumulator_ >> bits_) & 0xFFU);
  }

  void EndGroup() {
    bits_ = 0;
    filled_ = 0;
    accumulator_ = 0;
  }

  void Problem(std::size_t i) {
    if (out_.first_problem == 0) out_.first_problem = i;
  }

  std::string_view text_;
  std::size_t max_;
  Decoded out_;
  std::uint32_t accumulator_ = 0;
  unsigned bits_ = 0;
  unsigned filled_ = 0;
  bool padded_ = false;
  bool restarted_ = false;
  bool stopped_ = false;
};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// After "=": the length of a soft line break (blanks allowed before the line end), 0 when it is
// none.
std::size_t SoftBreak(std::string_view text, std::size_t at) {
  std::size_t i = at;
  while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
  if (i == text.size()) return i - at + 1;
  if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') return i + 2 - at + 1;
  if (text[i] == '\n') return i + 1 - at + 1;
  return 0;
}

}  // namespace

Decoded DecodeBase64(std::string_view text, std::size_t max_bytes) {
  return Base64Decoder(text, max_bytes).Run();
}

Decoded DecodeQuotedPrintable(std::string_view text, std::size_t max_bytes) {
  Decoded out;
  out.bytes.reserve(std::min(text.size(), max_bytes));
  std::size_t i = 0;
  while (i < text.size()) {
    if (out.bytes.size() >= max_bytes) {
      out.truncated = true;
      return out;
    }
    if (text[i] != '=') {
      const std::size_t next = std::min(text.find('=', i), text.size());
      const std::size_t size = std::min(next - i, max_bytes - out.bytes.size());
      out.bytes += text.substr(i, size);
      i += size;
      continue;
    }
    const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out.bytes += static_cast<char>(high * 16 + low);
      i += 3;
    } else if (const std::size_t length = SoftBreak(text, i + 1); length > 0) {
      i += length;
    } else {
      if (out.foreign++ == 0) out.first_problem = i;
      out.bytes += text[i++];
    }
  }
  return out;
}

std::string DecodeQ(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out += ' ';
    } else if (text[i] == '=' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
               HexValue(text[i + 2]) >= 0) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace lazaret::mail
