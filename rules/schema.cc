#include "rules/schema.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "rules/pattern_set.h"

namespace lazaret::rules {
namespace {

constexpr std::size_t kMaxIdBytes = 64;

bool HasOnly(std::string_view text, std::string_view extra, bool upper) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z') ||
           extra.find(c) != std::string_view::npos;
  });
}

bool UsesDetector(const NodeSpec& node) {
  return node.kind == NodeKind::kDetector ||
         std::any_of(node.children.begin(), node.children.end(), UsesDetector);
}

void CheckPatterns(const NodeSpec& node, Faults& faults) {
  for (const NodeSpec& child : node.children) CheckPatterns(child, faults);
  if (node.kind != NodeKind::kRegex) return;
  const auto pattern = Pattern::Compile(node.regex, node.group);
  if (!pattern.ok()) faults.Add(FieldError(node.place, "regex", pattern.error().text));
}

class RuleReader {
 public:
  RuleReader(const Value& document, const Lists& lists) : document_(document), lists_(lists) {}

  std::optional<RuleSpec> Run(Faults& faults) {
    CheckKeys(document_, "a rule",
              {"id", "name", "description", "status", "severity", "tags", "references",
               "false_positives", "direction", "scope", "keywords", "match", "thresholds", "action",
               "code", "class", "tests"},
              faults);
    rule_.place = document_.place;
    rule_.summary.origin = base::Format("{}:{}", document_.place.origin, document_.place.line);
    using Step = base::Status (RuleReader::*)();
    for (const Step step :
         {&RuleReader::Id, &RuleReader::RuleName, &RuleReader::Code, &RuleReader::Status,
          &RuleReader::Severity, &RuleReader::Class, &RuleReader::Texts, &RuleReader::Directions,
          &RuleReader::Keywords, &RuleReader::Action}) {
      faults.Check((this->*step)());
    }
    Where(faults);
    What(faults);
    if (const Value* found = document_.Find("thresholds")) ReadThresholds(*found, faults);
    if (const Value* found = document_.Find("tests")) {
      rule_.tests = ReadTests(*found, plain_, faults);
      rule_.summary.tests = static_cast<std::uint32_t>(rule_.tests.size());
    }
    if (faults.empty()) return std::move(rule_);
    // Rules without faults are compiled later, and their patterns then.
    CheckPatterns(rule_.match, faults);
    return std::nullopt;
  }

 private:
  base::Result<const Value*> Need(std::string_view key) const {
    const Value* found = document_.Find(key);
    if (found == nullptr) return FieldError(document_.place, key, "is missing");
    return found;
  }

  base::Status Id() {
    LAZARET_ASSIGN(const Value* id, Need("id"));
    LAZARET_ASSIGN(rule_.summary.id, ReadText(*id, "id"));
    if (rule_.summary.id.empty() || rule_.summary.id.size() > kMaxIdBytes ||
        !HasOnly(rule_.summary.id, "-_.", true)) {
      return FieldError(id->place, "id", "must be 1 to 64 letters, digits, '-', '_' or '.'");
    }
    return base::Ok();
  }

  base::Status RuleName() {
    LAZARET_ASSIGN(const Value* name, Need("name"));
    LAZARET_ASSIGN(rule_.summary.name, ReadText(*name, "name"));
    if (rule_.summary.name.empty()) return FieldError(name->place, "name", "must not be empty");
    return base::Ok();
  }

  // After Id, which it is made of when it is not said.
  base::Status Code() {
    rule_.summary.code = "rule." + base::AsciiLower(rule_.summary.id);
    const Value* code = document_.Find("code");
    if (code == nullptr) return base::Ok();
    LAZARET_ASSIGN(rule_.summary.code, ReadText(*code, "code"));
    const std::string& text = rule_.summary.code;
    const bool dotted =
        text.find('.') != std::string::npos && text.front() != '.' && text.back() != '.';
    if (!dotted || text.size() > kMaxIdBytes || !HasOnly(text, "-_.", false)) {
      return FieldError(code->place, "code",
                        "must be dotted lower case, such as dlp.customer-number");
    }
    return base::Ok();
  }

