#include "mail/mime/names.h"

#include <algorithm>

#include "base/text.h"
#include "mail/filetype/equal_extensions.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kMaxNames = 32;  // stops name floods

std::string Extension(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || name.size() - dot > 12) return {};
  return base::AsciiLower(name.substr(dot + 1));
}

void Collect(const StructuredValue& value, std::string_view parameter, ClaimedNames& out) {
  ParameterReadings readings = ReadParameter(value, parameter, true);
  out.duplicate |= readings.duplicate;
  out.repeated |= readings.repeated;
  out.broken |= readings.broken;
  for (ParameterReading& reading : readings.readings) {
    out.unknown_charset |= reading.unknown_charset;
    if (reading.text.empty() || out.names.size() >= kMaxNames) continue;
    if (std::find(out.names.begin(), out.names.end(), reading.text) == out.names.end()) {
      out.names.push_back(std::move(reading.text));
    }
  }
}

}  // namespace

ClaimedNames CollectNames(const Entity& entity) {
  ClaimedNames out;
  Collect(entity.disposition, "filename", out);
  Collect(entity.type, "name", out);
  std::string first;
  for (const std::string& name : out.names) {
    const std::string extension = Extension(name);
    if (extension.empty()) continue;
    if (first.empty()) first = extension;
    if (!EqualExtensions(extension, first)) out.extension_conflict = true;
  }
  return out;
}

}  // namespace lazaret::mail
