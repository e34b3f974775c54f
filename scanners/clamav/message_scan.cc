#include "scanners/clamav/message_scan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/format.h"
#include "scanners/clamav/canonical.h"
#include "scanners/clamav/hit_findings.h"
#include "scanners/clamav/html_rendition.h"

namespace lazaret::scanners {
namespace {

constexpr int kClean = 0;
constexpr int kVirus = 1;

// Error messages of the library that speak of damaged content, not of its own trouble: a property
// of the mail. Trying again later would not help, so they are unscannable and not could-not-look.
constexpr std::string_view kContentErrors[] = {"cli_scanxz: premature end of compressed stream",
                                               "cli_scanxz: decompress error"};

// Share of the byte limit that canonical messages may take after a limit was reached.
constexpr std::uint64_t kShareAfterLimit = 8;
constexpr std::uint64_t kBytesPerItem = 1024;  // headers in the canonical message
// Parts of one canonical message; libclamav gives up on a mail after 1024.
constexpr std::size_t kMaxItems = 500;

bool IsAboutContent(std::string_view error) {
  return std::any_of(
      std::begin(kContentErrors), std::end(kContentErrors),
      [error](std::string_view known) { return error.find(known) != std::string_view::npos; });
}

// An item is looked at twice: base64 in the canonical message, and decoded.
std::uint64_t Cost(const ScanItem& item) { return item.content.size() * 5 / 2 + kBytesPerItem; }

base::Deadline Sooner(base::Deadline deadline, std::uint32_t millis) {
  const base::Deadline own = base::Deadline::AfterMillis(millis);
  return deadline.never() || own.monotonic() < deadline.monotonic() ? own : deadline;
}

}  // namespace

MessageScan::MessageScan(const ClamavEngine& engine, const mail::ArtifactTree& tree,
                         base::Deadline deadline)
    : engine_(engine),
      tree_(tree),
      deadline_(Sooner(deadline, engine.options().max_scan_millis)),
      coverage_(tree),
      bytes_left_(engine.options().max_scan_bytes) {}

std::uint32_t MessageScan::MillisLeft() const {
  return static_cast<std::uint32_t>(std::max(0, deadline_.PollMillis()));
}

void MessageScan::Take(const CallResult& result, const char* what) {
  if (result.code != kClean && result.code != kVirus)
    failures_.push_back(base::Format("{}: {}", what, result.code_text));
  if (result.more_hits) failures_.push_back(base::Format("{}: too many hits", what));
  for (const std::string& error : result.witness.errors) {
    if (IsAboutContent(error)) {
      damaged_ = error;
    } else {
      failures_.push_back(base::Format("{}: {}", what, error));
    }
  }
  for (const Hit& hit : result.hits) {
    const auto known = std::find_if(hits_.begin(), hits_.end(), [&](const Hit& other) {
      return other.name == hit.name && (other.artifact == hit.artifact || !hit.artifact);
    });
    if (known == hits_.end()) {
      hits_.push_back(hit);
    } else {
      known->count = std::max(known->count, hit.count);
    }
  }
}

MessageScan::Looked MessageScan::Look(std::string_view bytes, const char* what, Coverage::How how) {
  CallOptions options;
  options.max_millis = MillisLeft();
  options.html = how == Coverage::How::kNormal;
  CallResult result = CallLibrary(engine_.raw(), bytes, options, [this, how](const Layer& layer) {
    return coverage_.See(layer, how);
  });
  Take(result, what);
  Looked looked;
  for (const Hit& hit : result.hits) {
    looked.cut |= EndsTheScan(hit);
    looked.too_large |= IsFileTooLarge(hit);
  }
  if (looked.cut)
    bytes_left_ = std::min(bytes_left_, engine_.options().max_scan_bytes / kShareAfterLimit);
  looked.witness = std::move(result.witness);
  return looked;
}

void MessageScan::LookAtRaw() {
  std::string raw = ReceivedLine();
  raw.append(tree_.message);
  const Looked looked = Look(raw, "message", Coverage::How::kNormal);
  if (looked.witness.root_is_mail) return;
  if (looked.witness.layers > 0) {
    wrong_root_ = looked.witness.root_type;
  } else if (!looked.too_large) {
    failures_.push_back("message: libclamav did not look at it");
  }
}

void MessageScan::AddHtmlRenditions() {
  const std::unordered_set<std::uint32_t> seen = coverage_.SeenAsHtml();
  for (const mail::Artifact& artifact : tree_.artifacts) {
    if (artifact.id == 0 || artifact.multipart || artifact.content.size() < kMinObjectBytes)
      continue;
    if (seen.count(artifact.id) == 0 && ReadAsHtml(artifact))
      coverage_.AddRendition(artifact.id, HtmlRendition(artifact));
  }
}

// Nearest to the message first, then small ones, so that what fills an archive bomb does not keep
// out what lies beside it. In pieces that stay below the limits for one file and for their number.
std::vector<std::vector<ScanItem>> MessageScan::Affordable(std::vector<ScanItem> items) {
  std::stable_sort(items.begin(), items.end(), [this](const ScanItem& a, const ScanItem& b) {
    return std::make_pair(tree_.artifacts[a.artifact].depth, a.content.size()) <
           std::make_pair(tree_.artifacts[b.artifact].depth, b.content.size());
  });
  const std::uint64_t most_bytes = engine_.options().max_file_bytes;
  const std::size_t most_items =
      std::clamp<std::size_t>(engine_.options().max_files / 2, 1, kMaxItems);
  std::vector<std::vector<ScanItem>> chunks;
  std::uint64_t chunk_bytes = 0;
  for (const ScanItem& item : items) {
    const std::uint64_t cost = Cost(item);
    if (cost > bytes_left_) {
      ++not_afforded_;
      continue;
    }
    bytes_left_ -= cost;
    chunk_bytes += cost;
    if (chunks.empty() || chunk_bytes > most_bytes || chunks.back().size() >= most_items) {
      chunks.emplace_back();
      chunk_bytes = cost;
    }
    chunks.back().push_back(item);
  }
  return chunks;
}

void MessageScan::LookAtChunk(const std::vector<ScanItem>& chunk, const char* what,
                              Coverage::How how) {
  const Looked looked = Look(CanonicalMessage(tree_, chunk), what, how);
  if (looked.cut) return;
  if (!looked.witness.root_is_mail && !looked.too_large) {
    failures_.push_back(
        base::Format("{}: not taken for mail ({})", what, looked.witness.root_type));
  }
  std::unordered_set<const char*> unseen;
  for (const ScanItem& item :
       how == Coverage::How::kNormal ? coverage_.Uncovered() : coverage_.HtmlFiles())
    unseen.insert(item.content.data());
  for (const ScanItem& item : chunk) {
    if (unseen.count(item.content.data()) == 0) continue;
    const bool excused =
        looked.too_large &&
        (!looked.witness.root_is_mail || item.content.size() > engine_.options().max_file_bytes);
    if (excused) continue;
    failures_.push_back(tree_.artifacts[item.artifact].path + ": libclamav did not look at it");
    return;
  }
}

void MessageScan::LookAt(std::vector<ScanItem> items, const char* what, Coverage::How how) {
  for (const std::vector<ScanItem>& chunk : Affordable(std::move(items))) {
    if (MillisLeft() == 0) {
      failures_.push_back(base::Format("{}: no time left", what));
      return;
    }
    LookAtChunk(chunk, what, how);
  }
}

ScanOutcome MessageScan::Run() {
  LookAtRaw();
  AddHtmlRenditions();
  LookAt(coverage_.Uncovered(), "canonical message", Coverage::How::kNormal);
  LookAt(coverage_.HtmlFiles(), "HTML files", Coverage::How::kHtmlAsBytes);
  return Conclude();
}

ScanOutcome MessageScan::Conclude() const {
  ScanOutcome outcome;
  outcome.findings = FindingsOf(hits_, tree_);
  if (!failures_.empty()) {
    outcome.could_not_look = failures_.front();
  } else if (std::any_of(hits_.begin(), hits_.end(),
                         [](const Hit& hit) { return KindOf(hit) == HitKind::kOutOfTime; })) {
    outcome.could_not_look = "libclamav ran out of time";
  }
  if (not_afforded_ > 0) AddNotAfforded(outcome.findings, tree_, not_afforded_);
  if (!damaged_.empty()) outcome.findings.push_back(DamagedFinding(tree_, damaged_));
  if (!wrong_root_.empty()) outcome.findings.push_back(WrongRootFinding(tree_, wrong_root_));
  return outcome;
}

}  // namespace lazaret::scanners
