#include "scanners/clamav/clamav_scanner.h"

#include <algorithm>

#include "base/format.h"
#include "scanners/clamav/canonical.h"
#include "scanners/clamav/coverage.h"
#include "scanners/clamav/hit_findings.h"

namespace lazaret::scanners {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kClean = 0;
constexpr int kVirus = 1;

// Error messages of the library that speak of damaged content, not of its own trouble: a property
// of the mail. Trying again later would not help, so they are unscannable and not could-not-look.
constexpr std::string_view kContentErrors[] = {"cli_scanxz: premature end of compressed stream",
                                               "cli_scanxz: decompress error"};

bool IsAboutContent(std::string_view error) {
  return std::any_of(
      std::begin(kContentErrors), std::end(kContentErrors),
      [error](std::string_view known) { return error.find(known) != std::string_view::npos; });
}

policy::Finding DamagedFinding(const mail::ArtifactTree& tree, const std::string& error) {
  policy::Finding finding;
  finding.code = "scan.unscannable.damaged";
  finding.cls = policy::Class::kUnscannable;
  finding.scanner = "clamav";
  finding.path = tree.root().path;
  finding.evidence = error;
  return finding;
}

policy::Finding NotSeenFinding(const mail::ArtifactTree& tree, const std::string& why) {
  policy::Finding finding;
  finding.code = "scan.error.clamav";
  finding.cls = policy::Class::kError;
  finding.scanner = "clamav";
  finding.path = tree.root().path;
  finding.evidence = why;
  finding.severity = policy::Severity::kHigh;
  finding.confidence = policy::Confidence::kHigh;
  return finding;
}

// Runs the calls of one message and collects what they say.
class MessageScan {
 public:
  MessageScan(cl_engine* engine, const mail::ArtifactTree& tree)
      : engine_(engine), tree_(tree), coverage_(tree) {}

  base::Result<Findings> Run();

 private:
  // One call, and after a hit a second one that goes on to the end: a limit or a heuristic must not
  // hide a signature further on.
  Witness Look(std::string_view bytes, const char* what);
  void Take(const CallResult& result, const char* what);
  void LookAtUncovered();
  // True when what was found says why the rest was not reached: a signature settles it, a limit is
  // the finding. A suspicious link or an encrypted archive explains no unseen object.
  bool Explained() const;
  // The same signature is known in one of our objects: "somewhere in the message" adds nothing.
  bool NamedElsewhere(const Hit& hit) const;
  base::Result<Findings> Conclude() const;

  cl_engine* engine_;
  const mail::ArtifactTree& tree_;
  Coverage coverage_;
  std::vector<Hit> hits_;
  std::vector<std::string> failures_;
  std::string damaged_;     // what the library said of damaged content
  std::string wrong_root_;  // type libclamav gave the raw message when not mail
};

bool MessageScan::Explained() const {
  return std::any_of(hits_.begin(), hits_.end(), [](const Hit& hit) {
    return KindOf(hit) == HitKind::kSignature || IsLimit(hit);
  });
}

void MessageScan::Take(const CallResult& result, const char* what) {
  if (result.code != kClean && result.code != kVirus) {
    failures_.push_back(base::Format("{}: {}", what, result.code_text));
  }
  for (const std::string& error : result.witness.errors) {
    if (IsAboutContent(error)) {
      damaged_ = error;
    } else {
      failures_.push_back(base::Format("{}: {}", what, error));
    }
  }
  for (const Hit& hit : result.hits) {
    const bool known = std::any_of(hits_.begin(), hits_.end(), [&](const Hit& other) {
      return other.name == hit.name && (other.artifact == hit.artifact || !hit.artifact);
    });
    if (!known) hits_.push_back(hit);
  }
}

Witness MessageScan::Look(std::string_view bytes, const char* what) {
  const LayerObserver observer = [this](std::string_view layer) { return coverage_.See(layer); };
  CallResult first = CallLibrary(engine_, bytes, false, observer);
  if (first.code != kVirus) {
    Take(first, what);
    return first.witness;
  }
  Take(first, what);
  Take(CallLibrary(engine_, bytes, true, observer), what);
  return first.witness;
}

void MessageScan::LookAtUncovered() {
  const std::vector<std::uint32_t> uncovered = coverage_.Uncovered();
  if (uncovered.empty()) return;
  const Witness witness = Look(CanonicalMessage(tree_, uncovered), "canonical message");
  if (Explained()) return;
  if (!witness.root_is_mail)
    failures_.push_back("canonical message: not taken for mail (" + witness.root_type + ")");
  for (const std::uint32_t id : coverage_.Uncovered()) {
    failures_.push_back(tree_.artifacts[id].path + ": libclamav did not look at it");
    return;
  }
}

base::Result<Findings> MessageScan::Run() {
  std::string raw = ReceivedLine();
  raw.append(tree_.message);
  const Witness witness = Look(raw, "message");
  if (!witness.root_is_mail && !Explained()) {
    if (witness.layers == 0) {
      failures_.push_back("message: libclamav did not look at it");
    } else {
      wrong_root_ = witness.root_type;
    }
  }
  LookAtUncovered();
  return Conclude();
}

bool MessageScan::NamedElsewhere(const Hit& hit) const {
  return std::any_of(hits_.begin(), hits_.end(), [&](const Hit& other) {
    return other.name == hit.name && other.artifact.has_value();
  });
}

base::Result<Findings> MessageScan::Conclude() const {
  Findings findings;
  std::string could_not_look = failures_.empty() ? std::string() : failures_.front();
  for (const Hit& hit : hits_) {
    if (!hit.artifact && NamedElsewhere(hit)) continue;
    if (KindOf(hit) == HitKind::kOutOfTime) {
      if (could_not_look.empty()) could_not_look = "libclamav ran out of time";
    } else {
      findings.push_back(FindingOf(hit, tree_));
    }
  }
  if (!damaged_.empty()) findings.push_back(DamagedFinding(tree_, damaged_));
  if (!wrong_root_.empty()) {
    policy::Finding finding;
    finding.code = "mime.root-not-mail";
    finding.cls = policy::Class::kAmbiguous;
    finding.scanner = "clamav";
    finding.path = tree_.root().path;
    finding.evidence = "taken for " + wrong_root_;
    finding.severity = policy::Severity::kHigh;
    finding.confidence = policy::Confidence::kHigh;
    findings.push_back(std::move(finding));
  }
  if (could_not_look.empty()) return findings;
  const bool malicious = std::any_of(
      findings.begin(), findings.end(),
      [](const policy::Finding& finding) { return finding.cls == policy::Class::kMalicious; });
  // Without a signature the failure is the answer. With one both count: what was found, and that
  // the rest was not seen.
  if (malicious) {
    findings.push_back(NotSeenFinding(tree_, could_not_look));
    return findings;
  }
  return Error{ErrorCode::kUnavailable, could_not_look};
}

}  // namespace

base::Result<Findings> ClamavScanner::Finish(const mail::ArtifactTree& tree,
                                             base::Deadline deadline) {
  if (deadline.Expired()) return Error{ErrorCode::kTimeout, "no time left"};
  return MessageScan(engine_.raw(), tree).Run();
}

}  // namespace lazaret::scanners
