#include "app/analyzer/pipeline.h"

#include "app/analyzer/addresses.h"
#include "base/text.h"

namespace lazaret::analyzer {
namespace {

class Stopwatch {
 public:
  std::uint64_t Micros() const {
    return static_cast<std::uint64_t>((base::MonotonicNow() - start_) / 1000);
  }

 private:
  base::Nanoseconds start_ = base::MonotonicNow();
};

policy::ArtifactRecord RecordOf(const mail::Artifact& artifact) {
  policy::ArtifactRecord record;
  record.kind = static_cast<policy::ArtifactKind>(artifact.kind);
  record.parent = artifact.parent;
  record.path = artifact.path;
  if (!artifact.claimed_names.empty()) record.claimed_name = artifact.claimed_names.front();
  record.declared_type = artifact.declared_type;
  record.detected_type = artifact.detected_type;
  record.size = artifact.content.size();
  const bool message = artifact.kind == mail::ArtifactKind::kMessage;
  if (message || !artifact.multipart) record.sha256 = std::string(base::AsBytes(artifact.sha256));
  return record;
}

std::vector<policy::ArtifactRecord> RecordsOf(const mail::ArtifactTree& tree) {
  std::vector<policy::ArtifactRecord> records;
  records.reserve(tree.artifacts.size());
  for (const mail::Artifact& artifact : tree.artifacts) records.push_back(RecordOf(artifact));
  // The root has no content of its own; what it stands for is the whole message.
  records.front().size = tree.message.size();
  if (records.front().detected_type.empty()) records.front().detected_type = "message/rfc822";
  return records;
}

// lazaret scan without --sender or --recipient: the envelope as the header claims it.
policy::Envelope AssumedEnvelope(const policy::Envelope& given, const mail::ArtifactTree& tree) {
  policy::Envelope envelope = given;
  envelope.assumed = true;
  const bool wants_sender = envelope.sender.empty();
  const bool wants_recipients = envelope.recipients.empty();
  for (const mail::HeaderField& field : tree.headers) {
    const std::string name = base::AsciiLower(field.name);
    if (name == "from" && wants_sender && envelope.sender.empty()) {
      const std::vector<std::string> from = AddressesOf(field.value);
      if (!from.empty()) envelope.sender = from.front();
    } else if ((name == "to" || name == "cc") && wants_recipients) {
      for (std::string& address : AddressesOf(field.value)) {
        if (envelope.recipients.size() < kMaxAssumedAddresses) {
          envelope.recipients.push_back(std::move(address));
        }
      }
    }
  }
  return envelope;
}

std::string SubjectOf(const mail::ArtifactTree& tree) {
  for (const mail::TextUnit& unit : tree.texts) {
    if (unit.origin == mail::TextOrigin::kSubject && unit.artifact == 0) return unit.text;
  }
  return {};
}

}  // namespace

policy::Analysis Pipeline::Analyze(std::string_view message, const policy::JobFacts& facts,
                                   base::Deadline deadline) {
  policy::Analysis analysis;
  const Stopwatch reading;
  mail::ReadLimits limits = limits_;
  limits.open_containers = !facts.plain;
  auto tree = mail::ReadMessage(message, limits, deadline);
  analysis.timing.push_back({"mime", reading.Micros()});
  if (!tree.ok()) {
    for (const auto& scanner : scanners_) {
      analysis.not_looked.push_back({std::string(scanner->Name()), tree.error().text});
    }
    return analysis;
  }
  policy::JobFacts known = facts;
  if (facts.assume_envelope) {
    known.envelope = AssumedEnvelope(facts.envelope, *tree);
    analysis.assumed = known.envelope;
  }
  analysis.tree = RecordsOf(*tree);
  analysis.subject = SubjectOf(*tree);
  for (const auto& scanner : scanners_) {
    scanner->Begin(known);
    RunScanner(*scanner, *tree, deadline, analysis);
  }
  // Last, so that a scanner that masks names sees what all others reported.
  for (const auto& scanner : scanners_) scanner->Report(analysis);
  return analysis;
}

void Pipeline::RunScanner(scanners::Scanner& scanner, const mail::ArtifactTree& tree,
                          base::Deadline deadline, policy::Analysis& analysis) {
  const Stopwatch watch;
  const std::string name(scanner.Name());
  std::string failure;
  for (const mail::Artifact& artifact : tree.artifacts) {
    if (!scanner.Wants(artifact)) continue;
    auto findings = scanner.Scan(artifact, deadline);
    if (!findings.ok()) {
      if (failure.empty()) failure = artifact.path + ": " + findings.error().text;
      continue;
    }
    for (policy::Finding& finding : *findings) analysis.findings.push_back(std::move(finding));
  }
  auto findings = scanner.Finish(tree, deadline);
  if (findings.ok()) {
    for (policy::Finding& finding : *findings) analysis.findings.push_back(std::move(finding));
  } else if (failure.empty()) {
    failure = findings.error().text;
  }
  analysis.timing.push_back({name, watch.Micros()});
  if (failure.empty()) {
    analysis.looked.push_back(name);
  } else {
    analysis.not_looked.push_back({name, base::EscapeLine(failure, 500)});
  }
}

}  // namespace lazaret::analyzer
