// Reads JSON (RFC 8259) into plain values, over nlohmann-json, whose types stay behind this header.
// For answers of our own processes and, later, of hooks.
#ifndef LAZARET_BASE_JSON_VALUE_H_
#define LAZARET_BASE_JSON_VALUE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lazaret::base {

inline constexpr std::size_t kMaxJsonBytes = 16U << 20;  // stops endless answers
inline constexpr int kMaxJsonDepth = 64;                 // stops stack exhaustion

struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text;                                      // kString
  std::vector<JsonValue> items;                          // kArray
  std::map<std::string, JsonValue, std::less<>> fields;  // kObject

  // A field of an object, or a null value that lives for ever.
  const JsonValue& operator[](std::string_view key) const;
  std::int64_t Int() const { return static_cast<std::int64_t>(number); }
};

Result<JsonValue> ParseJson(std::string_view text);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_JSON_VALUE_H_
