#include "app/judge/waiting_line.h"

#include <algorithm>
#include <iterator>

namespace lazaret::judge {
namespace {

// A message counts as if it had come in a millisecond later for each of its kibibytes.
constexpr std::uint64_t kBytesPerMilli = 1024;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
// Weight of the newest look in the average, as a divisor.
constexpr std::int64_t kAverageOver = 8;

}  // namespace

WaitingLine::Entry WaitingLine::NewEntry(base::Nanoseconds arrived, std::uint64_t bytes) {
  const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(0, limits_.overtake_millis));
  const auto later = static_cast<std::int64_t>(std::min(bytes / kBytesPerMilli, most));
  return {arrived + later * kNanosPerMilli, next_ticket_++, bytes};
}

std::int64_t WaitingLine::PredictedMillis(const Entry& entry, std::uint32_t workers) const {
  if (workers == 0) return 0;
  const auto ahead = std::distance(entries_.begin(), entries_.lower_bound(entry));
  return static_cast<std::int64_t>(static_cast<double>(service_) * static_cast<double>(ahead) /
                                   workers / kNanosPerMilli);
}

std::string WaitingLine::WhyNot(const Entry& entry, std::uint32_t workers) const {
  if (entries_.size() >= limits_.messages) return "too many messages are waiting for a worker";
  const bool fits = entry.bytes <= limits_.bytes && bytes_ <= limits_.bytes - entry.bytes;
  if (!entries_.empty() && !fits) return "too many bytes of messages are waiting for a worker";
  if (limits_.wait_millis > 0 && PredictedMillis(entry, workers) > limits_.wait_millis) {
    return "the wait for a worker would be too long";
  }
  return {};
}

void WaitingLine::Add(const Entry& entry) {
  entries_.insert(entry);
  bytes_ += entry.bytes;
}

void WaitingLine::Remove(const Entry& entry) {
  if (entries_.erase(entry) > 0) bytes_ -= entry.bytes;
}

bool WaitingLine::IsFirst(const Entry& entry) const {
  return !entries_.empty() && entries_.begin()->ticket == entry.ticket;
}

void WaitingLine::Served(base::Nanoseconds took) {
  service_ = service_ == 0 ? took : service_ + (took - service_) / kAverageOver;
}

}  // namespace lazaret::judge
