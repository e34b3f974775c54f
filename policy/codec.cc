// Encoding of Analysis and JobFacts. docs/formats-memory.md, "Facts memory file" and "Result memory
// file".
#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "policy/analysis.h"
#include "policy/fit_findings.h"

namespace lazaret::policy {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr std::uint8_t kResultVersion = 1;
constexpr std::uint8_t kFactsVersion = 2;
constexpr std::uint32_t kMaxScanners = 256;
constexpr std::uint32_t kMaxDetectors = 1024;
constexpr std::size_t kMaxAuthResultBytes = 64U << 10;
constexpr std::size_t kDigestBytes = 32;
constexpr std::uint8_t kNone = 0xff;

// --- writing: whatever the analyzer holds becomes something the front takes.

// Valid UTF-8 of at most max_bytes, cut at a character boundary.
std::string Fit(std::string_view text, std::size_t max_bytes) {
  std::string valid = base::IsValidUtf8(text) ? std::string(text) : base::ToValidUtf8(text);
  if (valid.size() <= max_bytes) return valid;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(valid[end]) & 0xC0U) == 0x80U) --end;
  valid.resize(end);
  return valid;
}

void PutText(ByteWriter& out, std::string_view text, std::size_t max_bytes = kMaxNameBytes) {
  out.String(Fit(text, max_bytes));
}

void PutSpan(ByteWriter& out, const std::optional<Span>& span) {
  out.U8(span ? static_cast<std::uint8_t>(span->unit) : kNone);
  if (!span) return;
  out.U64(span->begin);
  out.U64(span->end);
}

void PutFinding(ByteWriter& out, const Finding& finding) {
  PutText(out, finding.code);
  out.U8(static_cast<std::uint8_t>(finding.cls));
  PutText(out, finding.rule);
  PutText(out, finding.rule_version);
  PutText(out, finding.scanner);
  PutText(out, finding.path);
  out.U32(finding.artifact);
  PutSpan(out, finding.span);
  PutText(out, finding.evidence);
  out.U8(static_cast<std::uint8_t>(finding.severity));
  out.U8(static_cast<std::uint8_t>(finding.confidence));
  out.U32(finding.count);
  out.U8(finding.proposed ? static_cast<std::uint8_t>(*finding.proposed) : kNone);
  out.U8(finding.shadow ? 1 : 0);
}

void PutRecord(ByteWriter& out, const ArtifactRecord& record) {
  out.U8(static_cast<std::uint8_t>(record.kind));
  out.U32(record.parent);
  PutText(out, record.path);
  PutText(out, record.claimed_name);
  PutText(out, record.declared_type);
  PutText(out, record.detected_type);
  out.U64(record.size);
  out.String(record.sha256);
}

void PutEnvelope(ByteWriter& out, const Envelope& envelope) {
  PutText(out, envelope.sender);
  const std::size_t recipients = std::min<std::size_t>(envelope.recipients.size(), kMaxRecipients);
  out.U32(static_cast<std::uint32_t>(recipients));
  for (std::size_t i = 0; i < recipients; ++i) PutText(out, envelope.recipients[i]);
  for (const std::string* text :
       {&envelope.client_address, &envelope.client_name, &envelope.helo, &envelope.auth_user,
        &envelope.daemon_name, &envelope.queue_id, &envelope.message_id, &envelope.tls.version,
        &envelope.tls.cipher, &envelope.tls.cert_subject, &envelope.tls.cert_issuer}) {
    PutText(out, *text);
  }
  out.U32(envelope.tls.bits);
  out.U8(static_cast<std::uint8_t>(envelope.direction));
  out.U8(envelope.assumed ? 1 : 0);
}

std::size_t SizeOf(const Finding& finding) {
  ByteWriter out;
  PutFinding(out, finding);
  return out.bytes().size();
}

template <typename Item, typename Put>
void PutList(ByteWriter& out, const std::vector<Item>& items, std::size_t max, Put&& put) {
  const std::size_t count = std::min(items.size(), max);
  out.U32(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) put(out, items[i]);
}

// --- reading: everything is checked, nothing is believed.

std::string GetText(ByteReader& in, std::size_t max_bytes = kMaxNameBytes) {
  std::string text = in.String(max_bytes);
  if (!base::IsValidUtf8(text)) in.MarkFailed();
  return text;
}

template <typename Enum>
Enum GetEnum(ByteReader& in, int count) {
  const std::uint8_t value = in.U8();
  if (value >= count) {
    in.MarkFailed();
    return static_cast<Enum>(0);
  }
  return static_cast<Enum>(value);
}

