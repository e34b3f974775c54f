#include "base/counters.h"

#include <thread>

#include "tests/support/catch.h"

namespace lazaret::base {
namespace {

TEST_CASE("counters: added and set values stand under their names") {
  Counters counters;
  counters.Add("messages_total");
  counters.Add("messages_total", 4);
  counters.Add("seen_total", 0);
  counters.Set("failing_bool", 7);
  counters.Set("failing_bool", 1);
  CHECK(counters.Snapshot() == std::map<std::string, std::uint64_t>{
                                   {"messages_total", 5}, {"seen_total", 0}, {"failing_bool", 1}});
}

TEST_CASE("histogram: each bound is inclusive, one above it falls into the next bucket") {
  static_assert(Histogram::kBoundsMicros.back() == 120'000'000);
  for (std::size_t i = 0; i < Histogram::kBoundsMicros.size(); ++i) {
    const std::uint64_t bound = Histogram::kBoundsMicros[i];
    if (i > 0) REQUIRE(bound > Histogram::kBoundsMicros[i - 1]);
    Histogram histogram;
    histogram.Observe(bound - 1);
    histogram.Observe(bound);
    histogram.Observe(bound + 1);
    const Histogram::Reading reading = histogram.Read();
    CHECK(reading.counts[i] == 2);
    CHECK(reading.counts[i + 1] == 1);
    CHECK(reading.Count() == 3);
    CHECK(reading.sum_micros == 3 * bound);
  }
}

TEST_CASE("histogram: nothing and for ever have a bucket too") {
  Histogram histogram;
  histogram.Observe(0);
  histogram.Observe(std::uint64_t{1} << 40U);
  const Histogram::Reading reading = histogram.Read();
  CHECK(reading.counts.front() == 1);
  CHECK(reading.counts.back() == 1);
}

TEST_CASE("histogram: a time that lies ahead counts as zero") {
  Histogram histogram;
  histogram.ObserveSince(MonotonicNow() + 3'600'000'000'000);
  CHECK(histogram.Read().sum_micros == 0);
  CHECK(histogram.Read().counts.front() == 1);
}

TEST_CASE("histogram: a timer observes once, at its end") {
  Histogram histogram;
  {
    const HistogramTimer timer(histogram);
    CHECK(histogram.Read().Count() == 0);
  }
  CHECK(histogram.Read().Count() == 1);
}

TEST_CASE("histogram: no observation of many threads is lost") {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  Counters counters;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counters] {
      Histogram& histogram = counters.HistogramOf("stage_seconds", "queue");
      for (int n = 0; n < kEach; ++n) histogram.Observe(static_cast<std::uint64_t>(n));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto histograms = counters.Histograms();
  REQUIRE(histograms.size() == 1);
  CHECK(histograms[0].reading.Count() == kThreads * kEach);
  CHECK(histograms[0].reading.sum_micros == std::uint64_t{kThreads} * kEach * (kEach - 1) / 2);
}

TEST_CASE("counters: a name and label always mean the same histogram, in order") {
  Counters counters;
  Histogram& queue = counters.HistogramOf("stage_seconds", "queue");
  Histogram& look = counters.HistogramOf("stage_seconds", "look");
  counters.HistogramOf("message_seconds");
  CHECK(&queue == &counters.HistogramOf("stage_seconds", "queue"));
  CHECK(&queue != &look);
  const auto histograms = counters.Histograms();
  REQUIRE(histograms.size() == 3);
  CHECK(histograms[0].name == "message_seconds");
  CHECK(histograms[0].label.empty());
  CHECK(histograms[1].label == "look");
  CHECK(histograms[2].label == "queue");
}

}  // namespace
}  // namespace lazaret::base
