#include "mail/text/plain_text.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/text.h"

namespace lazaret::mail {
namespace {

struct Line {
  std::string_view text;  // quote marks and stuffing removed
  std::string_view full;  // as it stands, without line end
  std::size_t quotes = 0;
  bool flowed = false;
};

Line ReadLine(std::string_view text, std::size_t at, std::size_t end) {
  Line line;
  line.full = text.substr(at, end - at);
  if (!line.full.empty() && line.full.back() == '\r') line.full.remove_suffix(1);
  line.text = line.full;
  while (!line.text.empty() && line.text.front() == '>') {
    line.text.remove_prefix(1);
    ++line.quotes;
  }
  if (!line.text.empty() && line.text.front() == ' ') line.text.remove_prefix(1);
  line.flowed = !line.text.empty() && line.text.back() == ' ' && line.text != "-- ";
  return line;
}

// Where the first two letters of "http", "ftp" or "www" stand next.
std::size_t NextStart(std::string_view text, std::size_t at) {
  for (; at + 1 < text.size(); ++at) {
    const char first = static_cast<char>(text[at] | 0x20);
    if (first != 'h' && first != 'f' && first != 'w') continue;
    const char second = static_cast<char>(text[at + 1] | 0x20);
    if (second == (first == 'w' ? 'w' : 't')) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string JoinFlowed(std::string_view text, bool delsp) {
  std::string out;
  out.reserve(text.size());
  bool joining = false;
  std::size_t quotes = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const Line line = ReadLine(text, at, end);
    const bool joins = joining && line.quotes == quotes && line.text != "-- ";
    if (joining && !joins) out += '\n';
    std::string_view shown = joins || line.quotes == 0 ? line.text : line.full;
    if (line.flowed && delsp) shown.remove_suffix(1);
    out += shown;
    if (!line.flowed && end < text.size()) out += '\n';
    joining = line.flowed;
    quotes = line.quotes;
    at = end + 1;
  }
  return out;
}

std::string JoinFolded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t end = i;
    if (text[end] == '\r') ++end;
    const bool folded = end + 1 < text.size() && text[end] == '\n' &&
                        (text[end + 1] == ' ' || text[end + 1] == '\t');
    if (folded) {
      i = end + 1;
    } else {
      out += text[i];
    }
  }
  return out;
}

Urls FindUrls(std::string_view text) {
  constexpr std::array<std::string_view, 4> kStarts{"http://", "https://", "ftp://", "www."};
  constexpr std::string_view kEnds = " \t\r\n\"<>{}|\\^`";
  Urls out;
  std::unordered_set<std::string_view> seen;
  for (std::size_t at = 0; at < text.size();) {
    at = NextStart(text, at);
    if (at == std::string_view::npos) break;
    const bool starts = std::any_of(kStarts.begin(), kStarts.end(), [&](std::string_view start) {
      return base::AsciiEqualNoCase(text.substr(at, start.size()), start);
    });
    if (!starts) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(kEnds, at), text.size());
    std::string_view url = text.substr(at, std::min<std::size_t>(end - at, 8192));
    while (!url.empty() &&
           std::string_view(".,;:!?)]'").find(url.back()) != std::string_view::npos) {
      url.remove_suffix(1);
    }
    at = end;
    if (url.size() <= 8 || seen.count(url) != 0) continue;
    if (out.urls.size() >= kMaxUrls) {
      out.cut = true;
      break;
    }
    seen.insert(url);
    out.urls.emplace_back(url);
  }
  return out;
}

}  // namespace lazaret::mail
