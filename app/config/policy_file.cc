#include "app/config/policy_file.h"

#include <algorithm>

#include "app/config/config.h"
#include "app/config/faults.h"
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
  PolicyParser(const std::string& origin, FaultList& faults) : origin_(origin), faults_(faults) {}
  // What is right is taken over; faults are collected.
  policy::Policy Parse(const yaml::Node& document);

 private:
  std::optional<policy::Action> ReadAction(const yaml::Node& node);
  void ReadClasses(const yaml::Node& node, std::map<policy::Class, policy::Action>& out);
  void ReadCodes(const yaml::Node& node, policy::Block& block);
  policy::Block ReadBlock(const yaml::Node& node);
  void ReadBlocks(const yaml::Node& node, policy::Policy& out);
  void RefuseUnlooked(const yaml::Field& entry, policy::Action action);
  void CheckErrorCodes(const yaml::Node& codes, const policy::Block& block);
  void Fault(const yaml::Node& node, std::string_view why) {
    faults_.Add(yaml::ErrorAt(origin_, node, why));
  }

  const std::string& origin_;
  FaultList& faults_;
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

void PolicyParser::RefuseUnlooked(const yaml::Field& entry, policy::Action action) {
  if (accept_unlooked_ || !Delivers(action)) return;
  Fault(entry.value,
        base::Format("\"{}: {}\" would accept mail that could not be looked at; it is refused "
                     "unless \"accept_unlooked: true\" stands in this file",
                     Shown(entry.key), policy::Name(action)));
}

// An entry reaches error codes by naming them, or by a shorter prefix that no entry in between
// takes them from.
void PolicyParser::CheckErrorCodes(const yaml::Node& codes, const policy::Block& block) {
  const bool all_named = block.codes.count(kErrorCodes) != 0;
  for (const yaml::Field& field : codes.fields) {
    const auto entry = block.codes.find(field.key.text);
    if (entry == block.codes.end()) continue;
    if (IsErrorCode(entry->first) || (entry->first == "scan" && !all_named))
      RefuseUnlooked(field, entry->second);
  }
}

std::optional<policy::Action> PolicyParser::ReadAction(const yaml::Node& node) {
  const auto action =
      node.kind == yaml::Kind::kScalar ? policy::ParseAction(node.text) : std::nullopt;
  if (node.kind != yaml::Kind::kScalar) {
    Fault(node, "an action is expected");
  } else if (!action) {
    Fault(node, base::Format("unknown action \"{}\"", Shown(node)));
  } else if (!policy::IsBuilt(*action)) {
    Fault(node, base::Format("action \"{}\" is not built in this version", Shown(node)));
    return std::nullopt;
  }
  return action;
}

void PolicyParser::ReadClasses(const yaml::Node& node,
                               std::map<policy::Class, policy::Action>& out) {
  if (node.kind != yaml::Kind::kMapping) return Fault(node, "classes with actions are expected");
  for (const yaml::Field& field : node.fields) {
    const auto cls = policy::ParseClass(field.key.text);
    if (!cls) Fault(field.key, base::Format("unknown class \"{}\"", Shown(field.key)));
    const auto action = ReadAction(field.value);
    if (!cls || !action) continue;
    out[*cls] = *action;
    if (*cls == policy::Class::kError) RefuseUnlooked(field, *action);
  }
}

bool IsCode(std::string_view text) {
  if (text.empty() || text.size() > kMaxCodeBytes || text.front() == '.' || text.back() == '.')
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

void PolicyParser::ReadCodes(const yaml::Node& node, policy::Block& block) {
  if (node.kind != yaml::Kind::kMapping)
    return Fault(node, "finding codes with actions are expected");
  for (const yaml::Field& field : node.fields) {
    const bool code = IsCode(field.key.text);
    if (!code) Fault(field.key, base::Format("\"{}\" is no finding code", Shown(field.key)));
    const auto action = ReadAction(field.value);
    if (code && action) block.codes[field.key.text] = *action;
  }
  CheckErrorCodes(node, block);
}

policy::Block PolicyParser::ReadBlock(const yaml::Node& node) {
  yaml::MappingReader reader(node, origin_, "block");
  policy::Block block;
  block.origin = base::Format("{}:{}", origin_, node.line);
  block.name = reader.RequiredString("name");
  const yaml::Node* when = reader.Take("when");
  const yaml::Node* classes = reader.Take("classes");
  const yaml::Node* codes = reader.Take("codes");
  faults_.Take(reader.Finish());
  if (block.name.size() > kMaxNameBytes)
    Fault(*node.Find("name"), "a name is longer than 64 bytes");
  if (when != nullptr) {
    auto parsed = ParseWhen(*when, origin_);
    if (parsed.ok()) {
      block.when = std::move(parsed).value();
    } else {
      faults_.Add(std::move(parsed).error());
    }
  }
  if (classes != nullptr) ReadClasses(*classes, block.classes);
  if (codes != nullptr) ReadCodes(*codes, block);
  return block;
}

void PolicyParser::ReadBlocks(const yaml::Node& node, policy::Policy& out) {
  if (node.IsNull()) return;
  if (node.kind != yaml::Kind::kSequence) return Fault(node, "a list of blocks is expected");
  if (node.items.size() > kMaxBlocks) return Fault(node.items[kMaxBlocks], "more than 1000 blocks");
  std::set<std::string> names;
  for (const yaml::Node& item : node.items) {
    policy::Block block = ReadBlock(item);
    if (!block.name.empty() && !names.insert(block.name).second) {
      const yaml::Node& name = *item.Find("name");
      Fault(name, base::Format("a block \"{}\" stands above already", Shown(name)));
    }
    out.blocks.push_back(std::move(block));
  }
}

policy::Policy PolicyParser::Parse(const yaml::Node& document) {
  policy::Policy out;
  out.defaults = policy::DefaultClassActions();
  yaml::MappingReader reader(document, origin_, "policy");
  const yaml::Node* version = reader.Require("version");
  const yaml::Node* defaults = reader.Take("defaults");
  const yaml::Node* blocks = reader.Take("blocks");
  accept_unlooked_ = reader.Bool("accept_unlooked", false);
  faults_.Take(reader.Finish());
  if (version != nullptr && (version->kind != yaml::Kind::kScalar || version->text != "1"))
    Fault(*version, "version 1 is expected");
  if (defaults != nullptr) ReadClasses(*defaults, out.defaults);
  if (blocks != nullptr) ReadBlocks(*blocks, out);
  return out;
}

base::Result<policy::Policy> ParseAll(std::string_view text, const std::string& origin,
                                      FaultList& faults) {
  auto document = yaml::ParseDocument(text, origin);
  if (!document.ok()) {
    faults.Add(std::move(document).error());
    return faults.First();
  }
  policy::Policy out = PolicyParser(origin, faults).Parse(*document);
  if (!faults.empty()) return faults.First();
  out.revision = base::Hex(base::AsBytes(base::Sha256(text)));
  return out;
}

}  // namespace

base::Result<policy::Policy> ParsePolicy(std::string_view text, const std::string& origin,
                                         std::vector<std::string>* faults) {
  FaultList list(origin);
  auto parsed = ParseAll(text, origin, list);
  if (faults != nullptr && !parsed.ok()) *faults = list.Lines();
  return parsed;
}

}  // namespace lazaret::config
