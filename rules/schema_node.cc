#include "base/format.h"
#include "base/text.h"
#include "base/unicode/normalize.h"
#include "rules/schema.h"

namespace lazaret::rules {
namespace {

base::Status ReadWindow(const Value& value, EvidenceWords& near) {
  if (value.kind == ValueKind::kScalar) {
    LAZARET_ASSIGN(const std::uint32_t both, ReadNumber(value, "near.window", 1, 2000));
    near.before = both;
    near.after = both;
    return base::Ok();
  }
  LAZARET_TRY(CheckKeys(value, "near.window", {"before", "after"}));
  for (const Entry& entry : value.entries) {
    LAZARET_ASSIGN(const std::uint32_t size,
                   ReadNumber(entry.value, "near.window." + entry.key, 0, 2000));
    (entry.key == "before" ? near.before : near.after) = size;
  }
  return base::Ok();
}

base::Status ReadNear(const Value& value, const Lists& lists, NodeSpec& node) {
  LAZARET_TRY(CheckKeys(value, "near", {"window", "raise", "lower"}));
  node.has_near = true;
  for (const Entry& entry : value.entries) {
    if (entry.key == "window") {
      LAZARET_TRY(ReadWindow(entry.value, node.near));
      continue;
    }
    LAZARET_ASSIGN(auto words, ReadWords(entry.value, lists, "near." + entry.key));
    for (std::string& word : words) word = base::SimpleLower(word);
    (entry.key == "raise" ? node.near.raise : node.near.lower) = std::move(words);
  }
  if (node.near.raise.empty() && node.near.lower.empty())
    return FieldError(value.place, "near", "needs raise or lower");
  return base::Ok();
}

base::Status ReadConfidence(const Value& value, NodeSpec& node) {
  if (const Value* found = value.Find("min_confidence")) {
    LAZARET_ASSIGN(node.min_confidence, ReadLevel(*found, "min_confidence"));
  }
  if (const Value* found = value.Find("min_distinct")) {
    LAZARET_ASSIGN(node.min_distinct, ReadNumber(*found, "min_distinct", 1, 100'000));
  }
  return base::Ok();
}

base::Result<NodeSpec> ReadDetector(const Value& value) {
  LAZARET_TRY(CheckKeys(value, "a detector", {"detector", "min_confidence", "min_distinct"}));
  NodeSpec node;
  node.kind = NodeKind::kDetector;
  const Value& name = *value.Find("detector");
  node.place = name.place;
  LAZARET_ASSIGN(node.detector, ReadText(name, "detector"));
  if (FindDetector(node.detector) == nullptr) {
    std::string known;
    for (const DetectorEntry& entry : Detectors())
      known += (known.empty() ? "" : ", ") + std::string(entry.id);
    return FieldError(name.place, "detector",
                      base::Format("unknown detector \"{}\"; known are {}",
                                   base::EscapeLine(node.detector, 60), known));
  }
  LAZARET_TRY(ReadConfidence(value, node));
  return node;
}

base::Status ReadRegexOptions(const Value& value, const Lists& lists, NodeSpec& node) {
  if (const Value* found = value.Find("group")) {
    LAZARET_ASSIGN(const std::uint32_t group, ReadNumber(*found, "group", 0, 20));
    node.group = static_cast<int>(group);
  }
  if (const Value* found = value.Find("validator")) {
    LAZARET_ASSIGN(node.validator, ReadText(*found, "validator"));
    if (FindValidator(node.validator) == nullptr) {
      return FieldError(
          found->place, "validator",
          base::Format("unknown validator \"{}\"; known are luhn, iban, gb11643, iso7064_mod97_10",
                       base::EscapeLine(node.validator, 60)));
    }
  }
  if (const Value* found = value.Find("base_confidence")) {
    LAZARET_ASSIGN(node.base_confidence, ReadLevel(*found, "base_confidence"));
  }
  if (const Value* found = value.Find("entropy")) {
    LAZARET_ASSIGN(node.entropy, ReadDecimal(*found, "entropy", 0.1, 8));
  }
  if (const Value* found = value.Find("near")) LAZARET_TRY(ReadNear(*found, lists, node));
  return base::Ok();
}

base::Result<NodeSpec> ReadRegex(const Value& value, const Lists& lists) {
  LAZARET_TRY(CheckKeys(value, "a regex",
                        {"regex", "group", "validator", "base_confidence", "near", "entropy",
                         "min_confidence", "min_distinct"}));
  NodeSpec node;
  node.kind = NodeKind::kRegex;
  const Value& regex = *value.Find("regex");
  node.place = regex.place;
  LAZARET_ASSIGN(node.regex, ReadText(regex, "regex"));
  if (node.regex.empty() || node.regex.size() > kMaxRegexBytes) {
    return FieldError(regex.place, "regex",
                      base::Format("must have 1 to {} bytes", kMaxRegexBytes));
  }
  // "\b" in double quotes is a backspace in YAML, and matches nothing that people write.
  if (node.regex.find('\b') != std::string::npos) {
    return FieldError(regex.place, "regex",
                      "holds a backspace: in double quotes \\b is one; use single quotes");
  }
  LAZARET_TRY(ReadRegexOptions(value, lists, node));
  LAZARET_TRY(ReadConfidence(value, node));
  return node;
}

base::Result<NodeSpec> ReadKeywords(const Value& value, const Lists& lists) {
  LAZARET_TRY(CheckKeys(value, "keywords", {"keywords", "min_count"}));
  NodeSpec node;
  node.kind = NodeKind::kKeywords;
  const Value& words = *value.Find("keywords");
  node.place = words.place;
  LAZARET_ASSIGN(node.words, ReadWords(words, lists, "keywords"));
  if (words.kind == ValueKind::kScalar) node.list = words.text;
  if (const Value* found = value.Find("min_count")) {
    LAZARET_ASSIGN(node.min_count, ReadNumber(*found, "min_count", 1, 4096));
  }
  return node;
}

using MaybeNode = std::optional<NodeSpec>;

// False when one of them has a fault.
bool ReadChildren(const Value& value, const Lists& lists, int depth, NodeSpec& node,
                  Faults& faults) {
  if (value.kind != ValueKind::kSequence || value.items.empty()) {
    faults.Add(FieldError(value.place, "match", "must be a list of at least one condition"));
    return false;
  }
  for (const Value& item : value.items) {
    if (MaybeNode child = ReadNode(item, lists, depth + 1, faults))
      node.children.push_back(std::move(*child));
  }
  return node.children.size() == value.items.size();
}

base::Status ReadAtLeast(const Value& value, const Value& number, const Place& place,
                         NodeSpec& node) {
  node.kind = NodeKind::kAtLeast;
  LAZARET_ASSIGN(node.at_least, ReadNumber(number, "at_least", 1, 100));
  const Value* of = value.Find("of");
  if (of == nullptr || value.entries.size() != 2)
    return FieldError(place, "at_least", "needs `of` and nothing else");
  if (of->kind == ValueKind::kSequence && node.at_least > of->items.size())
    return FieldError(place, "at_least", "is more than there are conditions");
  return base::Ok();
}

MaybeNode ReadTree(const Value& value, const Lists& lists, int depth, Faults& faults) {
  if (!faults.Check(CheckKeys(
          value, "a condition",
          {"detector", "regex", "keywords", "proximity", "all", "any", "none", "at_least", "of"})))
    return std::nullopt;
  const Entry& entry =
      value.entries.front().key == "of" ? value.entries.back() : value.entries.front();
  NodeSpec node;
  node.place = entry.place;
  const Value* children = &entry.value;
  if (entry.key == "at_least") {
    if (!faults.Check(ReadAtLeast(value, entry.value, entry.place, node))) return std::nullopt;
    children = value.Find("of");
  } else if (value.entries.size() != 1) {
    faults.Add(FieldError(entry.place, entry.key, "must stand alone"));
    return std::nullopt;
  } else {
    node.kind = entry.key == "all"   ? NodeKind::kAll
                : entry.key == "any" ? NodeKind::kAny
                                     : NodeKind::kNone;
  }
  if (!ReadChildren(*children, lists, depth, node, faults)) return std::nullopt;
  return node;
}

base::Status ReadProximityOptions(const Value& value, const Value& inner, NodeSpec& node) {
  LAZARET_TRY(CheckKeys(value, "a condition", {"proximity"}));
  LAZARET_TRY(CheckKeys(inner, "proximity", {"window", "ordered", "of"}));
  const Value* window = inner.Find("window");
  if (window == nullptr || inner.Find("of") == nullptr)
    return FieldError(inner.place, "proximity", "needs window and of");
  LAZARET_ASSIGN(node.window, ReadNumber(*window, "proximity.window", 1, 2000));
  if (const Value* found = inner.Find("ordered")) {
    LAZARET_ASSIGN(node.ordered, ReadBool(*found, "proximity.ordered"));
  }
  return base::Ok();
}

MaybeNode ReadProximity(const Value& value, const Lists& lists, int depth, Faults& faults) {
  const Value& inner = *value.Find("proximity");
  NodeSpec node;
  node.kind = NodeKind::kProximity;
  node.place = inner.place;
  if (!faults.Check(ReadProximityOptions(value, inner, node))) return std::nullopt;
  const Value& of = *inner.Find("of");
  if (!ReadChildren(of, lists, depth, node, faults)) return std::nullopt;
  if (node.children.size() < 2) {
    faults.Add(FieldError(of.place, "proximity.of", "needs at least two"));
    return std::nullopt;
  }
  for (const NodeSpec& child : node.children) {
    if (child.children.empty()) continue;
    faults.Add(FieldError(child.place, "proximity.of", "takes detector, regex and keywords only"));
    return std::nullopt;
  }
  return node;
}

std::string NoList(const std::string& name, const Lists& lists) {
  constexpr std::string_view kEnding = ".txt";
  const std::string shown = base::EscapeLine(name, 60);
  if (name.size() > kEnding.size() &&
      name.compare(name.size() - kEnding.size(), kEnding.size(), kEnding) == 0) {
    return base::Format("there is no list \"{}\": write list:{}, without .txt", shown,
                        base::EscapeLine(name.substr(0, name.size() - kEnding.size()), 60));
  }
  std::string known;
  for (const auto& entry : lists.words) known += (known.empty() ? "" : ", ") + entry.first;
  return base::Format("there is no list \"{}\": no file {}/{}.txt; lists are: {}", shown,
                      base::EscapeLine(lists.folder, 200), shown,
                      known.empty() ? "none" : base::EscapeLine(known, 400));
}

}  // namespace

base::Result<std::vector<std::string>> ReadWords(const Value& value, const Lists& lists,
                                                 std::string_view field) {
  std::vector<std::string> raw;
  if (value.kind == ValueKind::kScalar) {
    if (value.text.rfind("list:", 0) != 0)
      return FieldError(value.place, field, "must be a list of words, or list:NAME");
    const std::string name = value.text.substr(5);
    auto found = lists.words.find(name);
    if (found == lists.words.end()) return FieldError(value.place, field, NoList(name, lists));
    raw = found->second;
  } else {
    LAZARET_ASSIGN(raw, ReadTextList(value, field));
  }
  if (raw.empty() || raw.size() > kMaxWords) {
    return FieldError(value.place, field, base::Format("must have 1 to {} words", kMaxWords));
  }
  std::vector<std::string> out;
  for (const std::string& word : raw) {
    const base::NormalizedText normal = base::NormalizeForDetection(word);
    if (base::TrimAscii(normal.view()).empty())
      return FieldError(value.place, field, "holds a word without any character");
    out.emplace_back(base::TrimAscii(normal.view()));
  }
  return out;
}

std::optional<NodeSpec> ReadNode(const Value& value, const Lists& lists, int depth,
                                 Faults& faults) {
  if (depth > kMaxTreeDepth) {
    faults.Add(FieldError(value.place, "match",
                          base::Format("nested deeper than {} levels", kMaxTreeDepth)));
    return std::nullopt;
  }
  if (value.kind != ValueKind::kMapping || value.entries.empty()) {
    faults.Add(FieldError(
        value.place, "match",
        "must be a condition: detector, regex, keywords, all, any, none, at_least or proximity"));
    return std::nullopt;
  }
  if (value.Find("detector") != nullptr) return faults.Take(ReadDetector(value));
  if (value.Find("regex") != nullptr) return faults.Take(ReadRegex(value, lists));
  if (value.Find("keywords") != nullptr) return faults.Take(ReadKeywords(value, lists));
  if (value.Find("proximity") != nullptr) return ReadProximity(value, lists, depth, faults);
  return ReadTree(value, lists, depth, faults);
}

}  // namespace lazaret::rules
