#include "base/counters.h"

#include <algorithm>
#include <numeric>

namespace lazaret::base {

std::uint64_t Histogram::Reading::Count() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

void Histogram::Observe(std::uint64_t micros) {
  const auto* const bound = std::lower_bound(kBoundsMicros.begin(), kBoundsMicros.end(), micros);
  const auto bucket = static_cast<std::size_t>(bound - kBoundsMicros.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_micros_.fetch_add(micros, std::memory_order_relaxed);
}

void Histogram::ObserveSince(Nanoseconds began) {
  const Nanoseconds took = MonotonicNow() - began;
  Observe(took > 0 ? static_cast<std::uint64_t>(took / 1000) : 0);
}

Histogram::Reading Histogram::Read() const {
  Reading reading;
  for (std::size_t i = 0; i < kBuckets; ++i)
    reading.counts[i] = counts_[i].load(std::memory_order_relaxed);
  reading.sum_micros = sum_micros_.load(std::memory_order_relaxed);
  return reading;
}

void Counters::Add(std::string_view name, std::uint64_t amount) {
  const std::scoped_lock lock(mutex_);
  const auto known = values_.find(name);
  if (known != values_.end()) {
    known->second += amount;
  } else {
    values_.emplace(name, amount);
  }
}

void Counters::Set(std::string_view name, std::uint64_t value) {
  const std::scoped_lock lock(mutex_);
  const auto known = values_.find(name);
  if (known != values_.end()) {
    known->second = value;
  } else {
    values_.emplace(name, value);
  }
}

std::map<std::string, std::uint64_t> Counters::Snapshot() const {
  const std::scoped_lock lock(mutex_);
  return {values_.begin(), values_.end()};
}

Histogram& Counters::HistogramOf(std::string_view name, std::string_view label) {
  const std::scoped_lock lock(mutex_);
  return histograms_.try_emplace({std::string(name), std::string(label)}).first->second;
}

std::vector<Counters::NamedReading> Counters::Histograms() const {
  const std::scoped_lock lock(mutex_);
  std::vector<NamedReading> readings;
  for (const auto& [key, histogram] : histograms_)
    readings.push_back({key.first, key.second, histogram.Read()});
  return readings;
}

}  // namespace lazaret::base
