#include "mail/unpack/member_name.h"

#include <utility>

#include "base/text.h"
#include "base/unicode/charset.h"

namespace lazaret::mail {
namespace {

// Pairs as GB 2312 makes them (both bytes from 0xA1 on) are what Chinese names consist of; accented
// letters in CP437 stand alone below 0xA6.
bool LooksChinese(std::string_view bytes) {
  std::size_t pairs = 0;
  std::size_t others = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    if (lead < 0x80) continue;
    const auto trail = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0U;
    if (lead >= 0xA1 && trail >= 0xA1) {
      ++pairs;
      ++i;
    } else {
      ++others;
    }
  }
  return pairs > others;
}

}  // namespace

std::vector<std::string> ReadMemberName(std::string_view bytes) {
  if (base::IsValidUtf8(bytes)) return {std::string(bytes)};
  std::vector<std::string> readings;
  auto chinese = base::DecodeCharset(bytes, "gb18030");
  auto western = base::DecodeCharset(bytes, "cp437");
  if (chinese && !chinese->ill_formed) readings.push_back(std::move(chinese->utf8));
  if (western) readings.push_back(std::move(western->utf8));
  if (readings.size() == 2 && !LooksChinese(bytes)) std::swap(readings[0], readings[1]);
  if (readings.empty()) readings.push_back(base::ToValidUtf8(bytes));
  return readings;
}

}  // namespace lazaret::mail
