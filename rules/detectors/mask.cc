#include "rules/detectors/mask.h"

#include <algorithm>

#include "base/crypto.h"

namespace lazaret::rules {

std::string MaskValue(std::string_view value, MaskStyle style) {
  if (value.size() < kMinShownLength) return std::string(value.size(), '*');
  std::size_t first = 2;
  std::size_t last = 2;
  if (style == MaskStyle::kCard && value.size() >= 12) {
    first = 6;
    last = 4;
  }
  std::string out(value.size(), '*');
  std::copy_n(value.begin(), first, out.begin());
  std::copy_n(value.end() - static_cast<std::ptrdiff_t>(last), last,
              out.end() - static_cast<std::ptrdiff_t>(last));
  return out;
}

std::string Redacted(std::string_view what) { return "[REDACTED:" + std::string(what) + "]"; }

ValueHash HashValue(std::string_view key, std::string_view value_class, std::string_view value) {
  std::string message(value_class);
  message += '\0';
  message += value;
  const base::Sha256Digest digest = base::HmacSha256(key, message);
  ValueHash out;
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

}  // namespace lazaret::rules
