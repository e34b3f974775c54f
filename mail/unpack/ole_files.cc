#include "mail/unpack/ole_files.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "base/unicode/charset.h"
#include "mail/unpack/member_name.h"

namespace lazaret::mail {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kMaxName = 4096;
constexpr std::string_view kAttachedData = "__substg1.0_37010102";

// Streams of an Outlook message that are files: attached data, bodies in text and HTML.
bool IsMessageFile(std::string_view lower) {
  constexpr std::string_view kStreams[] = {kAttachedData, "__substg1.0_1000001f",
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

// Long and short name stand beside the data, in wide and narrow form; best first.
constexpr std::string_view kNameStreams[] = {"__substg1.0_3707001f", "__substg1.0_3707001e",
                                             "__substg1.0_3704001f", "__substg1.0_3704001e"};
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
using NamesOfStorage = std::array<std::size_t, std::size(kNameStreams)>;

std::map<std::size_t, NamesOfStorage> FindNames(const OleFile& file) {
  std::map<std::size_t, NamesOfStorage> names;
  for (std::size_t i = 0; i < file.entries().size(); ++i) {
    const OleEntry& entry = file.entries()[i];
    const auto* kind =
        std::find(std::begin(kNameStreams), std::end(kNameStreams), base::AsciiLower(entry.name));
    if (!entry.stream || kind == std::end(kNameStreams)) continue;
    const auto [at, fresh] = names.try_emplace(entry.parent);
    if (fresh) at->second.fill(kNowhere);
    at->second[static_cast<std::size_t>(kind - std::begin(kNameStreams))] = i;
  }
  return names;
}

}  // namespace

std::vector<OleFileStream> OleFileStreams(const OleFile& file) {
  const std::map<std::size_t, NamesOfStorage> names = FindNames(file);
  std::vector<OleFileStream> streams;
  for (std::size_t i = 0; i < file.entries().size(); ++i) {
    const OleEntry& entry = file.entries()[i];
    if (!entry.stream || entry.size == 0) continue;
    const std::string name = base::AsciiLower(entry.name);
    if (!IsPackage(name) && name != "package" && !IsMessageFile(name)) continue;
    streams.push_back(OleFileStream{i, {}});
    const auto beside = names.find(entry.parent);
    if (name != kAttachedData || beside == names.end()) continue;
    for (const std::size_t index : beside->second) {
      if (index != kNowhere) streams.back().names.push_back(index);
    }
  }
  return streams;
}

OleContent ReadOleContent(const OleFile& file, const OleFileStream& stream, std::size_t most) {
  const OleEntry& entry = file.entries()[stream.content];
  std::string bytes = file.Head(entry, most);
  const bool cut = bytes.size() < entry.size;
  if (IsPackage(base::AsciiLower(entry.name))) return OpenPackage(std::move(bytes), cut);
  OleContent out;
  out.bytes = std::move(bytes);
  out.cut = cut;
  for (const std::size_t index : stream.names) {
    const OleEntry& name = file.entries()[index];
    const bool unicode = !name.name.empty() && (name.name.back() == 'F' || name.name.back() == 'f');
    AddNames(file.Head(name, kMaxName), unicode, out.names);
  }
  return out;
}

}  // namespace lazaret::mail