  base::Status Status() {
    const Value* found = document_.Find("status");
    if (found == nullptr) return base::Ok();
    LAZARET_ASSIGN(const std::size_t index,
                   ReadChoice(*found, "status", {"draft", "shadow", "enforce"}));
    rule_.summary.state = static_cast<RuleState>(index);
    return base::Ok();
  }

  base::Status Severity() {
    const Value* found = document_.Find("severity");
    if (found == nullptr) return base::Ok();
    LAZARET_ASSIGN(rule_.summary.severity, ReadSeverity(*found, "severity"));
    return base::Ok();
  }

  base::Status Class() {
    const Value* found = document_.Find("class");
    if (found == nullptr) return base::Ok();
    LAZARET_TRY(ReadChoice(*found, "class", {"suspicious", "policy", "malicious"}));
    rule_.summary.cls = found->text;
    return base::Ok();
  }

  base::Status Texts() {
    if (const Value* found = document_.Find("description")) {
      LAZARET_ASSIGN(rule_.description, ReadText(*found, "description"));
    }
    if (const Value* found = document_.Find("tags")) {
      LAZARET_ASSIGN(rule_.summary.tags, ReadTextList(*found, "tags"));
    }
    for (std::string_view key : {"references", "false_positives"}) {
      const Value* found = document_.Find(key);
      if (found != nullptr) LAZARET_TRY(ReadTextList(*found, key));
    }
    return base::Ok();
  }

  base::Status Keywords() {
    const Value* found = document_.Find("keywords");
    if (found == nullptr) return base::Ok();
    LAZARET_ASSIGN(rule_.keywords, ReadWords(*found, lists_, "keywords"));
    return base::Ok();
  }

  base::Status Action() {
    const Value* found = document_.Find("action");
    if (found == nullptr) return base::Ok();
    LAZARET_ASSIGN(rule_.action, ReadAction(*found, "action"));
    return base::Ok();
  }

  void Where(Faults& faults) {
    const Value* scope = document_.Find("scope");
    if (scope == nullptr) {
      rule_.scope.mask =
          ScopeBit(Scope::kSubject) | ScopeBit(Scope::kBody) | ScopeBit(Scope::kAttachment);
      return;
    }
    if (scope->kind != ValueKind::kSequence || scope->items.empty()) {
      faults.Add(FieldError(scope->place, "scope", "must be a list of at least one scope"));
      return;
    }
    for (const Value& item : scope->items) faults.Check(ReadScope(item));
    if ((rule_.scope.mask & ScopeBit(Scope::kBody)) != 0) plain_ = TestUnit{};
  }

  base::Status Directions() {
    rule_.summary.direction = "any";
    const Value* found = document_.Find("direction");
    if (found == nullptr || (found->kind == ValueKind::kScalar && found->text == "any"))
      return base::Ok();
    rule_.directions = 0;
    rule_.summary.direction.clear();
    std::vector<Value> items =
        found->kind == ValueKind::kSequence ? found->items : std::vector<Value>{*found};
    if (items.empty()) return FieldError(found->place, "direction", "must not be empty");
    for (const Value& item : items) {
      auto direction = ReadDirection(item, "direction");
      if (!direction.ok() && found->kind == ValueKind::kScalar) {
        return FieldError(item.place, "direction", "must be one of inbound, outbound, local, any");
      }
      if (!direction.ok()) return std::move(direction).error();
      rule_.directions = static_cast<std::uint8_t>(rule_.directions | DirectionBit(*direction));
      rule_.summary.direction += (rule_.summary.direction.empty() ? "" : ",") + item.text;
    }
    return base::Ok();
  }

