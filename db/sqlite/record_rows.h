// The rows that a batch of records gives each table, in the order of the columns that the writer's
// statements name.
#ifndef LAZARET_DB_SQLITE_RECORD_ROWS_H_
#define LAZARET_DB_SQLITE_RECORD_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "db/sqlite/incoming.h"
#include "db/verdict_store.h"

namespace lazaret::db {

class RecordRows : public RowSource {
 public:
  explicit RecordRows(std::span<const ChainedRecord> records) : records_(records) {}
  bool Start() final {
    at_ = item_ = 0;
    return Settle();
  }
  bool Next() final {
    ++item_;
    return Settle();
  }

 protected:
  const ChainedRecord& record() const { return records_[at_]; }
  std::size_t item() const { return item_; }
  std::int64_t seq() const { return static_cast<std::int64_t>(record().seq); }
  static bool IsDecision(const ChainedRecord& one) { return one.kind == EventKind::kDecision; }

 private:
  virtual std::size_t CountOf(const ChainedRecord& one) const = 0;
  bool Settle() {
    while (at_ < records_.size() && item_ >= CountOf(records_[at_])) {
      ++at_;
      item_ = 0;
    }
    return at_ < records_.size();
  }

  std::span<const ChainedRecord> records_;
  std::size_t at_ = 0;
  std::size_t item_ = 0;
};

// seq, kind, hash, body, personal, verdict_id, time, node
class EventRows : public RecordRows {
 public:
  using RecordRows::RecordRows;
  void Put(int column, Cell cell) const override;

 private:
  std::size_t CountOf(const ChainedRecord&) const override { return 1; }
};

// seq, time, class, action, sender, sender_domain, wanted, queue_id
class DecisionRows : public RecordRows {
 public:
  using RecordRows::RecordRows;
  void Put(int column, Cell cell) const override;

 private:
  std::size_t CountOf(const ChainedRecord& one) const override { return IsDecision(one) ? 1 : 0; }
};

// seq, position, address, domain, action
class RecipientRows : public RecordRows {
 public:
  using RecordRows::RecordRows;
  void Put(int column, Cell cell) const override;

 private:
  std::size_t CountOf(const ChainedRecord& one) const override {
    return IsDecision(one) ? one.index.recipients.size() : 0;
  }
};

// seq, position, code, rule, class
class FindingRows : public RecordRows {
 public:
  using RecordRows::RecordRows;
  void Put(int column, Cell cell) const override;

 private:
  std::size_t CountOf(const ChainedRecord& one) const override {
    return IsDecision(one) ? one.index.findings.size() : 0;
  }
};

// key, seq
class HistoryRows : public RecordRows {
 public:
  using RecordRows::RecordRows;
  void Put(int column, Cell cell) const override;

 private:
  std::size_t CountOf(const ChainedRecord& one) const override { return one.history.size(); }
};

}  // namespace lazaret::db

#endif  // LAZARET_DB_SQLITE_RECORD_ROWS_H_
