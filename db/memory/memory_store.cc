#include "db/memory/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "base/format.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"

namespace lazaret::db {
namespace {

bool AddressFits(std::string_view filter, std::string_view address, std::string_view domain) {
  const std::string key = AddressKey(filter);
  return filter.front() == '@' ? domain == DomainKey(key) : address == key;
}

bool FindingFits(const Query& query, const IndexRows& index) {
  if (query.rule.empty()) return true;
  return std::any_of(index.findings.begin(), index.findings.end(), [&](const IndexedFinding& one) {
    return one.code == query.rule || one.rule == query.rule;
  });
}

bool AddressesFit(const Query& query, const IndexRows& index) {
  if (!query.sender.empty() && !AddressFits(query.sender, index.sender, index.sender_domain)) {
    return false;
  }
  if (query.recipient.empty()) return true;
  return std::any_of(index.recipients.begin(), index.recipients.end(),
                     [&](const IndexedRecipient& one) {
                       return AddressFits(query.recipient, one.address, one.domain);
                     });
}

bool Fits(const Query& query, const ChainedRecord& record) {
  const IndexRows& index = record.index;
  if (record.kind != EventKind::kDecision) return false;
  if (query.before_seq != 0 && record.seq >= query.before_seq) return false;
  if (query.since && index.time.micros < query.since->micros) return false;
  if (query.until && index.time.micros >= query.until->micros) return false;
  if (query.cls && index.cls != *query.cls) return false;
  if (query.action && index.action != *query.action) return false;
  if (query.wanted && index.wanted != *query.wanted) return false;
  if (!query.queue_id.empty() && index.queue_id != query.queue_id) return false;
  return FindingFits(query, index) && AddressesFit(query, index);
}

bool Selected(const ForgetSelector& selector, const ChainedRecord& record) {
  if (record.kind == EventKind::kForget || record.personal.empty()) return false;
  if (!selector.verdict_id.empty() && record.index.verdict_id == selector.verdict_id) return true;
  return selector.before && record.index.time.micros < selector.before->micros;
}

class MemoryStore : public VerdictStore {
 public:
  explicit MemoryStore(std::uint64_t max_history_pairs) : max_history_pairs_(max_history_pairs) {}

  base::Status AppendBatch(std::span<const ChainedRecord> records) override {
    const std::lock_guard lock(mutex_);
    LAZARET_TRY(CheckBatch(records));
    for (const ChainedRecord& record : records) {
      for (const std::string& key : record.history) NoteHistory(key, record.seq);
      ChainedRecord& kept = records_.emplace_back(record);
      kept.history.clear();
      if (kept.kind == EventKind::kDecision) decisions_.insert(kept.index.verdict_id);
    }
    return base::Ok();
  }

  base::Result<ChainPosition> Last() override {
    const std::lock_guard lock(mutex_);
    if (records_.empty()) return anchor_;
    return ChainPosition{records_.back().seq, records_.back().hash};
  }

  base::Result<ChainPosition> Anchor() override {
    const std::lock_guard lock(mutex_);
    return anchor_;
  }

  base::Result<ChainPosition> OldPrefix(const OldBounds& bounds) override {
    const std::lock_guard lock(mutex_);
    ChainPosition end = anchor_;
    ChainPosition reached = anchor_;
    for (const ChainedRecord& record : records_) {
      const bool within = record.seq - anchor_.seq <= bounds.limit;
      const std::int64_t time = record.index.time.micros;
      if (within) reached = {record.seq, record.hash};
      // Beyond the limit only decisions are asked, as in db/sqlite.
      if (time >= bounds.unknown_from.micros) continue;
      if (!within && record.kind != EventKind::kDecision) continue;
      if (time >= bounds.before.micros) break;
      end = reached;
      if (!within) break;
    }
    return end;
  }

  base::Result<std::optional<base::UnixTime>> NewestDecision(base::UnixTime before) override {
    const std::lock_guard lock(mutex_);
    std::optional<base::UnixTime> newest;
    for (const ChainedRecord& record : records_) {
      const base::UnixTime time = record.index.time;
      if (record.kind != EventKind::kDecision || time.micros >= before.micros) continue;
      if (!newest || newest->micros < time.micros) newest = time;
    }
    return newest;
  }

  base::Result<ChainPosition> RemoveSome(const ChainPosition& through) override {
    const std::lock_guard lock(mutex_);
    const bool kept =
        std::any_of(records_.begin(), records_.end(), [&through](const ChainedRecord& one) {
          return one.seq == through.seq && one.hash == through.hash;
        });
    if (!kept) return base::Error{base::ErrorCode::kInvalid, "verdict log: no such event is kept"};
    const std::uint64_t last = std::min(through.seq, anchor_.seq + kRemovedAtOnce);
    auto end = records_.begin();
    for (; end != records_.end() && end->seq <= last; ++end) {
      anchor_ = {end->seq, end->hash};
      if (end->kind != EventKind::kDecision) continue;
      decisions_.erase(end->index.verdict_id);
      marks_.erase(end->index.verdict_id);
    }
    records_.erase(records_.begin(), end);
    return anchor_;
  }