bool GetBool(ByteReader& in) {
  const std::uint8_t value = in.U8();
  if (value > 1) in.MarkFailed();
  return value == 1;
}

std::optional<Span> GetSpan(ByteReader& in) {
  const std::uint8_t unit = in.U8();
  if (unit == kNone) return std::nullopt;
  if (unit > 1) in.MarkFailed();
  Span span;
  span.unit = static_cast<SpanUnit>(unit);
  span.begin = in.U64();
  span.end = in.U64();
  if (span.end < span.begin) in.MarkFailed();
  return span;
}

std::optional<Action> GetProposed(ByteReader& in) {
  const std::uint8_t value = in.U8();
  if (value == kNone) return std::nullopt;
  if (value >= kActionCount) in.MarkFailed();
  return static_cast<Action>(value);
}

Finding GetFinding(ByteReader& in) {
  Finding finding;
  finding.code = GetText(in);
  finding.cls = GetEnum<Class>(in, kClassCount);
  finding.rule = GetText(in);
  finding.rule_version = GetText(in);
  finding.scanner = GetText(in);
  finding.path = GetText(in);
  finding.artifact = in.U32();
  finding.span = GetSpan(in);
  finding.evidence = GetText(in);
  finding.severity = GetEnum<Severity>(in, 5);
  finding.confidence = GetEnum<Confidence>(in, 3);
  finding.count = in.U32();
  finding.proposed = GetProposed(in);
  finding.shadow = GetBool(in);
  if (finding.code.empty() || finding.scanner.empty()) in.MarkFailed();
  return finding;
}

ArtifactRecord GetRecord(ByteReader& in) {
  ArtifactRecord record;
  record.kind = GetEnum<ArtifactKind>(in, 4);
  record.parent = in.U32();
  record.path = GetText(in);
  record.claimed_name = GetText(in);
  record.declared_type = GetText(in);
  record.detected_type = GetText(in);
  record.size = in.U64();
  record.sha256 = in.String(kDigestBytes);
  if (!record.sha256.empty() && record.sha256.size() != kDigestBytes) in.MarkFailed();
  return record;
}

Envelope GetEnvelope(ByteReader& in) {
  Envelope envelope;
  envelope.sender = GetText(in);
  const std::uint32_t recipients = in.Count(kMaxRecipients, 4);
  for (std::uint32_t i = 0; i < recipients && in.ok(); ++i)
    envelope.recipients.push_back(GetText(in));
  for (std::string* text :
       {&envelope.client_address, &envelope.client_name, &envelope.helo, &envelope.auth_user,
        &envelope.daemon_name, &envelope.queue_id, &envelope.message_id, &envelope.tls.version,
        &envelope.tls.cipher, &envelope.tls.cert_subject, &envelope.tls.cert_issuer}) {
    *text = GetText(in);
  }
  envelope.tls.bits = in.U32();
  envelope.direction = GetEnum<Direction>(in, 3);
  envelope.assumed = GetBool(in);
  return envelope;
}

template <typename Item, typename Get>
std::vector<Item> GetList(ByteReader& in, std::uint32_t max, std::size_t min_bytes, Get&& get) {
  std::vector<Item> items;
  const std::uint32_t count = in.Count(max, min_bytes);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) items.push_back(get(in));
  return items;
}

bool TreeHolds(const Analysis& analysis) {
  for (std::size_t i = 0; i < analysis.tree.size(); ++i) {
    const std::uint32_t parent = analysis.tree[i].parent;
    if (i == 0 ? parent != 0 : parent >= i) return false;
  }
  return std::all_of(analysis.findings.begin(), analysis.findings.end(),
                     [&](const Finding& finding) {
                       return finding.artifact < std::max<std::size_t>(analysis.tree.size(), 1);
                     });
}

