#include "app/front/stage_times.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace lazaret::front {
namespace {

constexpr const char* kStage = "stage_seconds";
constexpr const char* kScanner = "scanner_seconds";
constexpr std::string_view kOther = "other";
constexpr std::array<std::string_view, 6> kScanners = {"mime",   "ambiguity",     "filetype",
                                                       "clamav", "content_rules", "dlp"};

std::string_view KnownScanner(std::string_view name) {
  return std::count(kScanners.begin(), kScanners.end(), name) > 0 ? name : kOther;
}

}  // namespace

OpenMessages::Entry::Entry(OpenMessages& open, base::Nanoseconds began) : open_(open) {
  const std::scoped_lock lock(open_.mutex_);
  at_ = open_.began_.insert(began);
}

OpenMessages::Entry::~Entry() {
  const std::scoped_lock lock(open_.mutex_);
  open_.began_.erase(at_);
}

std::uint64_t OpenMessages::OldestMillis() const {
  const std::scoped_lock lock(mutex_);
  if (began_.empty()) return 0;
  const base::Nanoseconds age = base::MonotonicNow() - *began_.begin();
  return age > 0 ? static_cast<std::uint64_t>(age / 1'000'000) : 0;
}

StageTimes::StageTimes(base::Counters& counters)
    : message(counters.HistogramOf("message_seconds")),
      history(counters.HistogramOf(kStage, "history")),
      queue(counters.HistogramOf(kStage, "queue")),
      look(counters.HistogramOf(kStage, "look")),
      decide(counters.HistogramOf(kStage, "decide")),
      record(counters.HistogramOf(kStage, "record")),
      counters_(counters) {
  for (const std::string_view name : kScanners) counters.HistogramOf(kScanner, name);
}

void StageTimes::Looked(base::Nanoseconds asked, std::uint64_t waited_micros,
                        const std::vector<policy::Timing>& timing) {
  queue.Observe(waited_micros);
  look.ObserveSince(asked + static_cast<base::Nanoseconds>(waited_micros) * 1000);
  for (const policy::Timing& one : timing)
    counters_.HistogramOf(kScanner, KnownScanner(one.stage)).Observe(one.micros);
}

}  // namespace lazaret::front
