// Runs all rules and detectors in one pass over the message's text, turns rule matches into
// findings, and masks what a detector matched in subject and names before anything reaches the
// record.
#ifndef LAZARET_SCANNERS_CONTENT_RULES_CONTENT_RULES_SCANNER_H_
#define LAZARET_SCANNERS_CONTENT_RULES_CONTENT_RULES_SCANNER_H_

#include <memory>
#include <string>
#include <vector>

#include "rules/rule_set.h"
#include "scanners/content_rules/content_session.h"
#include "scanners/content_rules/record_mask.h"
#include "scanners/scanner.h"

namespace lazaret::scanners {

class ContentRulesScanner final : public Scanner {
 public:
  ContentRulesScanner(std::shared_ptr<const rules::RuleSet> rules,
                      std::shared_ptr<ContentSession> session)
      : rules_(std::move(rules)), session_(std::move(session)) {}

  std::string_view Name() const override { return "content_rules"; }
  void Begin(const policy::JobFacts& facts) override;
  bool Wants(const mail::Artifact&) const override { return false; }
  base::Result<Findings> Scan(const mail::Artifact&, base::Deadline) override { return Findings{}; }
  base::Result<Findings> Finish(const mail::ArtifactTree& tree, base::Deadline deadline) override;
  void Report(policy::Analysis& analysis) const override;

 private:
  void LearnValues(const rules::MessageFacts& facts, const mail::ArtifactTree& tree);

  std::shared_ptr<const rules::RuleSet> rules_;
  std::shared_ptr<ContentSession> session_;
  policy::JobFacts facts_;
  // Values a detector matched where they could reach the record by another way than evidence:
  // subject, file names, headers. They never leave this object. Until an evaluation has looked at
  // all text, all digits are hidden.
  RecordMask mask_;
};

}  // namespace lazaret::scanners

#endif  // LAZARET_SCANNERS_CONTENT_RULES_CONTENT_RULES_SCANNER_H_
