#include <charconv>

#include "base/format.h"
#include "base/suggest.h"
#include "base/text.h"
#include "base/yaml/yaml.h"

namespace lazaret::base::yaml {

bool Node::IsNull() const {
  return kind == Kind::kScalar && !quoted && (text.empty() || text == "~" || text == "null");
}

const Node* Node::Find(std::string_view key) const {
  for (const Field& field : fields) {
    if (field.key.text == key) return &field.value;
  }
  return nullptr;
}

Error ErrorAt(const std::string& origin, const Node& node, std::string_view why) {
  return Error{ErrorCode::kInvalid, Format("{}:{}:{}: {}", origin, node.line, node.column, why)};
}

Result<std::string> AsString(const Node& node, const std::string& origin) {
  if (node.kind != Kind::kScalar) return ErrorAt(origin, node, "a text is expected");
  return node.text;
}

Result<bool> AsBool(const Node& node, const std::string& origin) {
  if (node.kind == Kind::kScalar && !node.quoted) {
    if (node.text == "true" || node.text == "yes" || node.text == "on") return true;
    if (node.text == "false" || node.text == "no" || node.text == "off") return false;
  }
  return ErrorAt(origin, node, "true or false is expected");
}

Result<std::uint64_t> AsUint(const Node& node, const std::string& origin, std::uint64_t min,
                             std::uint64_t max) {
  std::uint64_t value = 0;
  const char* begin = node.text.data();
  const char* end = begin + node.text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (node.kind != Kind::kScalar || node.text.empty() || error != std::errc() || stop != end ||
      value < min || value > max) {
    return ErrorAt(origin, node, Format("a whole number from {} to {} is expected", min, max));
  }
  return value;
}

Result<double> AsDouble(const Node& node, const std::string& origin, double min, double max) {
  double value = 0;
  const char* begin = node.text.data();
  const char* end = begin + node.text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (node.kind != Kind::kScalar || node.text.empty() || error != std::errc() || stop != end ||
      !(value >= min) || !(value <= max)) {
    return ErrorAt(origin, node, Format("a number from {} to {} is expected", min, max));
  }
  return value;
}

Result<std::vector<std::string>> AsStrings(const Node& node, const std::string& origin) {
  std::vector<std::string> out;
  if (node.kind == Kind::kScalar && !node.IsNull()) {
    out.push_back(node.text);
    return out;
  }
  if (node.kind != Kind::kSequence) return ErrorAt(origin, node, "a list of texts is expected");
  for (const Node& item : node.items) {
    LAZARET_ASSIGN(std::string text, AsString(item, origin));
    out.push_back(std::move(text));
  }
  return out;
}

MappingReader::MappingReader(const Node& node, std::string origin, std::string what)
    : node_(node), origin_(std::move(origin)), what_(std::move(what)) {
  if (node.kind != Kind::kMapping) Fail(node, what_ + ": keys and values are expected");
}

const Node* MappingReader::Take(std::string_view key) {
  taken_.emplace(key);
  return node_.Find(key);
}

const Node* MappingReader::Require(std::string_view key) {
  const Node* value = Take(key);
  if (value == nullptr) Fail(node_, Format("{}: \"{}\" is missing", what_, key));
  return value;
}

std::string MappingReader::String(std::string_view key, std::string fallback) {
  const Node* value = Take(key);
  if (value == nullptr) return fallback;
  auto text = AsString(*value, origin_);
  if (text.ok()) return std::move(text).value();
  Fail(std::move(text).error());
  return fallback;
}

std::string MappingReader::RequiredString(std::string_view key) {
  const Node* value = Require(key);
  if (value == nullptr) return {};
  std::string text = String(key);
  if (text.empty() && ok()) Fail(*value, Format("{}: \"{}\" must not be empty", what_, key));
  return text;
}

bool MappingReader::Bool(std::string_view key, bool fallback) {
  const Node* value = Take(key);
  if (value == nullptr) return fallback;
  auto read = AsBool(*value, origin_);
  if (read.ok()) return *read;
  Fail(std::move(read).error());
  return fallback;
}

std::uint64_t MappingReader::Uint(std::string_view key, std::uint64_t fallback, std::uint64_t min,
                                  std::uint64_t max) {
  const Node* value = Take(key);
  if (value == nullptr) return fallback;
  auto read = AsUint(*value, origin_, min, max);
  if (read.ok()) return *read;
  Fail(std::move(read).error());
  return fallback;
}

std::optional<double> MappingReader::Double(std::string_view key, double min, double max) {
  const Node* value = Take(key);
  if (value == nullptr) return std::nullopt;
  auto read = AsDouble(*value, origin_, min, max);
  if (read.ok()) return *read;
  Fail(std::move(read).error());
  return std::nullopt;
}

std::vector<std::string> MappingReader::Strings(std::string_view key) {
  const Node* value = Take(key);
  if (value == nullptr) return {};
  auto read = AsStrings(*value, origin_);
  if (read.ok()) return std::move(read).value();
  Fail(std::move(read).error());
  return {};
}

int MappingReader::OneOf(std::string_view key, const std::vector<std::string_view>& names,
                         int fallback) {
  const Node* value = Take(key);
  if (value == nullptr) return fallback;
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (value->kind == Kind::kScalar && value->text == names[i]) return static_cast<int>(i);
    list += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  Fail(*value, Format("\"{}\" must be one of {}", key, list));
  return fallback;
}

void MappingReader::Fail(const Node& node, std::string_view why) {
  Fail(ErrorAt(origin_, node, why));
}

void MappingReader::Fail(Error error) {
  if (!error_) error_ = std::move(error);
}

Status MappingReader::Finish() {
  if (error_) return *error_;
  for (const Field& field : node_.fields) {
    if (taken_.count(field.key.text) == 0) {
      return ErrorAt(origin_, field.key,
                     Format("{}: unknown key \"{}\"; {}", what_, EscapeLine(field.key.text, 100),
                            UnknownHint(field.key.text, {taken_.begin(), taken_.end()})));
    }
  }
  return Ok();
}

}  // namespace lazaret::base::yaml
