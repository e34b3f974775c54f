#include "app/config/policy_file.h"

#include <algorithm>

#include "app/config/config.h"
#include "base/crypto.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::config {
namespace {

namespace yaml = base::yaml;

constexpr std::size_t kMaxBlocks = 1000;  // each is looked at for each recipient
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxCodeBytes = 128;
constexpr std::size_t kMaxShownBytes = 100;
constexpr std::string_view kErrorCodes = "scan.error";

class PolicyParser {
 public:
  explicit PolicyParser(const std::string& origin) : origin_(origin) {}
  base::Result<policy::Policy> Parse(const yaml::Node& document);

 private:
  base::Result<policy::Action> ReadAction(const yaml::Node& node) const;
  base::Status ReadClasses(const yaml::Node& node,
                           std::map<policy::Class, policy::Action>& out) const;
  base::Status ReadCodes(const yaml::Node& node, policy::Block& block) const;
  base::Result<policy::Block> ReadBlock(const yaml::Node& node) const;
  base::Status ReadBlocks(const yaml::Node& node, policy::Policy& out) const;
  base::Status RefuseUnlooked(const yaml::Field& entry, policy::Action action) const;
  base::Status CheckErrorCodes(const yaml::Node& codes, const policy::Block& block) const;
  base::Error At(const yaml::Node& node, std::string_view why) const {
    return yaml::ErrorAt(origin_, node, why);
  }

