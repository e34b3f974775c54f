// The only form in which a matched value leaves this folder: masked, or as a keyed hash.
#ifndef LAZARET_RULES_DETECTORS_MASK_H_
#define LAZARET_RULES_DETECTORS_MASK_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/detectors/detector.h"

namespace lazaret::rules {

// Values shorter than this show no character at all: two shown ends would be most of them.
inline constexpr std::size_t kMinShownLength = 8;

// Cards: first 6 and last 4 (what PCI DSS allows). Identities: first 2 and last 2. `value` is
// ASCII.
std::string MaskValue(std::string_view value, MaskStyle style);
// "[REDACTED:class]" for anything else.
std::string Redacted(std::string_view what);

// 128 bits of HMAC-SHA-256(key, class || 0 || value).
using ValueHash = std::array<std::uint8_t, 16>;
ValueHash HashValue(std::string_view key, std::string_view value_class, std::string_view value);

}  // namespace lazaret::rules

#endif  // LAZARET_RULES_DETECTORS_MASK_H_
