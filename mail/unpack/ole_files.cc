#include "mail/unpack/ole_files.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "base/unicode/charset.h"
#include "mail/unpack/member_name.h"

namespace lazaret::mail {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kMaxName = 4096;

// Streams of an Outlook message that are files: attached data, bodies in text and HTML.
bool IsMessageFile(std::string_view lower) {
  constexpr std::string_view kStreams[] = {"__substg1.0_37010102", "__substg1.0_1000001f",
                                           "__substg1.0_1000001e", "__substg1.0_10130102"};
  return std::find(std::begin(kStreams), std::end(kStreams), lower) != std::end(kStreams);
}

bool IsPackage(std::string_view lower) { return lower == "\1ole10native"; }

std::string FileNameOf(std::string_view path) {
  return std::string(path.substr(path.find_last_of("/\\") + 1));
}

void AddNames(std::string_view bytes, bool unicode, std::vector<std::string>& names) {
  bytes = bytes.substr(0, kMaxName);
  std::vector<std::string> readings;
  if (unicode) {
    if (auto text = base::DecodeCharset(bytes, "utf-16le")) {
      readings.push_back(std::move(text->utf8));
    }
  } else {
    readings = ReadMemberName(bytes);
  }
  for (const std::string& reading : readings) {
    std::string name = FileNameOf(reading);
    while (!name.empty() && name.back() == '\0') name.pop_back();
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
}

std::string_view ZeroEnded(std::string_view bytes, std::size_t& at) {
  const std::size_t end = std::min(bytes.find('\0', std::min(at, bytes.size())), bytes.size());
  const std::string_view text = bytes.substr(std::min(at, bytes.size()), end - at);
  at = end + 1;
  return text;
}

// Label, path, path of a temporary copy, then the file. Other native data has no such head.
OleContent OpenPackage(std::string native, bool cut) {
  OleContent out;
  std::size_t at = 6;
  const std::string_view bytes = native;
  if (bytes.substr(0, 6).substr(std::min<std::size_t>(4, bytes.size())) != "\x02\0"sv) {
    out.bytes = std::move(native);
    out.cut = cut;
    return out;
  }
  AddNames(ZeroEnded(bytes, at), false, out.names);
  AddNames(ZeroEnded(bytes, at), false, out.names);
  base::ByteReader in(bytes.substr(std::min(at, bytes.size())));
  in.U32();
  in.Raw(in.U32());
  const std::uint32_t length = in.U32();
  out.cut = cut || !in.ok() || length > in.remaining();
  out.bytes = std::string(in.Raw(std::min<std::size_t>(length, in.remaining())));
  return out;
}

// Long and short name stand beside the data, in wide and narrow form.
void AddMessageNames(const OleFile& file, std::size_t stream, std::vector<std::string>& names) {
  constexpr std::pair<std::string_view, bool> kNames[] = {{"__substg1.0_3707001f", true},
                                                          {"__substg1.0_3707001e", false},
                                                          {"__substg1.0_3704001f", true},
                                                          {"__substg1.0_3704001e", false}};
  for (const auto& [wanted, unicode] : kNames) {
    for (const OleEntry& entry : file.entries()) {
      if (entry.parent != file.entries()[stream].parent) continue;
      if (base::AsciiLower(entry.name) != wanted) continue;
      AddNames(file.Head(entry, kMaxName), unicode, names);
    }
  }
}

}  // namespace

std::vector<std::size_t> OleFileStreams(const OleFile& file) {
  std::vector<std::size_t> streams;
  for (std::size_t i = 0; i < file.entries().size(); ++i) {
    const OleEntry& entry = file.entries()[i];
    if (!entry.stream || entry.size == 0) continue;
    const std::string name = base::AsciiLower(entry.name);
    if (IsPackage(name) || name == "package" || IsMessageFile(name)) streams.push_back(i);
  }
  return streams;
}

OleContent ReadOleContent(const OleFile& file, std::size_t stream, std::size_t most) {
  const OleEntry& entry = file.entries()[stream];
  const std::string name = base::AsciiLower(entry.name);
  std::string bytes = file.Head(entry, most);
  const bool cut = bytes.size() < entry.size;
  if (IsPackage(name)) return OpenPackage(std::move(bytes), cut);
  OleContent out;
  out.bytes = std::move(bytes);
  out.cut = cut;
  if (name == "__substg1.0_37010102") AddMessageNames(file, stream, out.names);
  return out;
}

}  // namespace lazaret::mail
