#include "rules/loader.h"

#include <optional>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"
#include "base/text.h"
#include "rules/schema.h"

namespace lazaret::rules {
namespace {

constexpr std::size_t kVersionDigits = 12;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

// Hash of the rule's own lines: from its first key to the next document.
std::string VersionOf(const std::vector<std::string_view>& lines, std::size_t first_line) {
  base::Sha256Stream hash;
  for (std::size_t i = first_line > 0 ? first_line - 1 : 0; i < lines.size(); ++i) {
    if (lines[i].rfind("---", 0) == 0 && i + 1 != first_line) break;
    hash.Update(lines[i]);
    hash.Update("\n");
  }
  return base::Hex(base::AsBytes(hash.Finish())).substr(0, kVersionDigits);
}

base::Error Twice(const RuleSpec& rule, const RuleSpec& first) {
  return ErrorAt(rule.place, base::Format("id: {} is already used at {}", rule.summary.id,
                                          first.summary.origin));
}

std::vector<std::string> WordsOf(const ListDocument& list, Faults& faults) {
  std::vector<std::string> words;
  std::size_t number = 0;
  std::string_view text = list.text;
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
    text.remove_prefix(kByteOrderMark.size());
  for (std::string_view line : LinesOf(text)) {
    ++number;
    const std::string_view word = base::TrimAscii(line);
    if (word.empty() || word.front() == '#') continue;
    if (!base::IsValidUtf8(word)) {
      faults.Add(ErrorAt({list.origin, number, 1}, "not UTF-8"));
      continue;
    }
    words.emplace_back(word);
  }
  if (words.size() > kMaxWords)
    faults.Add(ErrorAt({list.origin, number, 1}, base::Format("more than {} entries", kMaxWords)));
  return words;
}

// A site rule takes the place of the shipped one with its id.
void Enter(RuleSpec rule, std::vector<RuleSpec>& rules, std::map<std::string, std::size_t>& index,
           Faults& faults) {
  const auto [found, added] = index.try_emplace(rule.summary.id, rules.size());
  if (added) {
    rules.push_back(std::move(rule));
    return;
  }
  RuleSpec& first = rules[found->second];
  if (first.summary.site == rule.summary.site) {
    faults.Add(Twice(rule, first));
  } else {
    first = std::move(rule);
  }
}

}  // namespace

Lists ReadLists(const std::vector<ListDocument>& lists, Faults& faults) {
  Lists out;
  for (const ListDocument& list : lists) {
    if (out.words.emplace(list.name, WordsOf(list, faults)).second) continue;
    faults.Add(
        ErrorAt({list.origin, 1, 1}, base::Format("there are two lists named {}", list.name)));
  }
  return out;
}

std::vector<RuleSpec> ReadRules(const Document& document, const Lists& lists, Faults& faults) {
  const auto values = ParseYaml(document.text, document.origin, faults);
  const auto lines = LinesOf(document.text);
  std::vector<RuleSpec> rules;
  for (const Value& value : values) {
    std::optional<RuleSpec> rule = ReadRule(value, lists, faults);
    if (!rule) continue;
    rule->summary.version = VersionOf(lines, rule->place.line);
    rule->summary.site = document.site;
    rules.push_back(std::move(*rule));
  }
  return rules;
}

std::vector<RuleSpec> LoadRules(const Bundle& bundle, Faults& faults) {
  Lists lists = ReadLists(bundle.lists, faults);
  lists.folder = bundle.lists_folder;
  std::vector<RuleSpec> out;
  std::map<std::string, std::size_t> index;
  for (bool site : {false, true}) {
    for (const Document& document : bundle.rules) {
      if (document.site != site) continue;
      for (RuleSpec& rule : ReadRules(document, lists, faults))
        Enter(std::move(rule), out, index, faults);
      if (out.size() > kMaxRules) {
        faults.Add({base::ErrorCode::kLimit,
                    base::Format("{}: more than {} rules", document.origin, kMaxRules)});
        return out;
      }
    }
  }
  return out;
}

}  // namespace lazaret::rules
