// Everything an analyzer says about one message, and its encoding. A worker is a possible attacker:
// DecodeAnalysis checks every count, length, enum, tree index and UTF-8 string, and refuses the
// whole on the first fault. docs/formats-memory.md, "Result memory file".
#ifndef LAZARET_POLICY_ANALYSIS_H_
#define LAZARET_POLICY_ANALYSIS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/envelope.h"
#include "policy/finding.h"

namespace lazaret::policy {

struct Analysis {
  std::vector<Finding> findings;
  std::vector<ArtifactRecord> tree;
  std::vector<std::string> looked;    // scanners that looked at all they wanted
  std::vector<NotLooked> not_looked;  // scanners that could not, with the reason
  std::vector<Timing> timing;
  std::vector<DetectorCount> detectors;
  std::string subject;              // decoded, detector matches masked
  std::optional<Envelope> assumed;  // only when the facts said envelope=assume
  bool poison = false;              // AnalysisForPoison alone; not encoded, no worker can say it
  bool busy = false;                // AnalysisForBusy alone; not encoded either
};

// What the front knows and the analyzer needs to know: the facts memory file.
struct JobFacts {
  Envelope envelope;
  bool assume_envelope = false;  // fill sender and recipients from From/To/Cc before Begin
  bool sender_seen_before = false;
  std::string
      auth_results;  // trusted Authentication-Results values, one a line; empty until asked for
  std::uint32_t budget_millis = 0;  // time until the zygote kills the worker
  bool plain =
      false;  // a second try: optional extractors stay off, one of them may have been fatal
};

// Caps, each a refusal when exceeded. They stop a taken-over worker from filling the front's
// memory.
inline constexpr std::size_t kMaxResultBytes = 16U << 20;
inline constexpr std::uint32_t kMaxFindings = 10'000;
inline constexpr std::uint32_t kMaxTreeNodes = 20'000;
inline constexpr std::uint32_t kMaxRecipients = 50'000;
inline constexpr std::size_t kMaxNameBytes = 4096;  // codes, names, paths, evidence
inline constexpr std::size_t kMaxSubjectBytes = 8192;

// Analyzer side: strings over their cap are cut at a character boundary, ill-formed UTF-8 is
// replaced. Findings that have no room are dropped so that neither class nor action gets weaker
// under any policy, and one more says so (policy/fit_findings.h).
std::string EncodeAnalysis(const Analysis& analysis);
base::Result<Analysis> DecodeAnalysis(std::string_view bytes);

std::string EncodeFacts(const JobFacts& facts);
base::Result<JobFacts> DecodeFacts(std::string_view bytes);

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_ANALYSIS_H_