  const std::string& origin_;
  bool accept_unlooked_ = false;  // the file says that unlooked mail may pass
};

std::string Shown(const yaml::Node& node) { return base::EscapeLine(node.text, kMaxShownBytes); }

// Whether the mail still reaches its recipients.
bool Delivers(policy::Action action) { return action < policy::Action::kHold; }

// Codes of findings of class error are `scan.error.<scanner>`.
bool IsErrorCode(std::string_view key) {
  return key.substr(0, kErrorCodes.size()) == kErrorCodes &&
         (key.size() == kErrorCodes.size() || key[kErrorCodes.size()] == '.');
}

base::Status PolicyParser::RefuseUnlooked(const yaml::Field& entry, policy::Action action) const {
  if (accept_unlooked_ || !Delivers(action)) return base::Ok();
  return At(entry.value,
            base::Format("\"{}: {}\" would accept mail that could not be looked at; it is refused "
                         "unless \"accept_unlooked: true\" stands in this file",
                         Shown(entry.key), policy::Name(action)));
}

// An entry reaches error codes by naming them, or by a shorter prefix that no entry in between
// takes them from.
base::Status PolicyParser::CheckErrorCodes(const yaml::Node& codes,
                                           const policy::Block& block) const {
  const bool all_named = block.codes.count(kErrorCodes) != 0;
  for (const yaml::Field& field : codes.fields) {
    const std::string& key = field.key.text;
    if (IsErrorCode(key) || (key == "scan" && !all_named))
      LAZARET_TRY(RefuseUnlooked(field, block.codes.find(key)->second));
  }
  return base::Ok();
}

base::Result<policy::Action> PolicyParser::ReadAction(const yaml::Node& node) const {
  if (node.kind != yaml::Kind::kScalar) return At(node, "an action is expected");
  const auto action = policy::ParseAction(node.text);
  if (!action) return At(node, base::Format("unknown action \"{}\"", Shown(node)));
  if (!policy::IsBuilt(*action))
    return At(node, base::Format("action \"{}\" is not built in this version", Shown(node)));
  return *action;
}

base::Status PolicyParser::ReadClasses(const yaml::Node& node,
                                       std::map<policy::Class, policy::Action>& out) const {
  if (node.kind != yaml::Kind::kMapping) return At(node, "classes with actions are expected");
  for (const yaml::Field& field : node.fields) {
    const auto cls = policy::ParseClass(field.key.text);
    if (!cls) return At(field.key, base::Format("unknown class \"{}\"", Shown(field.key)));
    LAZARET_ASSIGN(out[*cls], ReadAction(field.value));
    if (*cls == policy::Class::kError) LAZARET_TRY(RefuseUnlooked(field, out[*cls]));
  }
  return base::Ok();
}

bool IsCode(std::string_view text) {
  if (text.empty() || text.size() > kMaxCodeBytes || text.front() == '.' || text.back() == '.')
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

base::Status PolicyParser::ReadCodes(const yaml::Node& node, policy::Block& block) const {
  if (node.kind != yaml::Kind::kMapping) return At(node, "finding codes with actions are expected");
  for (const yaml::Field& field : node.fields) {
    if (!IsCode(field.key.text))
      return At(field.key, base::Format("\"{}\" is no finding code", Shown(field.key)));
    LAZARET_ASSIGN(block.codes[field.key.text], ReadAction(field.value));
  }
  return CheckErrorCodes(node, block);
}

base::Result<policy::Block> PolicyParser::ReadBlock(const yaml::Node& node) const {
  yaml::MappingReader reader(node, origin_, "block");
  policy::Block block;
  block.origin = base::Format("{}:{}", origin_, node.line);
  block.name = reader.RequiredString("name");
  const yaml::Node* when = reader.Take("when");
  const yaml::Node* classes = reader.Take("classes");
  const yaml::Node* codes = reader.Take("codes");
  LAZARET_TRY(reader.Finish());
  if (block.name.size() > kMaxNameBytes)
    return At(*node.Find("name"), "a name is longer than 64 bytes");
  if (when != nullptr) {
    LAZARET_ASSIGN(block.when, ParseWhen(*when, origin_));
  }
  if (classes != nullptr) LAZARET_TRY(ReadClasses(*classes, block.classes));
  if (codes != nullptr) LAZARET_TRY(ReadCodes(*codes, block));
  return block;
}

base::Status PolicyParser::ReadBlocks(const yaml::Node& node, policy::Policy& out) const {
  if (node.IsNull()) return base::Ok();
  if (node.kind != yaml::Kind::kSequence) return At(node, "a list of blocks is expected");
  if (node.items.size() > kMaxBlocks) return At(node.items[kMaxBlocks], "more than 1000 blocks");
  std::set<std::string> names;
  for (const yaml::Node& item : node.items) {
    LAZARET_ASSIGN(policy::Block block, ReadBlock(item));
    if (!names.insert(block.name).second) {
      const yaml::Node& name = *item.Find("name");
      return At(name, base::Format("a block \"{}\" stands above already", Shown(name)));
    }
    out.blocks.push_back(std::move(block));
  }
  return base::Ok();
}

base::Result<policy::Policy> PolicyParser::Parse(const yaml::Node& document) {
  policy::Policy out;
  out.defaults = policy::DefaultClassActions();
  yaml::MappingReader reader(document, origin_, "policy");
  const yaml::Node* version = reader.Require("version");
  const yaml::Node* defaults = reader.Take("defaults");
  const yaml::Node* blocks = reader.Take("blocks");
  accept_unlooked_ = reader.Bool("accept_unlooked", false);
  LAZARET_TRY(reader.Finish());
  if (version->kind != yaml::Kind::kScalar || version->text != "1")
    return At(*version, "version 1 is expected");
  if (defaults != nullptr) LAZARET_TRY(ReadClasses(*defaults, out.defaults));
  if (blocks != nullptr) LAZARET_TRY(ReadBlocks(*blocks, out));
  return out;
}

}  // namespace

base::Result<policy::Policy> ParsePolicy(std::string_view text, const std::string& origin) {
  LAZARET_ASSIGN(const yaml::Node document, yaml::ParseDocument(text, origin));
  PolicyParser parser(origin);
  LAZARET_ASSIGN(policy::Policy out, parser.Parse(document));
  out.revision = base::Hex(base::AsBytes(base::Sha256(text)));
  return out;
}

}  // namespace lazaret::config
