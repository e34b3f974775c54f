#include "db/verdict_log.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "db/audit/chain.h"
#include "db/audit/index.h"
#include "db/history_lookup.h"

namespace lazaret::db {
namespace {

// Marks wait for company: each write of marks costs a sync.
constexpr std::size_t kMarksAtOnce = 256;
constexpr auto kMarkDelay = std::chrono::milliseconds(200);
// Stops a log that cannot write from holding ever more marks in memory.
constexpr std::size_t kMaxWaitingMarks = 100'000;

// One waiting Append, shared with the writer: its caller may leave first. Each is woken by itself:
// one condition for all would wake those of the next batches too.
struct Ticket {
  ChainedRecord record;
  std::condition_variable done;
  std::optional<base::Status> result;
};

class ChainedLog : public VerdictLog {
 public:
  ChainedLog(std::unique_ptr<VerdictStore> store, ChainPosition last)
      : store_(std::move(store)), last_(last), writer_([this] { Run(); }) {}

  ~ChainedLog() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    work_.notify_one();
    writer_.join();
  }

  base::Status Append(Event event) override {
    return AppendBefore(std::move(event), base::Deadline());
  }

  base::Status AppendBefore(Event event, base::Deadline deadline) override {
    const auto ticket = std::make_shared<Ticket>();
    ticket->record = PrepareRecord(std::move(event));
    std::unique_lock lock(mutex_);
    waiting_.push_back(ticket);
    work_.notify_one();
    const auto finished = [&ticket] { return ticket->result.has_value(); };
    if (deadline.never()) {
      ticket->done.wait(lock, finished);
    } else {
      const std::int64_t left =
          std::max<std::int64_t>(0, deadline.monotonic() - base::MonotonicNow());
      if (!ticket->done.wait_for(lock, std::chrono::nanoseconds(left), finished))
        return GiveUp(ticket);
    }
    return *ticket->result;
  }

  void Acknowledge(std::string verdict_id, AckMark mark) override {
    const std::lock_guard lock(mutex_);
    if (marks_.size() >= kMaxWaitingMarks) return;
    const bool first = marks_.empty();
    marks_.push_back({std::move(verdict_id), mark});
    if (first) marks_due_ = std::chrono::steady_clock::now() + kMarkDelay;
    if (first || marks_.size() == kMarksAtOnce) work_.notify_one();
  }

  std::optional<bool> SenderSeenBefore(std::string_view sender,
                                       const std::vector<std::string>& recipients,
                                       base::Deadline deadline) override {
    if (sender.empty()) return false;
    std::vector<std::string> keys;
    keys.reserve(recipients.size());
    for (const std::string& one : recipients) keys.push_back(HistoryKey(sender, one));
    return history_.Contains(std::move(keys), deadline);
  }

  base::Result<std::uint64_t> ForgetPersonal(const ForgetSelector& selector,
                                             ForgetEvent event) override {
    event.scope = ForgetScope::kPersonalValues;
    event.verdict_id = selector.verdict_id;
    event.before = selector.before.value_or(base::UnixTime{});
    LAZARET_TRY(Append(std::move(event)));
    return store_->Forget(selector);
  }

  VerdictStore& store() override { return *store_; }

 private:
  // Under mutex_.
  base::Status GiveUp(const std::shared_ptr<Ticket>& ticket) {
    const auto place = std::find(waiting_.begin(), waiting_.end(), ticket);
    if (place == waiting_.end()) {
      return base::Error{base::ErrorCode::kTimeout, "the log is slow; it may be written later"};
    }
    waiting_.erase(place);
    return base::Error{base::ErrorCode::kTimeout, "the log is slow; it was not written"};
  }