  base::Result<std::vector<ChainedRecord>> Read(std::uint64_t after, std::uint32_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<ChainedRecord> out;
    for (const ChainedRecord& record : records_) {
      if (record.seq > after && out.size() < limit) out.push_back(record);
    }
    return out;
  }

  base::Result<std::vector<StoredVerdict>> Find(const Query& query) override {
    const std::lock_guard lock(mutex_);
    std::vector<StoredVerdict> out;
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
      if (out.size() >= query.limit) break;
      if (Fits(query, *record)) out.push_back(Stored(*record));
    }
    return out;
  }

  base::Result<StoredVerdict> Get(std::string_view verdict_id) override {
    const std::lock_guard lock(mutex_);
    StoredVerdict found;
    std::vector<Event> later;
    for (const ChainedRecord& record : records_) {
      if (record.kind == EventKind::kForget || record.index.verdict_id != verdict_id) continue;
      if (record.kind == EventKind::kDecision) {
        found = Stored(record);
      } else if (auto event = DecodeEvent(record.kind, record.body, record.personal); event.ok()) {
        later.push_back(std::move(*event));
      }
    }
    if (found.seq == 0) {
      return base::Error{base::ErrorCode::kNotFound, base::Format("no verdict {}", verdict_id)};
    }
    found.later = std::move(later);
    return found;
  }

  base::Result<std::vector<std::string>> IdsWithPrefix(std::string_view prefix,
                                                       std::uint32_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const std::string& id : decisions_) {
      if (id.substr(0, prefix.size()) == prefix && ids.size() < limit) ids.push_back(id);
    }
    return ids;
  }

  base::Result<std::uint64_t> Forget(const ForgetSelector& selector) override {
    const std::lock_guard lock(mutex_);
    std::uint64_t changed = 0;
    for (ChainedRecord& record : records_) {
      if (!Selected(selector, record)) continue;
      LAZARET_ASSIGN(const Event event, DecodeEvent(record.kind, record.body, {}));
      record.personal.clear();
      record.index = DeriveIndex(event);
      ++changed;
    }
    return changed;
  }

  base::Status Mark(std::span<const Acknowledgement> marks) override {
    const std::lock_guard lock(mutex_);
    for (const Acknowledgement& one : marks) marks_[one.verdict_id] = one.mark;
    return base::Ok();
  }

  base::Result<bool> HistoryContains(std::span<const std::string> keys) override {
    const std::lock_guard lock(mutex_);
    return std::any_of(keys.begin(), keys.end(),
                       [this](const std::string& key) { return history_.count(key) != 0; });
  }

 private:
  base::Status CheckBatch(std::span<const ChainedRecord> records) const {
    std::uint64_t last = records_.empty() ? anchor_.seq : records_.back().seq;
    std::set<std::string> fresh;
    for (const ChainedRecord& record : records) {
      if (record.seq != ++last) {
        return base::Error{
            base::ErrorCode::kInvalid,
            base::Format("verdict log: event {} does not follow {}", record.seq, last - 1)};
      }
      if (record.kind != EventKind::kDecision) continue;
      const std::string& id = record.index.verdict_id;
      if (decisions_.count(id) != 0 || !fresh.insert(id).second) {
        return base::Error{base::ErrorCode::kInvalid, "verdict log: a verdict id is used twice"};
      }
    }
    return base::Ok();
  }

  void NoteHistory(const std::string& key, std::uint64_t seq) {
    history_[key] = seq;
    if (history_.size() <= max_history_pairs_) return;
    history_.erase(
        std::min_element(history_.begin(), history_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
  }

  StoredVerdict Stored(const ChainedRecord& record) const {
    StoredVerdict out;
    out.seq = record.seq;
    auto event = DecodeEvent(record.kind, record.body, record.personal);
    if (event.ok()) {
      out.event = std::get<DecisionEvent>(std::move(*event));
    } else {
      out.fault = event.error().text;
      out.event.verdict_id = record.index.verdict_id;
      out.event.time = record.index.time;
    }
    const auto mark = marks_.find(record.index.verdict_id);
    if (mark != marks_.end()) out.mark = mark->second;
    return out;
  }

  const std::uint64_t max_history_pairs_;
  std::mutex mutex_;
  ChainPosition anchor_;
  std::vector<ChainedRecord> records_;
  std::set<std::string> decisions_;
  std::map<std::string, AckMark> marks_;
  std::map<std::string, std::uint64_t> history_;
};

}  // namespace

std::unique_ptr<VerdictStore> NewMemoryStore(std::uint64_t max_history_pairs) {
  return std::make_unique<MemoryStore>(max_history_pairs);
}

}  // namespace lazaret::db
