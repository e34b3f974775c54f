#include "rules/program.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/format.h"

namespace lazaret::rules {
namespace {

class Compiler {
 public:
  Compiler(std::vector<RuleSpec> rules, std::string key) : program_(std::make_shared<Program>()) {
    program_->rules = std::move(rules);
    program_->key = key.empty() ? base::RandomBytes(32) : std::move(key);
  }

  std::shared_ptr<const Program> Run(Faults& faults) {
    Program& program = *program_;
    program.leaves_of_rule.resize(program.rules.size());
    for (std::uint32_t i = 0; i < program.rules.size(); ++i) {
      program.summaries.push_back(program.rules[i].summary);
      program.no_prefilter.push_back(program.rules[i].keywords.empty());
      for (const std::string& word : program.rules[i].keywords) UseWord(word, {i, kNoIndex});
      AddNode(i, program.rules[i].match, faults);
    }
    if (!faults.empty()) return nullptr;
    BuildSets();
    for (const PatternFilter::Literal& literal : program.filter.literals())
      program.words.AddLiteral(literal.text, literal.number);
    program.words.Build();
    return std::move(program_);
  }

 private:
  void UseWord(std::string_view word, WordUse use) {
    const std::uint32_t number = program_->words.Add(word);
    if (program_->uses_of_word.size() <= number) program_->uses_of_word.resize(number + 1);
    program_->uses_of_word[number].push_back(use);
  }

  void AddNode(std::uint32_t rule, NodeSpec& node, Faults& faults) {
    if (!node.children.empty()) {
      for (NodeSpec& child : node.children) AddNode(rule, child, faults);
      return;
    }
    node.leaf = static_cast<std::uint32_t>(program_->leaves.size());
    Leaf leaf;
    leaf.rule = rule;
    leaf.node = &node;
    if (node.kind == NodeKind::kDetector) {
      leaf.detector = static_cast<std::uint32_t>(FindDetector(node.detector) - Detectors().data());
    } else if (node.kind == NodeKind::kRegex) {
      auto pattern = Pattern::Compile(node.regex, node.group);
      if (!pattern.ok()) {
        faults.Add(ErrorAt(node.place,
                           base::Format("rule {}: regex: {}", RuleId(rule), pattern.error().text)));
        return;
      }
      leaf.pattern = static_cast<std::uint32_t>(program_->patterns.size());
      leaf.validator = FindValidator(node.validator);
      program_->patterns.push_back(std::move(pattern).value());
    } else {
      for (const std::string& word : node.words) UseWord(word, {rule, node.leaf});
    }
    program_->leaves.push_back(leaf);
    program_->leaves_of_rule[rule].push_back(node.leaf);
  }

  // After the last pattern: uses point into the vector.
  void BuildSets() {
    std::vector<PatternUse> uses;
    for (std::uint32_t i = 0; i < program_->leaves.size(); ++i) {
      const Leaf& leaf = program_->leaves[i];
      const RuleSpec& rule = program_->rules[leaf.rule];
      if (leaf.pattern == kNoIndex || rule.summary.state == RuleState::kDraft) continue;
      uses.push_back({&program_->patterns[leaf.pattern],
                      {rule.scope.mask, rule.directions, !rule.keywords.empty(), false}});
      program_->leaf_of_use.push_back(i);
    }
    std::vector<std::string_view> regexes;
    for (const PatternUse& use : uses) regexes.push_back(use.pattern->regex());
    program_->filter = PatternFilter::Build(regexes);
    for (std::uint32_t i = 0; i < uses.size(); ++i)
      uses[i].key.filtered = program_->filter.IsFiltered(i);
    program_->sets = PatternSets::Build(uses);
  }

  const std::string& RuleId(std::uint32_t rule) const { return program_->rules[rule].summary.id; }

  std::shared_ptr<Program> program_;
};

}  // namespace

std::shared_ptr<const Program> CompileProgram(std::vector<RuleSpec> rules, std::string key,
                                              Faults& faults) {
  return Compiler(std::move(rules), std::move(key)).Run(faults);
}

}  // namespace lazaret::rules
