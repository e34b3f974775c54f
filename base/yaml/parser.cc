#include <yaml.h>

#include <memory>

#include "base/format.h"
#include "base/text.h"
#include "base/yaml/yaml.h"

namespace lazaret::base::yaml {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& origin) : origin_(origin) {
    LAZARET_CHECK(yaml_parser_initialize(&parser_) == 1);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    Drop();
    yaml_parser_delete(&parser_);
  }

  Result<std::vector<Node>> Stream();

 private:
  Status Next() {
    Drop();
    if (yaml_parser_parse(&parser_, &event_) != 1) return SyntaxError();
    held_ = true;
    return Ok();
  }
  void Drop() {
    if (held_) yaml_event_delete(&event_);
    held_ = false;
  }
  // Builds the node that the held event begins; the last event of it is held afterwards.
  Result<Node> Build(int depth);
  Status BuildSequence(Node& node, int depth);
  Status BuildMapping(Node& node, int depth);
  Status RefuseExtras(const yaml_char_t* anchor, const yaml_char_t* tag, const Node& at) const;
  Error SyntaxError() const;
  Node Start() const {
    Node node;
    node.line = static_cast<int>(event_.start_mark.line) + 1;
    node.column = static_cast<int>(event_.start_mark.column) + 1;
    return node;
  }

  const std::string& origin_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  bool held_ = false;
  std::size_t nodes_ = 0;
};

Error Parser::SyntaxError() const {
  const char* problem = parser_.problem != nullptr ? parser_.problem : "not YAML";
  std::string text = Format("{}:{}:{}: {}", origin_, parser_.problem_mark.line + 1,
                            parser_.problem_mark.column + 1, problem);
  if (parser_.context != nullptr) {
    text += Format(" {} (begun at line {}, column {})", parser_.context,
                   parser_.context_mark.line + 1, parser_.context_mark.column + 1);
  }
  return Error{ErrorCode::kInvalid, std::move(text)};
}

Status Parser::RefuseExtras(const yaml_char_t* anchor, const yaml_char_t* tag,
                            const Node& at) const {
  if (anchor != nullptr) return ErrorAt(origin_, at, "anchors are not allowed");
  if (tag != nullptr) return ErrorAt(origin_, at, "tags are not allowed");
  return Ok();
}

Result<Node> Parser::Build(int depth) {
  Node node = Start();
  if (depth > kMaxDepth) return ErrorAt(origin_, node, Format("nested deeper than {}", kMaxDepth));
  if (++nodes_ > kMaxNodes) return ErrorAt(origin_, node, Format("more than {} values", kMaxNodes));
  switch (event_.type) {
    case YAML_SCALAR_EVENT: {
      const auto& scalar = event_.data.scalar;
      // libyaml marks "!" (non-specific) with a tag as well; plain_implicit tells ordinary scalars.
      LAZARET_TRY(RefuseExtras(scalar.anchor, scalar.tag, node));
      node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
      node.quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE;
      return node;
    }
    case YAML_SEQUENCE_START_EVENT:
      LAZARET_TRY(
          RefuseExtras(event_.data.sequence_start.anchor, event_.data.sequence_start.tag, node));
      LAZARET_TRY(BuildSequence(node, depth));
      return node;
    case YAML_MAPPING_START_EVENT:
      LAZARET_TRY(
          RefuseExtras(event_.data.mapping_start.anchor, event_.data.mapping_start.tag, node));
      LAZARET_TRY(BuildMapping(node, depth));
      return node;
    case YAML_ALIAS_EVENT:
      return ErrorAt(origin_, node, "aliases are not allowed");
    default:
      return ErrorAt(origin_, node, "not a value");
  }
}

Status Parser::BuildSequence(Node& node, int depth) {
  node.kind = Kind::kSequence;
  for (;;) {
    LAZARET_TRY(Next());
    if (event_.type == YAML_SEQUENCE_END_EVENT) return Ok();
    LAZARET_ASSIGN(Node item, Build(depth + 1));
    node.items.push_back(std::move(item));
  }
}

Status Parser::BuildMapping(Node& node, int depth) {
  node.kind = Kind::kMapping;
  std::set<std::string, std::less<>> seen;
  for (;;) {
    LAZARET_TRY(Next());
    if (event_.type == YAML_MAPPING_END_EVENT) return Ok();
    LAZARET_ASSIGN(Node key, Build(depth + 1));
    if (key.kind != Kind::kScalar) return ErrorAt(origin_, key, "a key must be a word");
    if (key.text == "<<" && !key.quoted) return ErrorAt(origin_, key, "merge keys are not allowed");
    if (!seen.insert(key.text).second)
      return ErrorAt(origin_, key, "duplicate key \"" + EscapeLine(key.text, 100) + "\"");
    LAZARET_TRY(Next());
    LAZARET_ASSIGN(Node value, Build(depth + 1));
    node.fields.push_back(Field{std::move(key), std::move(value)});
  }
}

Result<std::vector<Node>> Parser::Stream() {
  std::vector<Node> documents;
  LAZARET_TRY(Next());  // stream start
  for (;;) {
    LAZARET_TRY(Next());
    if (event_.type == YAML_STREAM_END_EVENT) return documents;
    if (event_.type == YAML_DOCUMENT_START_EVENT || event_.type == YAML_DOCUMENT_END_EVENT)
      continue;
    LAZARET_ASSIGN(Node document, Build(1));
    documents.push_back(std::move(document));
  }
}

}  // namespace

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Names the place of the first byte that belongs to no character.
Status CheckUtf8(std::string_view text, const std::string& origin) {
  if (IsValidUtf8(text)) return Ok();
  const std::string_view start = text.substr(0, 2);
  const bool utf16 = start == "\xFF\xFE" || start == "\xFE\xFF";
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    NextCodePoint(text, at);
    if (!IsValidUtf8(text.substr(begin, at - begin))) break;
    column = text[begin] == '\n' ? 1 : column + 1;
    if (text[begin] == '\n') ++line;
  }
  return Error{ErrorCode::kInvalid,
               Format("{}:{}:{}: not valid UTF-8{}", origin, line, column,
                      utf16 ? "; the file looks like UTF-16, save it as UTF-8" : "")};
}

}  // namespace

Result<std::vector<Node>> ParseStream(std::string_view text, const std::string& origin) {
  if (text.size() > kMaxBytes) {
    return Error{ErrorCode::kLimit, Format("{}:1:1: larger than {} bytes", origin, kMaxBytes)};
  }
  LAZARET_TRY(CheckUtf8(text, origin));
  // YAML 1.2, section 5.2: a byte order mark may stand at the start of a stream.
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
    text.remove_prefix(kByteOrderMark.size());
  Parser parser(text, origin);
  return parser.Stream();
}

Result<Node> ParseDocument(std::string_view text, const std::string& origin) {
  LAZARET_ASSIGN(std::vector<Node> documents, ParseStream(text, origin));
  if (documents.size() > 1) return ErrorAt(origin, documents[1], "one document is expected");
  if (documents.empty() || documents[0].IsNull()) {
    Node empty;
    empty.kind = Kind::kMapping;
    empty.line = empty.column = 1;
    return empty;
  }
  return std::move(documents[0]);
}

}  // namespace lazaret::base::yaml
