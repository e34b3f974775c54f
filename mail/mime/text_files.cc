#include "mail/mime/text_files.h"

#include <algorithm>

#include "mail/mime/header.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::string_view kUuBegin = "begin";
constexpr std::string_view kYencBegin = "=ybegin ";

std::size_t DataLength(char first) { return (static_cast<unsigned char>(first) - 32U) & 0x3FU; }

bool IsUuChar(char c) { return c >= ' ' && c <= '`'; }

// "M" lines: a length character, then at least ceil(n/3)*4 characters of the alphabet (trailing
// blanks may have been lost on the way: up to three are forgiven).
bool IsDataLine(std::string_view line) {
  if (line.size() < 2 || !IsUuChar(line.front())) return false;
  const std::size_t count = DataLength(line.front());
  const std::size_t wanted = (count + 2) / 3 * 4;
  if (count == 0 || count > 45 || line.size() - 1 + 3 < wanted || line.size() - 1 > wanted + 2)
    return false;
  return std::all_of(line.begin(), line.end(), IsUuChar);
}

void DecodeDataLine(std::string_view line, std::string& out) {
  const std::size_t count = DataLength(line.front());
  std::string chars(line.substr(1));
  chars.resize((count + 2) / 3 * 4, ' ');
  std::string bytes;
  for (std::size_t i = 0; i + 3 < chars.size(); i += 4) {
    const std::size_t group = DataLength(chars[i]) << 18U | DataLength(chars[i + 1]) << 12U |
                              DataLength(chars[i + 2]) << 6U | DataLength(chars[i + 3]);
    bytes += static_cast<char>(group >> 16U & 0xFFU);
    bytes += static_cast<char>(group >> 8U & 0xFFU);
    bytes += static_cast<char>(group & 0xFFU);
  }
  out += bytes.substr(0, count);
}

// " 644 name", or "  name" without a mode.
bool ReadModeAndName(std::string_view rest, std::string& name) {
  if (rest.empty() || rest.front() != ' ') return false;
  rest.remove_prefix(1);
  std::size_t digits = 0;
  while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '7') ++digits;
  if (digits >= 3 && digits <= 4 && digits < rest.size() && rest[digits] == ' ') {
    rest.remove_prefix(digits);
  } else if (rest.empty() || rest.front() != ' ') {
    return false;
  }
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  name = std::string(rest.substr(0, kMaxName));
  return !name.empty();
}

// The first line that begins with `word`, at or behind `from`.
std::size_t FindLine(std::string_view text, std::string_view word, std::size_t from) {
  std::size_t at = text.find(word, from);
  while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n') {
    at = text.find(word, at + 1);
  }
  return at;
}

// Another file begins: whoever looks for it there finds it, whatever this one says.
bool BeginsFile(std::string_view line) {
  for (const std::string_view word : {"begin ", "begin-base64 ", "=ybegin "}) {
    if (line.substr(0, word.size()) == word) return true;
  }
  return false;
}

// Lines from `at` on as long as they hold data; moves file.end behind them.
void ReadUuLines(std::string_view text, std::size_t at, std::size_t max_bytes, TextFile& file) {
  file.end = at;
  while (file.end < text.size() && !file.content.truncated) {
    const std::size_t next = NextLine(text, file.end, text.size());
    const std::string_view line = LineText(text, file.end, next);
    if (!IsDataLine(line)) return;
    DecodeDataLine(line, file.content.bytes);
    file.end = next;
    file.content.truncated = file.content.bytes.size() >= max_bytes;
  }
}

bool IsBase64Line(std::string_view line) {
  return !line.empty() && std::all_of(line.begin(), line.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' ||
           c == '/' || c == '=' || c == ' ' || c == '\t';
  });
}

void ReadBase64Lines(std::string_view text, std::size_t at, std::size_t max_bytes, TextFile& file) {
  std::size_t end = at;
  while (end < text.size()) {
    const std::size_t next = NextLine(text, end, text.size());
    const std::string_view line = LineText(text, end, next);
    if (line == "====" || !IsBase64Line(line) || BeginsFile(line)) break;
    end = next;
  }
  file.content = DecodeBase64(text.substr(at, end - at), max_bytes);
  file.end = end;
}

void DecodeYencLine(std::string_view line, std::string& out) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    auto byte = static_cast<unsigned char>(line[i]);
    if (byte == '=' && i + 1 < line.size()) {
      byte = static_cast<unsigned char>(static_cast<unsigned char>(line[++i]) - 64U);
    }
    out += static_cast<char>(byte - 42U);
  }
}

// Without its end line the file may be a lie that covers others: the search goes on inside it.
void ReadYencLines(std::string_view text, std::size_t at, std::size_t max_bytes, TextFile& file) {
  std::size_t line_at = at;
  file.end = at;
  while (line_at < text.size() && !file.content.truncated) {
    const std::size_t next = NextLine(text, line_at, text.size());
    const std::string_view line = LineText(text, line_at, next);
    line_at = next;
    if (line.substr(0, 5) == "=yend") {
      file.end = next;
      return;
    }
    if (BeginsFile(line)) return;
    if (line.substr(0, 7) == "=ypart ") continue;
    DecodeYencLine(line, file.content.bytes);
    file.content.truncated = file.content.bytes.size() >= max_bytes;
  }
}

bool ReadUu(std::string_view text, std::size_t at, std::size_t max_bytes, TextFile& file) {
  const std::size_t data = NextLine(text, at, text.size());
  std::string_view rest = LineText(text, at, data).substr(kUuBegin.size());
  constexpr std::string_view kBase64 = "-base64";
  const bool base64 = rest.substr(0, kBase64.size()) == kBase64;
  if (base64) rest.remove_prefix(kBase64.size());
  if (!ReadModeAndName(rest, file.name)) return false;
  file.form = base64 ? TextFileForm::kBase64 : TextFileForm::kUuencode;
  if (base64) {
    ReadBase64Lines(text, data, max_bytes, file);
  } else {
    ReadUuLines(text, data, max_bytes, file);
  }
  return !file.content.bytes.empty();
}

bool ReadYenc(std::string_view text, std::size_t at, std::size_t max_bytes, TextFile& file) {
  const std::size_t data = NextLine(text, at, text.size());
  const std::string_view line = LineText(text, at, data);
  constexpr std::string_view kName = " name=";
  const std::size_t name = line.find(kName);
  if (name == std::string_view::npos) return false;
  file.form = TextFileForm::kYenc;
  file.name = std::string(line.substr(name + kName.size(), kMaxName));
  ReadYencLines(text, data, max_bytes, file);
  return !file.content.bytes.empty();
}

}  // namespace

std::optional<TextFile> FindTextFile(std::string_view text, std::size_t from,
                                     std::size_t max_bytes) {
  std::size_t uu = FindLine(text, kUuBegin, from);
  std::size_t yenc = FindLine(text, kYencBegin, from);
  while (uu != std::string_view::npos || yenc != std::string_view::npos) {
    TextFile file;
    file.begin = std::min(uu, yenc);
    const bool found =
        uu < yenc ? ReadUu(text, uu, max_bytes, file) : ReadYenc(text, yenc, max_bytes, file);
    if (found) return file;
    if (uu < yenc) {
      uu = FindLine(text, kUuBegin, uu + 1);
    } else {
      yenc = FindLine(text, kYencBegin, yenc + 1);
    }
  }
  return std::nullopt;
}

std::string_view EncodingName(TextFileForm form) {
  return form == TextFileForm::kYenc ? "x-yencode" : "x-uuencode";
}

}  // namespace lazaret::mail
