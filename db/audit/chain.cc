#include "db/audit/chain.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/format.h"
#include "db/audit/event_archive.h"
#include "db/audit/event_codec.h"
#include "db/audit/index.h"

namespace lazaret::db {
namespace {

constexpr std::uint32_t kReadAtOnce = 256;
// Stops a log of nothing but forget events from holding ever more of them.
constexpr std::size_t kMaxPromised = 1000;
constexpr int kWalks = 5;

const char* IndexFault(const IndexRows& stored, const IndexRows& derived) {
  if (stored.verdict_id != derived.verdict_id) return "verdict id column";
  if (!(stored.time == derived.time)) return "time column";
  if (stored.node != derived.node) return "node column";
  if (stored.cls != derived.cls) return "class column";
  if (stored.action != derived.action) return "action column";
  if (stored.wanted != derived.wanted) return "wanted column";
  if (stored.queue_id != derived.queue_id) return "queue id column";
  if (stored.sender != derived.sender) return "sender column";
  if (stored.sender_domain != derived.sender_domain) return "sender domain column";
  if (stored.recipients != derived.recipients) return "recipient rows";
  if (stored.findings != derived.findings) return "finding rows";
  return nullptr;
}

// Whether any personal value of an event that decoded is gone.
bool SomeForgotten(std::string_view personal) {
  if (personal.empty()) return true;
  const auto values = DecodePersonal(personal);
  return values && std::any_of(values->begin(), values->end(),
                               [](const auto& one) { return !one.has_value(); });
}

// Events without their personal values that no forget event has named yet. A forget event comes
// before the removal and after what it removes, so each must meet one later in the walk.
class Unexplained {
 public:
  void Add(const ChainedRecord& record) {
    missing_.emplace(record.index.verdict_id, Missing{record.seq, record.index.time});
  }

  void Take(const ForgetEvent& forget) {
    if (forget.scope != ForgetScope::kPersonalValues) return;
    if (!forget.verdict_id.empty()) missing_.erase(forget.verdict_id);
    if (forget.before.micros == 0) return;
    for (auto one = missing_.begin(); one != missing_.end();) {
      one = one->second.time.micros < forget.before.micros ? missing_.erase(one) : std::next(one);
    }
  }

  // The first event that is left; 0 when there is none.
  std::uint64_t First() const {
    std::uint64_t first = 0;
    for (const auto& [id, one] : missing_) {
      if (first == 0 || one.seq < first) first = one.seq;
    }
    return first;
  }

 private:
  struct Missing {
    std::uint64_t seq = 0;
    base::UnixTime time;
  };
  std::unordered_multimap<std::string, Missing> missing_;
};

class Walk {
 public:
  explicit Walk(ChainPosition start) {
    report_.first = start;
    report_.head = start;
    anchored_ = start.seq == 0;
  }

  // False at the first fault.
  bool Take(const ChainedRecord& record) {
    if (record.seq != report_.head.seq + 1) {
      return Broken(report_.head.seq + 1,
                    base::Format("missing; the next one kept is {}", record.seq));
    }
    if (ChainHash(report_.head.hash, record.seq, record.kind, record.body) != record.hash) {
      return Broken(record.seq, "its hash does not follow from the event before and its own body");
    }
    const auto event = DecodeEvent(record.kind, record.body, record.personal);
    if (!event.ok()) return Broken(record.seq, event.error().text);
    if (const char* fault = IndexFault(record.index, DeriveIndex(*event)); fault != nullptr) {
      return Broken(record.seq, base::Format("the {} is not what the event says", fault));
    }
    if (const auto* forget = std::get_if<ForgetEvent>(&*event)) {
      if (record.personal.empty()) return Broken(record.seq, "a forget event lost its own values");
      NoteForget(*forget);
    }
    if (SomeForgotten(record.personal)) {
      ++report_.forgotten;
      unexplained_.Add(record);
    }
    report_.head = {record.seq, record.hash};
    ++report_.events;
    return true;
  }

