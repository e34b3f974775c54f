#include "mail/text/charset_choice.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/unicode/charset.h"

namespace lazaret::mail {
namespace {

// A byte order mark beats any label, as in browsers.
std::string_view MarkedCharset(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") return "utf-8";
  if (bytes.size() >= 4 && bytes.substr(0, 4) == std::string_view("\xFF\xFE\0\0", 4))
    return "utf-32";
  if (bytes.substr(0, 2) == "\xFF\xFE" || bytes.substr(0, 2) == "\xFE\xFF") return "utf-16";
  return {};
}

bool HasHighBytes(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// UTF-16 without a mark shows as zeros in one half of the bytes.
std::string_view UnmarkedUtf16(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 256);
  std::size_t even = 0;
  std::size_t odd = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\0') ++(i % 2 == 0 ? even : odd);
  }
  const std::size_t half = head.size() / 2;
  if (half < 2) return {};
  if (odd * 10 >= half * 8 && even == 0) return "utf-16le";
  if (even * 10 >= half * 8 && odd == 0) return "utf-16be";
  return {};
}

void AddGuesses(std::string_view bytes, TextReadings& out) {
  for (const base::CharsetGuess& guess : base::GuessCharsets(bytes, 4)) {
    if (out.readings.size() >= 2) return;
    auto decoded = base::DecodeCharset(bytes, guess.charset);
    if (decoded && !decoded->ill_formed) out.readings.push_back({std::move(decoded->utf8), true});
  }
  if (!out.readings.empty()) return;
  auto decoded = base::DecodeCharset(bytes, "windows-1252");
  out.readings.push_back({decoded ? std::move(decoded->utf8) : base::ToValidUtf8(bytes), true});
}

void AddUnlabelled(std::string_view bytes, TextReadings& out) {
  if (const std::string_view wide = UnmarkedUtf16(bytes); !wide.empty()) {
    if (auto decoded = base::DecodeCharset(bytes, wide)) {
      out.readings.push_back({std::move(decoded->utf8), true});
      return;
    }
  }
  if (base::IsValidUtf8(bytes)) {
    out.readings.push_back({std::string(bytes), HasHighBytes(bytes)});
    return;
  }
  AddGuesses(bytes, out);
}

}  // namespace

TextReadings ReadText(std::string_view bytes, std::string_view label) {
  TextReadings out;
  if (const std::string_view marked = MarkedCharset(bytes); !marked.empty()) {
    auto decoded = base::DecodeCharset(bytes, marked);
    if (decoded && !decoded->ill_formed) {
      if (decoded->utf8.compare(0, 3, "\xEF\xBB\xBF") == 0) decoded->utf8.erase(0, 3);
      out.readings.push_back({std::move(decoded->utf8), false});
      return out;
    }
  }
  const auto converter = label.empty() ? std::nullopt : base::CharsetConverterName(label);
  out.unknown_label = !label.empty() && !converter;
  if (!converter) {
    AddUnlabelled(bytes, out);
    return out;
  }
  // Latin labels fit any bytes: valid multi-byte UTF-8 under them is UTF-8 that nobody labelled.
  const bool latin = *converter == "windows-1252";
  const bool really_utf8 = latin && HasHighBytes(bytes) && base::IsValidUtf8(bytes);
  if (really_utf8) out.readings.push_back({std::string(bytes), true});
  auto decoded = base::DecodeCharset(bytes, label);
  if (decoded && (!decoded->ill_formed || really_utf8)) {
    out.readings.push_back({std::move(decoded->utf8), false});
  } else {
    AddUnlabelled(bytes, out);
    if (decoded && out.readings.size() < 2)
      out.readings.push_back({std::move(decoded->utf8), false});
  }
  return out;
}

std::string HtmlMetaCharset(std::string_view html) {
  const std::string head = base::AsciiLower(html.substr(0, 1024));
  for (std::size_t meta = head.find("<meta"); meta != std::string::npos;
       meta = head.find("<meta", meta + 5)) {
    const std::size_t end = std::min(head.find('>', meta), head.size());
    const std::size_t at = head.find("charset", meta);
    if (at == std::string::npos || at > end) continue;
    std::size_t value = head.find_first_not_of(" \t\r\n", at + 7);
    if (value == std::string::npos || head[value] != '=') continue;
    value = head.find_first_not_of(" \t\r\n\"'", value + 1);
    if (value == std::string::npos || value >= end) continue;
    return head.substr(value, head.find_first_of(" \t\r\n\"';>/", value) - value);
  }
  return {};
}

}  // namespace lazaret::mail
