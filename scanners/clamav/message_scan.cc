#include "scanners/clamav/message_scan.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/format.h"
#include "scanners/clamav/canonical.h"
#include "scanners/clamav/hit_findings.h"
#include "scanners/clamav/renditions.h"

namespace lazaret::scanners {
namespace {

constexpr int kClean = 0;
constexpr int kVirus = 1;

// Error messages of the library that speak of damaged content, not of its own trouble: a property
// of the mail. Trying again later would not help, so they are unscannable and not could-not-look.
constexpr std::string_view kContentErrors[] = {"cli_scanxz: premature end of compressed stream",
                                               "cli_scanxz: decompress error"};

// Share of the limits of bytes and time that is left for canonical messages once a limit over the
// whole message was reached. Enough for what lies beside a bomb, too little for the bomb again.
constexpr std::uint32_t kShareAfterCut = 8;
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

std::uint32_t Millis(base::Deadline deadline) {
  return static_cast<std::uint32_t>(std::max(0, deadline.PollMillis()));
}

// A multipart whose own header in the message names a type that libclamav skips. One that was read
// elsewhere, or whose type is written in another way, must not excuse a name nobody has read.
bool IsSkippedByName(const mail::ArtifactTree& tree, const mail::Artifact& part) {
  if (!part.multipart || !part.raw_body || !part.raw_header) return false;
  if (part.declared_type != "multipart/signed" && part.declared_type != "multipart/parallel")
    return false;
  const mail::ByteRange header = *part.raw_header;
  return OpenedMultiparts(tree.message.substr(header.begin, header.end - header.begin), 0)
      .has_value();
}

// Takes the hits of the time limit out; true when there was one.
bool TakeOutOfTime(std::vector<Hit>& hits) {
  const auto end = std::remove_if(
      hits.begin(), hits.end(), [](const Hit& hit) { return KindOf(hit) == HitKind::kOutOfTime; });
  const bool found = end != hits.end();
  hits.erase(end, hits.end());
  return found;
}

}  // namespace

MessageScan::MessageScan(const ClamavEngine& engine, const mail::ArtifactTree& tree,
                         base::Deadline deadline)
    : engine_(engine),
      tree_(tree),
      deadline_(Sooner(deadline, engine.options().max_scan_millis)),
      coverage_(tree),
      has_children_(tree.artifacts.size()),
      bytes_left_(engine.options().max_scan_bytes) {
  for (const mail::Artifact& artifact : tree.artifacts) {
    if (artifact.id != 0) has_children_[artifact.parent] = true;
  }
}

std::uint32_t MessageScan::MillisLeft() const { return Millis(deadline_); }

CallOptions MessageScan::Budget(Coverage::How how) const {
  CallOptions options;
  options.html = how == Coverage::How::kNormal;
  options.max_millis = MillisLeft();
  options.max_bytes = engine_.options().max_scan_bytes;
  if (cut_) {
    options.max_millis = std::min(options.max_millis, Millis(after_cut_));
    options.max_bytes /= kShareAfterCut;
  }
  return options;
}

void MessageScan::Take(const CallResult& result, const char* what) {
  if (result.code != kClean && result.code != kVirus)
    failures_.push_back(base::Format("{}: {}", what, result.code_text));
  if (result.more_names) failures_.push_back(base::Format("{}: too many signatures hit", what));
  unlisted_ += result.unlisted;
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
  const CallOptions options = Budget(how);
  const bool shortened = options.max_millis < MillisLeft();
  CallResult result = CallLibrary(engine_.raw(), bytes, options, [this, how](const Layer& layer) {
    return coverage_.See(layer, how);
  });
  Looked looked;
  // The limit that was reached before has shortened this call: that limit is what stands.
  if (shortened) looked.cut = TakeOutOfTime(result.hits);
  Take(result, what);
  for (const Hit& hit : result.hits) {
    looked.cut |= EndsTheScan(hit);
    looked.too_large |= IsFileTooLarge(hit);
  }
  if (looked.cut && !cut_) NoteCut();
  looked.witness = std::move(result.witness);
  return looked;
}

void MessageScan::NoteCut() {
  cut_ = true;
  after_cut_ = base::Deadline::AfterMillis(engine_.options().max_scan_millis / kShareAfterCut);
  bytes_left_ = std::min(bytes_left_, engine_.options().max_scan_bytes / kShareAfterCut);
}

void MessageScan::LookAtRaw() {
  std::string raw = ReceivedLine();
  raw.append(tree_.message);
  const Looked looked = Look(raw, "message", Coverage::How::kNormal);
  if (looked.witness.root_is_mail) return;
  if (looked.witness.layers > 0) {
    wrong_root_ = looked.witness.root_type;
  } else if (!looked.too_large && !looked.cut) {
    failures_.push_back("message: libclamav did not look at it");
  }
}

void MessageScan::LookAtOpened() {
  const auto known = static_cast<std::size_t>(
      std::count_if(tree_.artifacts.begin(), tree_.artifacts.end(),
                    [this](const mail::Artifact& part) { return IsSkippedByName(tree_, part); }));
  const auto opened = OpenedMultiparts(tree_.message, known);
  if (!opened || cut_) return;
  if (MillisLeft() == 0) {
    failures_.push_back("message with opened multiparts: no time left");
    return;
  }
  Look(ReceivedLine() + *opened, "message with opened multiparts", Coverage::How::kNormal);
}

void MessageScan::AddRenditions() {
  const std::unordered_set<std::uint32_t> seen_as_html = coverage_.SeenAsHtml();
  for (const mail::Artifact& artifact : tree_.artifacts) {
    if (artifact.id == 0 || artifact.multipart || artifact.content.size() < kMinObjectBytes)
      continue;
    if (seen_as_html.count(artifact.id) == 0 && ReadAsHtml(artifact))
      coverage_.AddRendition(artifact.id, HtmlRendition(artifact));
    for (std::string& text : LineEndRenditions(artifact))
      coverage_.AddRendition(artifact.id, std::move(text));
    if (has_children_[artifact.id]) continue;
    if (std::optional<std::string> opened = OpenedMultiparts(artifact.content, 0))
      coverage_.AddRendition(artifact.id, std::move(*opened));
  }
}

// Leaves before what holds others, near the message before deep inside, small before large, so that
// what fills an archive bomb does not keep out what lies beside it. In pieces that stay below the
// limits for one file and for their number.
std::vector<std::vector<ScanItem>> MessageScan::Affordable(std::vector<ScanItem> items) {
  const auto rank = [this](const ScanItem& item) {
    return std::make_tuple(has_children_[item.artifact], tree_.artifacts[item.artifact].depth,
                           item.content.size());
  };
  std::stable_sort(items.begin(), items.end(),
                   [&](const ScanItem& a, const ScanItem& b) { return rank(a) < rank(b); });
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
    if (cut_ && after_cut_.Expired()) {
      not_afforded_ += static_cast<std::uint32_t>(chunk.size());
    } else {
      LookAtChunk(chunk, what, how);
    }
  }
}

ScanOutcome MessageScan::Run() {
  LookAtRaw();
  LookAtOpened();
  AddRenditions();
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
  if (unlisted_ > 0) outcome.findings.push_back(UnlistedFinding(tree_, unlisted_));
  if (!damaged_.empty()) outcome.findings.push_back(DamagedFinding(tree_, damaged_));
  if (!wrong_root_.empty()) outcome.findings.push_back(WrongRootFinding(tree_, wrong_root_));
  return outcome;
}

}  // namespace lazaret::scanners
