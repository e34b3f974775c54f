#include "app/front/refusal.h"

namespace lazaret::front {
namespace {

struct RefusalWords {
  std::string_view code;
  std::string_view rule;  // the configuration key of the limit
  std::string_view why;
  policy::Class cls;
};

RefusalWords WordsFor(milter::RefusalReason reason) {
  switch (reason) {
    case milter::RefusalReason::kMessageBytes:
      return {"scan.unscannable.message-bytes", "limits.message_bytes",
              "larger than the limit, not looked at", policy::Class::kUnscannable};
    case milter::RefusalReason::kHeaderFields:
      return {"scan.unscannable.header-fields", "limits.header_fields",
              "more header fields than the limit, not looked at", policy::Class::kUnscannable};
    case milter::RefusalReason::kOwnFields:
      return {"mail.forged-fields", "", "more X-Lazaret fields than are removed, not looked at",
              policy::Class::kPolicy};
    case milter::RefusalReason::kSpool:
      return {"scan.error.spool", "", "the message could not be stored", policy::Class::kError};
    case milter::RefusalReason::kOrder:
      return {"scan.error.session", "", "commands in an impossible order, or no recipient",
              policy::Class::kError};
    case milter::RefusalReason::kInternal:
      break;
  }
  return {"scan.error.session", "", "an internal failure while the message came in",
          policy::Class::kError};
}

}  // namespace

policy::Verdict VerdictOfRefusal(const milter::Refusal& refusal) {
  const RefusalWords words = WordsFor(refusal.reason);
  const bool permanent = !refusal.reply.code.empty() && refusal.reply.code[0] == '5';
  policy::Finding finding;
  finding.code = words.code;
  finding.cls = words.cls;
  finding.rule = words.rule;
  finding.scanner = "session";
  finding.path = "message";
  finding.evidence = words.why;
  finding.proposed = permanent ? policy::Action::kReject : policy::Action::kTempfail;
  policy::Verdict verdict;
  verdict.cls = finding.cls;
  verdict.action = verdict.wanted = *finding.proposed;
  verdict.reason = finding.code;
  const policy::Steps steps(
      {{0, verdict.action, policy::StepSource::kRule, std::string(words.rule)}});
  for (const std::string& recipient : refusal.envelope.recipients) {
    verdict.recipients.push_back({recipient, verdict.action, "", "", false, steps});
  }
  verdict.findings.push_back(std::move(finding));
  return verdict;
}

}  // namespace lazaret::front
