// Events for the tests of db, contract and the log commands.
#ifndef LAZARET_TESTS_DB_EVENTS_H_
#define LAZARET_TESTS_DB_EVENTS_H_

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "db/event.h"
#include "db/verdict_log.h"
#include "db/verdict_store.h"

namespace lazaret::db::testing {

inline constexpr std::int64_t kFirstSecond = 1'772'366'400;  // 2026-03-01T12:00:00Z

inline policy::Finding SampleFinding(const std::string& code, policy::Class cls) {
  policy::Finding finding;
  finding.code = code;
  finding.cls = cls;
  finding.rule = "rule." + code;
  finding.rule_version = "3";
  finding.scanner = "content_rules";
  finding.path = "message > part 2 > offer.zip > run.lnk";
  finding.artifact = 1;
  finding.span = policy::Span{policy::SpanUnit::kCharacters, 10, 29};
  finding.evidence = "4111 **** **** 1111";
  finding.severity = policy::Severity::kHigh;
  finding.confidence = policy::Confidence::kHigh;
  finding.count = 2;
  finding.proposed = policy::Action::kReject;
  return finding;
}

inline policy::RecipientVerdict SampleRecipient(const std::string& address, policy::Action action,
                                                std::size_t findings) {
  policy::RecipientVerdict one;
  one.recipient = address;
  one.action = action;
  one.block = "staff";
  one.block_origin = "policy.yaml:12";
  for (std::size_t i = 0; i < findings; ++i) {
    one.steps.push_back(
        {static_cast<std::uint32_t>(i), action, policy::StepSource::kClass, "malicious"});
  }
  return one;
}

// Every field is set; `number` makes it distinct and later by a second.
inline DecisionEvent SampleDecision(int number = 0) {
  DecisionEvent event;
  event.verdict_id = NewVerdictId();
  event.time.micros = (kFirstSecond + number) * 1'000'000 + 123'456;
  event.node = "mx1";
  event.envelope.sender = "Alice" + std::to_string(number) + "@Example.org";
  event.envelope.recipients = {"bob@lazaret.test", "Carol@Other.test"};
  event.envelope.client_address = "192.0.2.7";
  event.envelope.client_name = "mail.example.org";
  event.envelope.helo = "helo.example.org";
  event.envelope.auth_user = "alice";
  event.envelope.daemon_name = "inbound";
  event.envelope.queue_id = "4ABC";
  event.envelope.message_id = "id@example.org";
  event.envelope.tls = {"TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, "CN=alice", "CN=ca"};
  event.envelope.direction = policy::Direction::kOutbound;
  event.message_sha256 = base::Sha256("message" + std::to_string(number));
  event.body_sha256 = base::Sha256("body" + std::to_string(number));
  event.message_bytes = 4711;
  event.analysis.tree = {
      {policy::ArtifactKind::kMessage, 0, "message", "", "", "message/rfc822", 4711, ""},
      {policy::ArtifactKind::kPart, 0, "message > part 2", "offer.zip", "application/zip",
       "application/zip", 1000, std::string(base::AsBytes(base::Sha256("zip")))}};
  event.analysis.looked = {"clamav", "dlp"};
  event.analysis.not_looked = {{"filetype", "no time left"}};
  event.analysis.timing = {{"mime", 120}, {"clamav", 9000}};
  event.analysis.detectors = {{"payment_card", 2, policy::Confidence::kHigh}};
  event.analysis.subject = "Your offer \xE4\xBD\xA0\xE5\xA5\xBD";
  event.verdict.cls = policy::Class::kMalicious;
  event.verdict.action = policy::Action::kReject;
  event.verdict.wanted = policy::Action::kReject;
  event.verdict.reason = "clamav.signature: Eicar (+1)";
  event.verdict.findings = {SampleFinding("clamav.signature", policy::Class::kMalicious),
                            SampleFinding("dlp.payment_card", policy::Class::kPolicy)};
  event.verdict.recipients = {SampleRecipient("bob@lazaret.test", policy::Action::kReject, 2),
                              SampleRecipient("Carol@Other.test", policy::Action::kHold, 2)};
  event.generation = "0123456789abcdef";
  event.engine = "ClamAV 1.4.6";
  event.confinement = "full";
  event.smtp_reply = "550 5.7.1 refused";
  event.millis = 42;
  return event;
}

inline DecisionEvent CleanDecision(int number = 0) {
  DecisionEvent event = SampleDecision(number);
  event.verdict.cls = policy::Class::kClean;
  event.verdict.action = event.verdict.wanted = policy::Action::kAccept;
  event.verdict.reason.clear();
  event.verdict.findings.clear();
  event.verdict.recipients = {SampleRecipient("bob@lazaret.test", policy::Action::kAccept, 0),
                              SampleRecipient("Carol@Other.test", policy::Action::kAccept, 0)};
  event.smtp_reply.clear();
  return event;
}

// A folder that goes away with the test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lazaret-db-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string database() const { return path_ + "/db/verdicts.db"; }

 private:
  std::string path_;
};

}  // namespace lazaret::db::testing

#endif  // LAZARET_TESTS_DB_EVENTS_H_