  base::Status ReadScope(const Value& item) {
    LAZARET_ASSIGN(const std::string name, ReadText(item, "scope"));
    const bool first = rule_.scope.mask == 0;
    if (base::AsciiEqualNoCase(name, "header:subject")) {
      Include({Scope::kSubject, {}, {}}, first);
      return base::Ok();
    }
    if (name.rfind("header:", 0) == 0 && name.size() > 7) {
      rule_.scope.header_names.push_back(base::AsciiLower(name.substr(7)));
      Include({Scope::kHeader, rule_.scope.header_names.back(), {}}, first);
      return base::Ok();
    }
    for (Scope scope : {Scope::kSubject, Scope::kHeader, Scope::kBody, Scope::kAttachment,
                        Scope::kFilename, Scope::kUrl, Scope::kRaw}) {
      if (name != Name(scope)) continue;
      if (scope == Scope::kHeader) rule_.scope.any_header = true;
      Include({scope, {}, {}}, first);
      return base::Ok();
    }
    return FieldError(
        item.place, "scope",
        base::Format(
            "unknown scope \"{}\"; known are subject, header, header:NAME, body, attachment, "
            "filename, url, raw",
            base::EscapeLine(name, 60)));
  }

  void Include(TestUnit unit, bool first) {
    rule_.scope.mask = static_cast<std::uint8_t>(rule_.scope.mask | ScopeBit(unit.scope));
    if (first) plain_ = std::move(unit);
  }

  void What(Faults& faults) {
    const std::optional<const Value*> match = faults.Take(Need("match"));
    if (!match) return;
    std::optional<NodeSpec> node = ReadNode(**match, lists_, 1, faults);
    if (!node) return;
    rule_.match = std::move(*node);
    if (rule_.match.kind == NodeKind::kNone) {
      faults.Add(FieldError((*match)->place, "match",
                            "none alone matches nearly all mail: put it inside all"));
    }
    if (UsesDetector(rule_.match) && rule_.scope.mask != 0 && !DetectorsLookAt(rule_.scope)) {
      faults.Add(FieldError((*match)->place, "match",
                            "detectors look at subject, body, attachment, filename and headers in "
                            "which people write only"));
    }
  }

  void ReadThresholds(const Value& value, Faults& faults) {
    if (value.kind != ValueKind::kSequence || value.items.empty()) {
      faults.Add(FieldError(value.place, "thresholds", "must be a list of at least one threshold"));
      return;
    }
    for (const Value& item : value.items) faults.Check(ReadThreshold(item));
  }

  base::Status ReadThreshold(const Value& item) {
    LAZARET_TRY(
        CheckKeys(item, "a threshold", {"distinct", "min_confidence", "action", "severity"}));
    ThresholdSpec threshold;
    const Value* distinct = item.Find("distinct");
    if (distinct == nullptr) return FieldError(item.place, "thresholds", "distinct is missing");
    LAZARET_ASSIGN(threshold.distinct, ReadNumber(*distinct, "thresholds.distinct", 1, 100'000));
    if (!rule_.thresholds.empty() && threshold.distinct < rule_.thresholds.back().distinct) {
      return FieldError(distinct->place, "thresholds.distinct",
                        "must not fall from one threshold to the next");
    }
    LAZARET_TRY(ReadThresholdRest(item, threshold));
    rule_.thresholds.push_back(std::move(threshold));
    return base::Ok();
  }

  static base::Status ReadThresholdRest(const Value& item, ThresholdSpec& threshold) {
    if (const Value* found = item.Find("min_confidence")) {
      LAZARET_ASSIGN(threshold.min_confidence, ReadLevel(*found, "thresholds.min_confidence"));
    }
    if (const Value* found = item.Find("action")) {
      LAZARET_ASSIGN(threshold.action, ReadAction(*found, "thresholds.action"));
    }
    if (const Value* found = item.Find("severity")) {
      LAZARET_ASSIGN(const RuleSeverity severity, ReadSeverity(*found, "thresholds.severity"));
      threshold.severity = severity;
    }
    return base::Ok();
  }

  const Value& document_;
  const Lists& lists_;
  RuleSpec rule_;
  TestUnit plain_;
};

}  // namespace

std::optional<RuleSpec> ReadRule(const Value& document, const Lists& lists, Faults& faults) {
  Faults own;
  std::optional<RuleSpec> rule = RuleReader(document, lists).Run(own);
  if (own.empty()) return rule;
  // The id helps where a file holds many rules.
  const Value* id = document.Find("id");
  const bool named = id != nullptr && id->kind == ValueKind::kScalar && !id->text.empty();
  faults.AddAll(own, named ? base::Format(" (rule {})", base::EscapeLine(id->text, 60)) : "");
  return std::nullopt;
}

}  // namespace lazaret::rules
