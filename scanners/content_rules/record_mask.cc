#include "scanners/content_rules/record_mask.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "base/unicode/normalize.h"

namespace lazaret::scanners {
namespace {

// A name is escaped into a path, the path into a reason, the reason into evidence.
constexpr int kEscapes = 3;
constexpr std::size_t kUncut = std::string_view::npos;
// What base::EscapeLine puts where it cut.
constexpr std::string_view kCutMark = "...";
// "part 20000": numbers of our own in a path.
constexpr std::size_t kMaxOwnDigits = 5;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::uint32_t StartOf(std::string_view text) {
  std::uint32_t start = 0;
  std::memcpy(&start, text.data(), sizeof start);
  return start;
}
static_assert(RecordMask::kMinValueBytes == sizeof(std::uint32_t));

bool HasDigit(std::string_view text) { return std::any_of(text.begin(), text.end(), IsDigit); }

// Digits of every script: "４５３９" is as readable as "4539".
void HideDigits(std::string& text) {
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!HasDigit(base::NormalizeForDetection(text).view())) return;
  if (ascii) {
    std::replace_if(text.begin(), text.end(), IsDigit, '#');
    return;
  }
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    base::NextCodePoint(text, at);
    const std::string_view character = std::string_view(text).substr(begin, at - begin);
    if (HasDigit(base::NormalizeForDetection(character).view())) {
      out += '#';
    } else {
      out += character;
    }
  }
  text = std::move(out);
}

bool IsOwnNumber(std::string_view node) {
  constexpr std::string_view kPart = "part ";
  if (node.substr(0, kPart.size()) != kPart) return false;
  node.remove_prefix(kPart.size());
  return node.size() <= kMaxOwnDigits && std::all_of(node.begin(), node.end(), IsDigit);
}

// Keeps the numbers of parts, by which a path says where it leads.
void ForNames(std::string& path, void (*hide)(std::string&)) {
  constexpr std::string_view kStep = " > ";
  std::string out;
  for (std::string_view rest = path;;) {
    const std::size_t end = std::min(rest.find(kStep), rest.size());
    std::string node(rest.substr(0, end));
    if (!IsOwnNumber(node)) hide(node);
    out += node;
    if (end == rest.size()) break;
    out += kStep;
    rest.remove_prefix(end + kStep.size());
  }
  path = std::move(out);
}

void HidePathDigits(std::string& path) { ForNames(path, HideDigits); }

void HideName(std::string& name) {
  if (!name.empty() && name != "message") name = "[name]";
}
void HidePathNames(std::string& path) { ForNames(path, HideName); }
void HideText(std::string& text) {
  if (!text.empty()) text = "[hidden]";
}
void KeepDigits(std::string& text) { static_cast<void>(text); }

bool MasksItself(const policy::Finding& finding) {
  return finding.scanner == "content_rules" || finding.scanner == "dlp";
}

}  // namespace

void RecordMask::Add(std::string_view value, std::string_view mask) {
  if (value.size() < kMinValueBytes) return;
  std::string form(value);
  if (!seen_.insert(form).second) return;
  if (values_ >= kMaxValues) {
    all_digits_ = true;
    return;
  }
  ++values_;
  for (int i = 0; i <= kEscapes; ++i) {
    AddForm(base::AsciiLower(form), mask);
    std::string next = base::EscapeLine(form, kUncut);
    if (next == form) break;
    form = std::move(next);
  }
}

void RecordMask::AddForm(std::string lower, std::string_view mask) {
  std::vector<std::uint32_t>& same_start = by_start_[StartOf(lower)];
  const auto place = std::upper_bound(
      same_start.begin(), same_start.end(), lower.size(),
      [this](std::size_t size, std::uint32_t other) { return forms_[other].lower.size() < size; });
  same_start.insert(place, static_cast<std::uint32_t>(forms_.size()));
  forms_.push_back({std::move(lower), std::string(mask)});
}

// Bytes at the start of `rest` that are a known value or, before a cut, the beginning of one; 0:
// none, or out of steps.
std::size_t RecordMask::MatchAt(std::string_view rest, const Form** form, Steps& steps) const {
  if (rest.size() < kMinValueBytes) return 0;
  const auto found = by_start_.find(StartOf(rest));
  if (found == by_start_.end()) return 0;
  for (const std::uint32_t index : found->second) {
    const std::string& value = forms_[index].lower;
    const auto parted = std::mismatch(value.begin(), value.end(), rest.begin(), rest.end());
    const auto same = static_cast<std::size_t>(parted.first - value.begin());
    steps.taken += same + 1;
    if (steps.Spent()) return 0;
    const std::string_view behind = rest.substr(same);
    if (same == value.size() || behind.empty() || behind.substr(0, kCutMark.size()) == kCutMark) {
      *form = &forms_[index];
      return same;
    }
  }
  return 0;
}

bool RecordMask::Hide(std::string& text, Steps& steps) const {
  if (forms_.empty()) return true;
  const std::string lower = base::AsciiLower(text);
  std::string out;
  for (std::size_t at = 0; at < text.size() && !steps.Spent();) {
    const Form* form = nullptr;
    const std::size_t size = MatchAt(std::string_view(lower).substr(at), &form, steps);
    if (size == 0) {
      out += text[at++];
      continue;
    }
    out += form->mask;
    at += size;
  }
  if (steps.Spent()) return false;
  text = std::move(out);
  return true;
}

// The tree comes last: it is what a sender can make large.
std::uint64_t RecordMask::Apply(policy::Analysis& analysis, std::uint64_t max_steps) const {
  using Change = void (*)(std::string&);
  Steps steps;
  steps.max = max_steps;
  const auto hide = [&](std::string& text, Change digits, Change whole) {
    if (!Hide(text, steps)) {
      whole(text);
    } else if (all_digits_) {
      digits(text);
    }
  };
  hide(analysis.subject, HideDigits, HideText);
  for (policy::NotLooked& item : analysis.not_looked) hide(item.reason, HideDigits, HideText);
  for (policy::Finding& finding : analysis.findings) {
    hide(finding.path, HidePathDigits, HidePathNames);
    hide(finding.evidence, MasksItself(finding) ? KeepDigits : HideDigits, HideText);
  }
  for (policy::ArtifactRecord& record : analysis.tree) {
    hide(record.path, HidePathDigits, HidePathNames);
    hide(record.claimed_name, HideDigits, HideName);
  }
  return steps.taken;
}

}  // namespace lazaret::scanners
