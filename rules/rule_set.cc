#include "rules/rule_set.h"

#include <utility>

#include "rules/faults.h"
#include "rules/hits.h"
#include "rules/loader.h"
#include "rules/program.h"
#include "rules/rule_tests.h"

namespace lazaret::rules {
namespace {

// Mail-like text of both languages that touches words of many rules, so that automata grow before
// workers fork.
constexpr std::string_view kSample =
    "From: Example <a@example.org>\nSubject: Your account, order no 20261124, invoice and "
    "delivery\n"
    "Dear customer, please find attached the document and the password for your mailbox. Click "
    "here within 24 "
    "hours: https://www.example.org/path?id=12345&x=%20\nCard 4539 5787 6362 1486 exp 09/29, IBAN "
    "DE79 6639 2332 "
    "1468 8197 "
    "36\n尊敬的客户：您的订单已发货，请点击链接查看物流信息，账号与密码请勿告诉他人。收款账户变更请"
    "电话确认。\n"
    "{{ first_name }} ${value} a.pdf.exe report (final).docx 0123456789 "
    "abcdefghijklmnopqrstuvwxyz\n";

class CompiledRuleSet final : public RuleSet {
 public:
  explicit CompiledRuleSet(std::shared_ptr<const Program> program) : program_(std::move(program)) {}

  const std::vector<RuleSummary>& summaries() const override { return program_->summaries; }
  std::vector<RuleTestFailure> RunTests() const override { return RunRuleTests(*program_); }

  void Warm() const override {
    MessageFacts facts;
    for (Scope scope : {Scope::kSubject, Scope::kHeader, Scope::kBody, Scope::kAttachment,
                        Scope::kFilename, Scope::kUrl, Scope::kRaw}) {
      TextUnit unit;
      unit.scope = scope;
      unit.text = kSample;
      facts.units.push_back(unit);
    }
    for (Direction direction : {Direction::kInbound, Direction::kOutbound, Direction::kLocal}) {
      facts.direction = direction;
      // Nothing to do when it fails: what cannot be warmed is asked again for each message.
      static_cast<void>(Evaluate(facts, base::Deadline()).ok());
    }
  }

  base::Result<Evaluation> Evaluate(const MessageFacts& facts,
                                    base::Deadline deadline) const override {
    LAZARET_ASSIGN(const Hits hits, Collect(*program_, facts, deadline, {}));
    Evaluation evaluation;
    evaluation.truncated = hits.truncated;
    evaluation.matches = Judge(*program_, hits, kNoIndex);
    SumUpDetectors(*program_, hits, evaluation);
    if (deadline.Expired())
      return base::Error{base::ErrorCode::kTimeout, "rules: the deadline passed"};
    return evaluation;
  }

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace

base::Result<std::shared_ptr<const RuleSet>> RuleSet::Compile(const Bundle& bundle) {
  Faults faults;
  auto compiled = CompileNaming(bundle, faults);
  if (compiled == nullptr) return faults.Summary();
  return compiled;
}

std::shared_ptr<const RuleSet> CompileNaming(const Bundle& bundle, Faults& faults) {
  auto rules = LoadRules(bundle, faults);
  auto program = CompileProgram(std::move(rules), bundle.masking_key, faults);
  if (!faults.empty()) return nullptr;
  return std::shared_ptr<const RuleSet>(std::make_shared<CompiledRuleSet>(std::move(program)));
}

}  // namespace lazaret::rules
