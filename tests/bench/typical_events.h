// Decisions as a mail host of some hundred users makes them: nine in ten clean, one recipient or
// few, one to four parts.
#ifndef LAZARET_TESTS_BENCH_TYPICAL_EVENTS_H_
#define LAZARET_TESTS_BENCH_TYPICAL_EVENTS_H_

#include <cstdint>
#include <string>

#include "base/format.h"
#include "tests/db/events.h"

namespace lazaret::bench {

// Long queue ids of Postfix: so many characters, told apart by `number`.
inline std::string QueueId(std::uint64_t number) { return base::Format("4Zb{:011x}", number); }

inline void AddParts(int number, db::DecisionEvent& event) {
  const auto part = [&event](const char* path, const char* name, const char* type) {
    event.analysis.tree.push_back({policy::ArtifactKind::kPart, 0, path, name, type, type, 20'000,
                                   std::string(base::AsBytes(base::Sha256(path)))});
  };
  event.analysis.tree.push_back(
      {policy::ArtifactKind::kMessage, 0, "message", "", "", "message/rfc822", 24'000, ""});
  part("message > part 1", "", "text/plain");
  if (number % 2 == 0) part("message > part 2", "", "text/html");
  if (number % 8 == 0) part("message > part 3", "report.pdf", "application/pdf");
}

inline void AddJudgement(int number, db::DecisionEvent& event) {
  policy::Verdict& verdict = event.verdict;
  if (number % 10 == 0) {
    const bool bad = number % 100 == 0;
    verdict.cls = bad ? policy::Class::kMalicious : policy::Class::kSuspicious;
    verdict.action = bad ? policy::Action::kReject : policy::Action::kTag;
    const char* code = bad ? "clamav.signature" : "html.link-mismatch";
    verdict.findings = {db::testing::SampleFinding(code, verdict.cls)};
    verdict.reason = code;
  }
  verdict.wanted = verdict.action;
  for (const std::string& one : event.envelope.recipients) {
    verdict.recipients.push_back(
        db::testing::SampleRecipient(one, verdict.action, verdict.findings.size()));
  }
}

inline db::DecisionEvent TypicalDecision(int number) {
  db::DecisionEvent event;
  event.verdict_id = db::NewVerdictId();
  event.time.micros = db::testing::kFirstSecond * 1'000'000 + number;
  event.node = "mx1";
  policy::Envelope& envelope = event.envelope;
  envelope.sender = base::Format("sender{}@mail{}.example.org", number, number % 3000);
  envelope.recipients = {base::Format("user{}@lazaret.test", number % 500)};
  if (number % 4 == 0)
    envelope.recipients.push_back(base::Format("user{}@lazaret.test", number % 499));
  envelope.client_address = base::Format("192.0.2.{}", number % 250);
  envelope.client_name = envelope.helo = base::Format("mail{}.example.org", number % 3000);
  envelope.daemon_name = "inbound";
  envelope.queue_id = QueueId(static_cast<std::uint64_t>(number));
  envelope.message_id = base::Format("{}.4711@mail{}.example.org", number, number % 3000);
  envelope.tls = {"TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, "", ""};
  event.message_sha256 = event.body_sha256 = base::Sha256(envelope.message_id);
  event.message_bytes = 24'000;
  event.analysis.looked = {"ambiguity", "filetype", "clamav", "content_rules", "dlp"};
  event.analysis.timing = {{"mime", 120}, {"filetype", 300}, {"clamav", 9000}, {"rules", 800}};
  event.analysis.subject = base::Format("Minutes of meeting {}", number);
  AddParts(number, event);
  AddJudgement(number, event);
  event.generation = "0123456789abcdef";
  event.engine = "ClamAV 1.4.6/27400/Tue Nov 24 09:00:00 2026";
  event.confinement = "full";
  event.millis = 42;
  return event;
}

}  // namespace lazaret::bench

#endif  // LAZARET_TESTS_BENCH_TYPICAL_EVENTS_H_
