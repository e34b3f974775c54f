#include "rules/value.h"

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "base/suggest.h"
#include "base/text.h"
#include "rules/actions.h"

namespace lazaret::rules {
namespace {

std::string Quote(std::string_view text) {
  return base::Format("\"{}\"", base::EscapeLine(text, 60));
}

std::string Joined(std::initializer_list<std::string_view> names) {
  std::string out;
  for (std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

}  // namespace

const Value* Value::Find(std::string_view key) const {
  auto found = std::find_if(entries.begin(), entries.end(),
                            [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

base::Error FieldError(const Place& place, std::string_view field, std::string_view why) {
  return ErrorAt(place, base::Format("{}: {}", field, why));
}

void CheckKeys(const Value& value, std::string_view what,
               std::initializer_list<std::string_view> known, Faults& faults) {
  if (value.kind != ValueKind::kMapping) {
    faults.Add(FieldError(value.place, what, "must be a mapping of keys and values"));
    return;
  }
  for (const Entry& entry : value.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    faults.Add(ErrorAt(entry.place,
                       base::Format("unknown key {} in {}; {}", Quote(entry.key), what,
                                    base::UnknownHint(entry.key, {known.begin(), known.end()}))));
  }
}

base::Status CheckKeys(const Value& value, std::string_view what,
                       std::initializer_list<std::string_view> known) {
  Faults faults;
  CheckKeys(value, what, known, faults);
  if (faults.empty()) return base::Ok();
  return faults.kept().front();
}

base::Result<std::string> ReadText(const Value& value, std::string_view field) {
  if (value.kind != ValueKind::kScalar) return FieldError(value.place, field, "must be text");
  return value.text;
}

base::Result<std::vector<std::string>> ReadTextList(const Value& value, std::string_view field) {
  if (value.kind != ValueKind::kSequence) return FieldError(value.place, field, "must be a list");
  std::vector<std::string> out;
  for (const Value& item : value.items) {
    LAZARET_ASSIGN(std::string text, ReadText(item, field));
    if (text.empty()) return FieldError(item.place, field, "must not be empty");
    out.push_back(std::move(text));
  }
  return out;
}

base::Result<std::uint32_t> ReadNumber(const Value& value, std::string_view field,
                                       std::uint32_t min, std::uint32_t max) {
  LAZARET_ASSIGN(const std::string text, ReadText(value, field));
  const bool digits = !text.empty() && text.size() <= 9 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long number = digits ? std::strtoul(text.c_str(), nullptr, 10) : 0;
  if (!digits || number < min || number > max) {
    return FieldError(
        value.place, field,
        base::Format("must be a whole number from {} to {}, not {}", min, max, Quote(text)));
  }
  return static_cast<std::uint32_t>(number);
}

base::Result<double> ReadDecimal(const Value& value, std::string_view field, double min,
                                 double max) {
  LAZARET_ASSIGN(const std::string text, ReadText(value, field));
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const bool plain =
      !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos && *end == '\0';
  if (!plain || number < min || number > max) {
    return FieldError(
        value.place, field,
        base::Format("must be a number from {} to {}, not {}", min, max, Quote(text)));
  }
  return number;
}

base::Result<std::size_t> ReadChoice(const Value& value, std::string_view field,
                                     std::initializer_list<std::string_view> names) {
  LAZARET_ASSIGN(const std::string text, ReadText(value, field));
  auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) {
    return FieldError(value.place, field,
                      base::Format("must be one of {}, not {}", Joined(names), Quote(text)));
  }
  return static_cast<std::size_t>(found - names.begin());
}

base::Result<bool> ReadBool(const Value& value, std::string_view field) {
  LAZARET_ASSIGN(const std::size_t index, ReadChoice(value, field, {"false", "true"}));
  return index == 1;
}

base::Result<Level> ReadLevel(const Value& value, std::string_view field) {
  LAZARET_ASSIGN(const std::size_t index, ReadChoice(value, field, {"low", "medium", "high"}));
  return static_cast<Level>(index);
}

base::Result<RuleSeverity> ReadSeverity(const Value& value, std::string_view field) {
  LAZARET_ASSIGN(const std::size_t index,
                 ReadChoice(value, field, {"info", "low", "medium", "high", "critical"}));
  return static_cast<RuleSeverity>(index);
}

base::Result<Direction> ReadDirection(const Value& value, std::string_view field) {
  LAZARET_ASSIGN(const std::size_t index,
                 ReadChoice(value, field, {"inbound", "outbound", "local"}));
  return static_cast<Direction>(index);
}

base::Result<std::string> ReadAction(const Value& value, std::string_view field) {
  LAZARET_ASSIGN(std::string name, ReadText(value, field));
  switch (CheckAction(name)) {
    case ActionKnown::kBuilt:
      return name;
    case ActionKnown::kNotBuilt:
      return FieldError(
          value.place, field,
          base::Format("{} is not built yet; use one of {}", Quote(name), BuiltActions()));
    case ActionKnown::kUnknown:
      break;
  }
  return FieldError(value.place, field,
                    base::Format("unknown action {}; use one of {}", Quote(name), BuiltActions()));
}

}  // namespace lazaret::rules
