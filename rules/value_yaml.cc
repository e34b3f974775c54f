#include <yaml.h>

#include <memory>
#include <set>
#include <utility>

#include "base/format.h"
#include "rules/value.h"

namespace lazaret::rules {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxBytes = 1U << 20;

class Reader {
 public:
  Reader(std::string_view text, std::string origin) : origin_(std::move(origin)) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  base::Result<std::vector<Value>> Run() {
    std::vector<Value> out;
    for (;;) {
      LAZARET_TRY(Next());
      if (event_.type == YAML_STREAM_END_EVENT) return out;
      if (event_.type == YAML_STREAM_START_EVENT || event_.type == YAML_DOCUMENT_START_EVENT ||
          event_.type == YAML_DOCUMENT_END_EVENT) {
        continue;
      }
      LAZARET_ASSIGN(Value value, Read(0));
      if (value.kind != ValueKind::kScalar || !value.text.empty()) out.push_back(std::move(value));
    }
  }

 private:
  base::Status Next() {
    yaml_event_delete(&event_);
    event_ = {};
    if (yaml_parser_parse(&parser_, &event_) != 0) return base::Ok();
    const yaml_mark_t& mark = parser_.problem_mark;
    return ErrorAt(
        {origin_, mark.line + 1, mark.column + 1},
        base::Format("not YAML: {}", parser_.problem != nullptr ? parser_.problem : "unreadable"));
  }

  Place Here() const { return {origin_, event_.start_mark.line + 1, event_.start_mark.column + 1}; }

  base::Result<Value> Read(int depth) {
    Value value;
    value.place = Here();
    if (depth > kMaxDepth) return ErrorAt(value.place, "nested too deeply");
    switch (event_.type) {
      case YAML_SCALAR_EVENT:
        return Scalar(std::move(value));
      case YAML_SEQUENCE_START_EVENT:
        return Sequence(std::move(value), depth);
      case YAML_MAPPING_START_EVENT:
        return Mapping(std::move(value), depth);
      default:
        return ErrorAt(value.place, "anchors and aliases are not allowed");
    }
  }

  base::Result<Value> Scalar(Value value) {
    if (event_.data.scalar.anchor != nullptr || event_.data.scalar.tag != nullptr) {
      return ErrorAt(value.place, "anchors and tags are not allowed");
    }
    value.text.assign(reinterpret_cast<const char*>(event_.data.scalar.value),
                      event_.data.scalar.length);
    return value;
  }

  base::Result<Value> Sequence(Value value, int depth) {
    if (event_.data.sequence_start.anchor != nullptr || event_.data.sequence_start.tag != nullptr) {
      return ErrorAt(value.place, "anchors and tags are not allowed");
    }
    value.kind = ValueKind::kSequence;
    for (;;) {
      LAZARET_TRY(Next());
      if (event_.type == YAML_SEQUENCE_END_EVENT) return value;
      LAZARET_ASSIGN(Value item, Read(depth + 1));
      value.items.push_back(std::move(item));
    }
  }

  base::Result<Value> Mapping(Value value, int depth) {
    if (event_.data.mapping_start.anchor != nullptr || event_.data.mapping_start.tag != nullptr) {
      return ErrorAt(value.place, "anchors and tags are not allowed");
    }
    value.kind = ValueKind::kMapping;
    std::set<std::string> seen;
    for (;;) {
      LAZARET_TRY(Next());
      if (event_.type == YAML_MAPPING_END_EVENT) return value;
      Entry entry;
      entry.place = Here();
      LAZARET_ASSIGN(Value key, Read(depth + 1));
      if (key.kind != ValueKind::kScalar) return ErrorAt(entry.place, "a key must be text");
      entry.key = key.text;
      if (!seen.insert(entry.key).second)
        return ErrorAt(entry.place, base::Format("duplicate key {}", entry.key));
      LAZARET_TRY(Next());
      LAZARET_ASSIGN(entry.value, Read(depth + 1));
      value.entries.push_back(std::move(entry));
    }
  }

  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::string origin_;
};

}  // namespace

base::Result<std::vector<Value>> ParseYaml(std::string_view text, const std::string& origin) {
  if (text.size() > kMaxBytes) return ErrorAt({origin, 1, 1}, "larger than 1 MiB");
  return Reader(text, origin).Run();
}

}  // namespace lazaret::rules