std::string EncodeUnbounded(const Analysis& analysis, const std::vector<Finding>& findings) {
  ByteWriter out;
  out.U8(kResultVersion);
  PutList(out, findings, kMaxFindings, PutFinding);
  PutList(out, analysis.tree, kMaxTreeNodes, PutRecord);
  PutList(out, analysis.looked, kMaxScanners,
          [](ByteWriter& o, const std::string& name) { PutText(o, name); });
  PutList(out, analysis.not_looked, kMaxScanners, [](ByteWriter& o, const NotLooked& item) {
    PutText(o, item.scanner);
    PutText(o, item.reason);
  });
  PutList(out, analysis.timing, kMaxScanners, [](ByteWriter& o, const Timing& item) {
    PutText(o, item.stage);
    o.U64(item.micros);
  });
  PutList(out, analysis.detectors, kMaxDetectors, [](ByteWriter& o, const DetectorCount& item) {
    PutText(o, item.detector);
    o.U32(item.distinct);
    o.U8(static_cast<std::uint8_t>(item.confidence));
  });
  PutText(out, analysis.subject, kMaxSubjectBytes);
  out.U8(analysis.assumed ? 1 : 0);
  if (analysis.assumed) PutEnvelope(out, *analysis.assumed);
  return out.Take();
}

// A record too large for a result keeps its findings and loses its tree: which artifact a finding
// belongs to still stands in its path.
std::string EncodeWithoutTree(const Analysis& analysis) {
  Analysis small = analysis;
  if (small.tree.size() > 1) small.tree.resize(1);
  for (Finding& finding : small.findings) finding.artifact = 0;
  const std::size_t rest = EncodeUnbounded(small, {}).size();
  const std::size_t room = kMaxResultBytes - std::min(kMaxResultBytes, rest);
  return EncodeUnbounded(small, FitFindings(small.findings, {kMaxFindings, room, SizeOf}));
}

}  // namespace

std::string EncodeAnalysis(const Analysis& analysis) {
  if (analysis.tree.size() > kMaxTreeNodes) return EncodeWithoutTree(analysis);
  std::string bytes = EncodeUnbounded(
      analysis, FitFindings(analysis.findings, {kMaxFindings, kMaxResultBytes, SizeOf}));
  return bytes.size() <= kMaxResultBytes ? bytes : EncodeWithoutTree(analysis);
}

base::Result<Analysis> DecodeAnalysis(std::string_view bytes) {
  const base::Error bad{base::ErrorCode::kInvalid, "result: breaks its format"};
  if (bytes.size() > kMaxResultBytes) return bad;
  ByteReader in(bytes);
  if (in.U8() != kResultVersion) return bad;
  Analysis analysis;
  analysis.findings = GetList<Finding>(in, kMaxFindings, 40, GetFinding);
  analysis.tree = GetList<ArtifactRecord>(in, kMaxTreeNodes, 33, GetRecord);
  analysis.looked =
      GetList<std::string>(in, kMaxScanners, 4, [](ByteReader& i) { return GetText(i); });
  analysis.not_looked = GetList<NotLooked>(in, kMaxScanners, 8, [](ByteReader& i) {
    NotLooked item;
    item.scanner = GetText(i);
    item.reason = GetText(i);
    return item;
  });
  analysis.timing = GetList<Timing>(in, kMaxScanners, 12, [](ByteReader& i) {
    Timing item;
    item.stage = GetText(i);
    item.micros = i.U64();
    return item;
  });
  analysis.detectors = GetList<DetectorCount>(in, kMaxDetectors, 9, [](ByteReader& i) {
    DetectorCount item;
    item.detector = GetText(i);
    item.distinct = i.U32();
    item.confidence = GetEnum<Confidence>(i, 3);
    return item;
  });
  analysis.subject = GetText(in, kMaxSubjectBytes);
  if (GetBool(in)) analysis.assumed = GetEnvelope(in);
  if (!in.AtEnd() || !TreeHolds(analysis)) return bad;
  return analysis;
}

std::string EncodeFacts(const JobFacts& facts) {
  ByteWriter out;
  out.U8(kFactsVersion);
  PutEnvelope(out, facts.envelope);
  out.U8(facts.assume_envelope ? 1 : 0);
  out.U8(facts.sender_seen_before ? 1 : 0);
  PutText(out, facts.auth_results, kMaxAuthResultBytes);
  out.U32(facts.budget_millis);
  out.U8(facts.plain ? 1 : 0);
  return out.Take();
}

base::Result<JobFacts> DecodeFacts(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.U8();
  JobFacts facts;
  facts.envelope = GetEnvelope(in);
  facts.assume_envelope = GetBool(in);
  facts.sender_seen_before = GetBool(in);
  facts.auth_results = GetText(in, kMaxAuthResultBytes);
  facts.budget_millis = in.U32();
  facts.plain = GetBool(in);
  if (version != kFactsVersion || !in.AtEnd()) {
    return base::Error{base::ErrorCode::kInvalid, "facts: break their format"};
  }
  return facts;
}

}  // namespace lazaret::policy
