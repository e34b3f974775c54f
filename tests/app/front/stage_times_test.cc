#include "app/front/stage_times.h"

#include "app/front/status.h"
#include "base/fd.h"
#include "base/json_value.h"
#include "tests/support/catch.h"

namespace lazaret::front {
namespace {

TEST_CASE("stage times: a scanner that nobody knows is other, so a worker cannot add names") {
  base::Counters counters;
  StageTimes times(counters);
  const std::size_t before = counters.Histograms().size();
  std::vector<policy::Timing> timing;
  for (int i = 0; i < 250; ++i) timing.push_back({"made-up-" + std::to_string(i), 5});
  times.Looked(base::MonotonicNow(), 0, timing);
  CHECK(counters.Histograms().size() == before + 1);
  CHECK(counters.HistogramOf("scanner_seconds", "other").Read().Count() == 250);
}

TEST_CASE("stage times: the queue is no part of the look") {
  base::Counters counters;
  StageTimes times(counters);
  times.Looked(base::MonotonicNow() - 90'000'000'000, 90'000'000, {});
  CHECK(times.queue.Read().sum_micros == 90'000'000);
  CHECK(times.look.Read().sum_micros < 30'000'000);
}

TEST_CASE("stage times: the oldest message counts until it is answered, in any order") {
  OpenMessages open;
  CHECK(open.OldestMillis() == 0);
  const base::Nanoseconds now = base::MonotonicNow();
  {
    const OpenMessages::Entry young(open, now - 1'000'000'000);
    {
      const OpenMessages::Entry old(open, now - 100'000'000'000);
      const OpenMessages::Entry twin(open, now - 100'000'000'000);
      CHECK(open.OldestMillis() >= 100'000);
    }
    CHECK(open.OldestMillis() >= 1'000);
    CHECK(open.OldestMillis() < 100'000);
  }
  CHECK(open.OldestMillis() == 0);
}

TEST_CASE("front: the status holds the histograms, one count a bucket and one for longer") {
  base::Counters counters;
  counters.HistogramOf("stage_seconds", "queue").Observe(600'000'000);
  FrontState state;
  state.oldest_millis = 1234;
  state.pool.worker_retirements = 5;
  state.pool.waiting_bytes = 77;
  const auto json = base::ParseJson(StatusJson(state, counters));
  REQUIRE(json.ok());
  CHECK((*json)["oldest_millis"].Int() == 1234);
  CHECK((*json)["worker_retirements"].Int() == 5);
  CHECK((*json)["waiting_bytes"].Int() == 77);
  const auto& bounds = (*json)["histogram_bounds_micros"].items;
  REQUIRE(bounds.size() == base::Histogram::kBoundsMicros.size());
  REQUIRE((*json)["histograms"].items.size() == 1);
  const base::JsonValue& one = (*json)["histograms"].items[0];
  CHECK(one["name"].text == "stage_seconds");
  CHECK(one["label"].text == "queue");
  CHECK(one["sum_micros"].Int() == 600'000'000);
  REQUIRE(one["counts"].items.size() == bounds.size() + 1);
  CHECK(one["counts"].items.back().Int() == 1);
}

TEST_CASE("front: docs/operations.md names every key of the status") {
  const auto docs = base::ReadFile(LAZARET_OPERATIONS_DOCS, 1U << 20);
  REQUIRE(docs.ok());
  base::Counters counters;
  const StageTimes times(counters);
  FrontState state;
  state.pool.generation.id = "g1";
  const auto json = base::ParseJson(StatusJson(state, counters));
  REQUIRE(json.ok());
  CHECK(json->fields.count("generation_seconds") == 1);
  std::vector<std::string> keys;
  for (const auto& field : json->fields) keys.push_back(field.first);
  for (const auto& field : (*json)["generation"].fields) keys.push_back(field.first);
  for (const auto& field : (*json)["histograms"].items.at(0).fields) keys.push_back(field.first);
  for (const std::string& key : keys) {
    CAPTURE(key);
    CHECK(docs->find("`" + key + "`") != std::string::npos);
  }
}

}  // namespace
}  // namespace lazaret::front
