#include <utility>

#include "base/yaml/yaml.h"
#include "rules/value.h"

namespace lazaret::rules {
namespace {

Place PlaceOf(const base::yaml::Node& node, const std::string& origin) {
  return {origin, static_cast<std::size_t>(node.line), static_cast<std::size_t>(node.column)};
}

// Depth is bounded by the reader (yaml::kMaxDepth).
Value Convert(base::yaml::Node&& node, const std::string& origin) {
  Value value;
  value.place = PlaceOf(node, origin);
  switch (node.kind) {
    case base::yaml::Kind::kScalar:
      value.text = std::move(node.text);
      break;
    case base::yaml::Kind::kSequence:
      value.kind = ValueKind::kSequence;
      for (auto& item : node.items) value.items.push_back(Convert(std::move(item), origin));
      break;
    case base::yaml::Kind::kMapping:
      value.kind = ValueKind::kMapping;
      for (auto& field : node.fields) {
        const Place place = PlaceOf(field.key, origin);
        value.entries.push_back(
            {std::move(field.key.text), place, Convert(std::move(field.value), origin)});
      }
      break;
  }
  return value;
}

}  // namespace

base::Result<std::vector<Value>> ParseYaml(std::string_view text, const std::string& origin) {
  LAZARET_ASSIGN(auto documents, base::yaml::ParseStream(text, origin));
  std::vector<Value> out;
  for (auto& document : documents) {
    if (!document.IsNull()) out.push_back(Convert(std::move(document), origin));
  }
  return out;
}

}  // namespace lazaret::rules
