// Counters, gauges and histograms of one role. A folder counts; only app collects and prints.
// Thread-safe; names are stable, lower case with underscores, and end in a unit or _total.
#ifndef LAZARET_BASE_COUNTERS_H_
#define LAZARET_BASE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace lazaret::base {

// How often something took how long, in fixed buckets from 100 microseconds to the longest deadline
// in use. Observe takes no lock and no memory: three relaxed additions at most.
class Histogram {
 public:
  // Upper bounds, inclusive, in microseconds; one more bucket takes all that is longer.
  static constexpr std::array<std::uint64_t, 17> kBoundsMicros = {
      100,     250,     500,       1'000,     2'500,     5'000,      10'000,     25'000,     50'000,
      100'000, 250'000, 1'000'000, 2'500'000, 5'000'000, 15'000'000, 60'000'000, 120'000'000};
  static constexpr std::size_t kBuckets = kBoundsMicros.size() + 1;

  struct Reading {
    std::array<std::uint64_t, kBuckets> counts{};  // each bucket by itself, not summed up
    std::uint64_t sum_micros = 0;
    // The buckets' own sum, so that it never disagrees with them while others observe.
    std::uint64_t Count() const;
  };

  Histogram() = default;
  Histogram(const Histogram&) = delete;
  Histogram& operator=(const Histogram&) = delete;

  void Observe(std::uint64_t micros);
  // From `began` on CLOCK_MONOTONIC until now; a time that lies ahead counts as zero.
  void ObserveSince(Nanoseconds began);
  Reading Read() const;

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_micros_{0};
};

// One observation from its making to its end.
class HistogramTimer {
 public:
  explicit HistogramTimer(Histogram& histogram) : histogram_(histogram), began_(MonotonicNow()) {}
  HistogramTimer(const HistogramTimer&) = delete;
  HistogramTimer& operator=(const HistogramTimer&) = delete;
  ~HistogramTimer() { histogram_.ObserveSince(began_); }

 private:
  Histogram& histogram_;
  const Nanoseconds began_;
};

class Counters {
 public:
  struct NamedReading {
    std::string name;   // "stage_seconds"
    std::string label;  // "queue": which of the histograms of that name; may be empty
    Histogram::Reading reading;
  };

  // Takes memory only for a name that is new.
  void Add(std::string_view name, std::uint64_t amount = 1);
  void Set(std::string_view name, std::uint64_t value);
  std::map<std::string, std::uint64_t> Snapshot() const;

  // The histogram of this name and label, made at the first call; lives as long as the counters.
  // Look it up once, at start: labels are of the program's own choice, never of a message's.
  Histogram& HistogramOf(std::string_view name, std::string_view label = {});
  // Sorted by name and label.
  std::vector<NamedReading> Histograms() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> values_;
  std::map<std::pair<std::string, std::string>, Histogram> histograms_;  // nodes never move
};

}  // namespace lazaret::base

#endif  // LAZARET_BASE_COUNTERS_H_