  // Kept events that forget events name as the last to be removed: a removal that was not brought
  // to its end leaves them, and they follow from the anchor.
  const std::vector<ChainPosition>& promised() const { return promised_; }
  void MarkAnchored() { anchored_ = true; }

  ChainReport Finish() {
    if (!report_.why.empty()) return report_;
    if (!anchored_) {
      Broken(report_.first.seq,
             "earlier events were removed, but no forget event names the anchor");
      return report_;
    }
    if (const std::uint64_t seq = unexplained_.First(); seq != 0) {
      Broken(seq, "its personal values are gone, but no forget event says so");
      return report_;
    }
    report_.whole = true;
    return report_;
  }

 private:
  bool Broken(std::uint64_t seq, std::string why) {
    report_.broken_seq = seq;
    report_.why = std::move(why);
    return false;
  }

  void NoteForget(const ForgetEvent& forget) {
    unexplained_.Take(forget);
    if (forget.scope != ForgetScope::kPrefix) return;
    if (forget.through_seq == report_.first.seq && forget.through_hash == report_.first.hash) {
      anchored_ = true;
    } else if (forget.through_seq > report_.first.seq && promised_.size() < kMaxPromised) {
      promised_.push_back({forget.through_seq, forget.through_hash});
    }
  }

  ChainReport report_;
  Unexplained unexplained_;
  bool anchored_ = false;
  std::vector<ChainPosition> promised_;
};

// What was not removed yet was walked, so that its hash is the chain's.
base::Status CheckPromised(VerdictStore& store, Walk& walk) {
  for (const ChainPosition& one : walk.promised()) {
    LAZARET_ASSIGN(const auto records, store.Read(one.seq - 1, 1));
    if (records.empty()) continue;
    if (records.front().seq == one.seq && records.front().hash == one.hash) walk.MarkAnchored();
  }
  return base::Ok();
}

}  // namespace

base::Sha256Digest ChainHash(const base::Sha256Digest& previous, std::uint64_t seq, EventKind kind,
                             std::string_view body) {
  std::array<char, 9> head;
  for (std::size_t i = 0; i < 8; ++i) head[i] = static_cast<char>((seq >> (56 - 8 * i)) & 0xFFU);
  head[8] = static_cast<char>(kind);
  return base::Sha256Of({base::AsBytes(previous), {head.data(), head.size()}, body});
}

void Seal(ChainedRecord& record, ChainPosition& last) {
  record.seq = last.seq + 1;
  record.hash = ChainHash(last.hash, record.seq, record.kind, record.body);
  last = {record.seq, record.hash};
}

namespace {

base::Result<ChainReport> WalkFrom(const ChainPosition& anchor, VerdictStore& store) {
  Walk walk(anchor);
  std::uint64_t after = anchor.seq;
  // Events at or below the anchor would be a second history beside the first.
  LAZARET_ASSIGN(const auto below, store.Read(0, 1));
  if (!below.empty() && below.front().seq <= anchor.seq) after = 0;
  for (;;) {
    LAZARET_ASSIGN(const auto records, store.Read(after, kReadAtOnce));
    if (records.empty()) {
      LAZARET_TRY(CheckPromised(store, walk));
      return walk.Finish();
    }
    for (const ChainedRecord& record : records) {
      if (!walk.Take(record)) return walk.Finish();
    }
    after = records.back().seq;
  }
}

}  // namespace

base::Result<ChainReport> VerifyChain(VerdictStore& store) {
  for (int attempt = 1;; ++attempt) {
    LAZARET_ASSIGN(const ChainPosition anchor, store.Anchor());
    LAZARET_ASSIGN(const ChainReport report, WalkFrom(anchor, store));
    if (report.whole || attempt == kWalks) return report;
    // Retention may have removed what the walk was about to read.
    LAZARET_ASSIGN(const ChainPosition after, store.Anchor());
    if (after == anchor) return report;
  }
}

}  // namespace lazaret::db