  bool MarksReady() const {
    if (marks_.empty()) return false;
    return stopping_ || marks_.size() >= kMarksAtOnce ||
           std::chrono::steady_clock::now() >= marks_due_;
  }

  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      WaitForWork(lock);
      if (!waiting_.empty()) CommitSome(lock);
      if (MarksReady()) WriteMarks(lock);
      lock.unlock();
      store_->Tidy();
      lock.lock();
      if (stopping_ && waiting_.empty() && marks_.empty()) return;
    }
  }

  void WaitForWork(std::unique_lock<std::mutex>& lock) {
    while (waiting_.empty() && !MarksReady() && !stopping_) {
      if (marks_.empty()) {
        work_.wait(lock);
      } else {
        work_.wait_until(lock, marks_due_);
      }
    }
  }

  void CommitSome(std::unique_lock<std::mutex>& lock) {
    std::vector<std::shared_ptr<Ticket>> batch;
    while (!waiting_.empty() && batch.size() < kMaxBatch) {
      batch.push_back(waiting_.front());
      waiting_.pop_front();
    }
    lock.unlock();
    const base::Status status = CommitOrError(batch);
    lock.lock();
    for (const auto& ticket : batch) ticket->result = status;
    lock.unlock();
    for (const auto& ticket : batch) ticket->done.notify_one();
    lock.lock();
  }

  // Whoever waits for the batch must get an answer.
  base::Status CommitOrError(const std::vector<std::shared_ptr<Ticket>>& batch) {
    try {
      return Commit(batch);
    } catch (const std::exception& error) {
      last_.reset();
      return base::Error{base::ErrorCode::kUnavailable,
                         std::string("verdict log: ") + error.what()};
    }
  }

  base::Status Commit(const std::vector<std::shared_ptr<Ticket>>& batch) {
    // A failed commit may have reached the disk all the same: only the store knows.
    if (!last_) {
      LAZARET_ASSIGN(last_, store_->Last());
    }
    ChainPosition last = *last_;
    std::vector<ChainedRecord> records;
    records.reserve(batch.size());
    for (const auto& ticket : batch) {
      Seal(ticket->record, last);
      records.push_back(std::move(ticket->record));
    }
    base::Status status = store_->AppendBatch(records);
    last_ = status.ok() ? std::optional(last) : std::nullopt;
    return status;
  }

  void WriteMarks(std::unique_lock<std::mutex>& lock) {
    std::vector<Acknowledgement> marks;
    marks.swap(marks_);
    lock.unlock();
    const base::Status status = store_->Mark(marks);
    if (!status.ok()) {
      base::LogWarning("verdict log: acknowledged marks not written: " + status.error().text);
    }
    lock.lock();
  }

  const std::unique_ptr<VerdictStore> store_;
  HistoryLookup history_{*store_};
  std::optional<ChainPosition> last_;  // writer thread only; unknown after a failure

  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::shared_ptr<Ticket>> waiting_;
  std::vector<Acknowledgement> marks_;
  std::chrono::steady_clock::time_point marks_due_;
  bool stopping_ = false;

  std::thread writer_;  // last: it uses everything above
};

base::Error Corrupt(std::string why) {
  return {base::ErrorCode::kCorrupt, "verdict log: " + std::move(why)};
}

// The last event must follow from the one before it, or from the anchor.
base::Status CheckTail(VerdictStore& store, const ChainPosition& last) {
  LAZARET_ASSIGN(const ChainPosition anchor, store.Anchor());
  if (last.seq == anchor.seq) {
    if (last == anchor) return base::Ok();
    return Corrupt("the anchor and the last event do not agree");
  }
  ChainPosition before = anchor;
  if (last.seq > anchor.seq + 1) {
    LAZARET_ASSIGN(const auto one, store.Read(last.seq - 2, 1));
    if (one.empty() || one.front().seq != last.seq - 1)
      return Corrupt("the last but one event is missing");
    before = {one.front().seq, one.front().hash};
  }
  LAZARET_ASSIGN(const auto tail, store.Read(last.seq - 1, 1));
  if (tail.empty() || tail.front().seq != last.seq) return Corrupt("the last event cannot be read");
  const ChainedRecord& record = tail.front();
  if (ChainHash(before.hash, record.seq, record.kind, record.body) == last.hash) return base::Ok();
  return Corrupt("the last event does not follow from the one before; run `lazaret log verify`");
}

}  // namespace

base::Result<std::unique_ptr<VerdictLog>> VerdictLog::Open(std::unique_ptr<VerdictStore> store) {
  LAZARET_ASSIGN(const ChainPosition last, store->Last());
  LAZARET_TRY(CheckTail(*store, last));
  return std::unique_ptr<VerdictLog>(std::make_unique<ChainedLog>(std::move(store), last));
}

}  // namespace lazaret::db
