#include "base/json_value.h"

#include <nlohmann/json.hpp>

namespace lazaret::base {
namespace {

using Json = nlohmann::json;

JsonValue Convert(const Json& json) {
  JsonValue value;
  if (json.is_boolean()) {
    value.kind = JsonValue::Kind::kBool;
    value.boolean = json.get<bool>();
  } else if (json.is_number()) {
    value.kind = JsonValue::Kind::kNumber;
    value.number = json.get<double>();
  } else if (json.is_string()) {
    value.kind = JsonValue::Kind::kString;
    value.text = json.get<std::string>();
  } else if (json.is_array()) {
    value.kind = JsonValue::Kind::kArray;
    for (const Json& item : json) value.items.push_back(Convert(item));
  } else if (json.is_object()) {
    value.kind = JsonValue::Kind::kObject;
    for (const auto& [key, item] : json.items()) value.fields.emplace(key, Convert(item));
  }
  return value;
}

bool TooDeep(std::string_view text) {
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

const JsonValue& JsonValue::operator[](std::string_view key) const {
  static const JsonValue kNothing;
  const auto found = fields.find(key);
  return found == fields.end() ? kNothing : found->second;
}

Result<JsonValue> ParseJson(std::string_view text) {
  if (text.size() > kMaxJsonBytes || TooDeep(text))
    return Error{ErrorCode::kLimit, "JSON: too large or too deep"};
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{ErrorCode::kInvalid, "JSON: not well formed"};
  return Convert(json);
}

}  // namespace lazaret::base
