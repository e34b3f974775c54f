#include <algorithm>
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

void Keep(std::vector<base::yaml::Node>&& documents, const std::string& origin,
          std::vector<Value>& out) {
  for (auto& document : documents) {
    if (!document.IsNull()) out.push_back(Convert(std::move(document), origin));
  }
}

// Parts of a broken file that are read alone; stops a file of nothing but `---` from costing its
// size squared.
constexpr std::size_t kMaxParts = 64;

// The text from each `---` to the next, behind as many empty lines as stood before it, so that
// places stay what they are. None when there are too many.
std::vector<std::string> PartsOf(std::string_view text) {
  std::vector<std::string> parts(1);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (at > 0 && text.substr(at, 3) == "---") parts.emplace_back(lines, '\n');
    if (parts.size() > kMaxParts) return {};
    parts.back() += text.substr(at, end - at);
    ++lines;
    at = end;
  }
  return parts;
}

}  // namespace

std::vector<Value> ParseYaml(std::string_view text, const std::string& origin, Faults& faults) {
  std::vector<Value> out;
  auto whole = base::yaml::ParseStream(text, origin);
  if (whole.ok()) {
    Keep(std::move(whole).value(), origin, out);
    return out;
  }
  const std::size_t before = faults.count();
  const std::vector<std::string> parts = PartsOf(text);
  for (const std::string& part : parts) {
    auto documents = base::yaml::ParseStream(part, origin);
    if (documents.ok()) {
      Keep(std::move(documents).value(), origin, out);
    } else {
      faults.Add(std::move(documents).error());
    }
  }
  // The fault is one of the whole: its size, its form.
  if (faults.count() == before) faults.Add(std::move(whole).error());
  return out;
}

}  // namespace lazaret::rules
