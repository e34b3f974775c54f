// A disk that hangs must not hold back a reply.
#include <future>

#include "db/memory/memory_store.h"
#include "db/verdict_log.h"
#include "tests/support/catch.h"

namespace lazaret::front {
namespace {

// Writes nothing until it is let go.
class HangingStore : public db::VerdictStore {
 public:
  std::promise<void> let_go;
  std::promise<void> entered;

  base::Status AppendBatch(std::span<const db::ChainedRecord> records) override {
    if (!hung_) {
      hung_ = true;
      entered.set_value();
      let_go.get_future().wait();
    }
    return below_->AppendBatch(records);
  }
  base::Result<db::ChainPosition> Last() override { return below_->Last(); }
  base::Result<db::ChainPosition> Anchor() override { return below_->Anchor(); }
  base::Result<std::vector<db::ChainedRecord>> Read(std::uint64_t after,
                                                    std::uint32_t limit) override {
    return below_->Read(after, limit);
  }
  base::Result<std::vector<db::StoredVerdict>> Find(const db::Query& query) override {
    return below_->Find(query);
  }
  base::Result<db::StoredVerdict> Get(std::string_view id) override { return below_->Get(id); }
  base::Result<std::vector<std::string>> IdsWithPrefix(std::string_view prefix,
                                                       std::uint32_t limit) override {
    return below_->IdsWithPrefix(prefix, limit);
  }
  base::Result<std::uint64_t> Forget(const db::ForgetSelector& selector) override {
    return below_->Forget(selector);
  }
  base::Status Mark(std::span<const db::Acknowledgement> marks) override {
    return below_->Mark(marks);
  }
  base::Result<bool> HistoryContains(std::span<const std::string> keys) override {
    return below_->HistoryContains(keys);
  }

 private:
  bool hung_ = false;
  std::unique_ptr<db::VerdictStore> below_ = db::NewMemoryStore();
};

db::DecisionEvent Decision(const std::string& id) {
  db::DecisionEvent event;
  event.verdict_id = id;
  event.envelope.recipients = {"b@own.test"};
  return event;
}

TEST_CASE("front: a record that the disk holds up is given up in time, and keeps the mark none") {
  auto owned = std::make_unique<HangingStore>();
  HangingStore& store = *owned;
  auto opened = db::VerdictLog::Open(std::move(owned));
  REQUIRE(opened.ok());
  db::VerdictLog& log = **opened;
  const std::string taken = db::NewVerdictId();
  const std::string waiting = db::NewVerdictId();
  const std::string later = db::NewVerdictId();

  auto first = std::async(std::launch::async, [&log, &taken] {
    return log.AppendBefore(Decision(taken), base::Deadline::AfterMillis(200));
  });
  store.entered.get_future().wait();
  const base::Status second = log.AppendBefore(Decision(waiting), base::Deadline::AfterMillis(50));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == base::ErrorCode::kTimeout);
  const base::Status held_up = first.get();
  REQUIRE_FALSE(held_up.ok());
  CHECK(held_up.error().code == base::ErrorCode::kTimeout);

  store.let_go.set_value();
  REQUIRE(log.Append(Decision(later)).ok());
  const auto written = log.store().Get(taken);
  REQUIRE(written.ok());
  CHECK(written->mark == db::AckMark::kNone);
  CHECK_FALSE(log.store().Get(waiting).ok());
}

}  // namespace
}  // namespace lazaret::front
