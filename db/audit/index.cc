#include "db/audit/index.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "db/audit/event_codec.h"

namespace lazaret::db {
namespace {

constexpr std::size_t kHistoryKeyBytes = 16;

// ToValidUtf8 for what mostly is valid.
std::string ValidText(std::string_view text) {
  return base::IsValidUtf8(text) ? std::string(text) : base::ToValidUtf8(text);
}

void AddRecipient(std::string_view recipient, policy::Action action, IndexRows& index) {
  if (recipient.empty()) return;
  std::string address = AddressKey(recipient);
  std::string domain = DomainKey(address);
  index.recipients.push_back({std::move(address), std::move(domain), action});
}

void AddFindings(const std::vector<policy::Finding>& findings, IndexRows& index) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const policy::Finding& finding : findings) {
    std::string code = ValidText(finding.code);
    std::string rule = ValidText(finding.rule);
    if (!seen.insert({code, rule}).second) continue;
    index.findings.push_back({std::move(code), std::move(rule), finding.cls});
  }
}

void DeriveDecision(const DecisionEvent& event, IndexRows& index) {
  index.cls = event.verdict.cls;
  index.action = event.verdict.action;
  index.wanted = event.verdict.wanted;
  index.queue_id = ValidText(event.envelope.queue_id);
  index.sender = AddressKey(event.envelope.sender);
  index.sender_domain = DomainKey(index.sender);
  index.recipients.reserve(event.verdict.recipients.size());
  for (const policy::RecipientVerdict& one : event.verdict.recipients) {
    AddRecipient(one.recipient, one.action, index);
  }
  if (event.verdict.recipients.empty()) {
    for (const std::string& one : event.envelope.recipients) {
      AddRecipient(one, event.verdict.action, index);
    }
  }
  AddFindings(event.verdict.findings, index);
}

// A message counts as seen when it was let through and nothing spoke against it as a whole.
std::vector<std::string> HistoryOf(const DecisionEvent& event) {
  const policy::Verdict& verdict = event.verdict;
  const bool passed =
      verdict.action == policy::Action::kAccept || verdict.action == policy::Action::kTag;
  const bool bad = verdict.cls == policy::Class::kMalicious || verdict.cls == policy::Class::kError;
  if (!passed || bad || event.envelope.sender.empty()) return {};
  std::vector<std::string> keys;
  keys.reserve(event.envelope.recipients.size());
  for (const std::string& one : event.envelope.recipients) {
    keys.push_back(HistoryKey(event.envelope.sender, one));
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace

std::string AddressKey(std::string_view address) {
  if (address.empty()) return "<>";
  if (address == kForgotten) return "";
  std::string lower = base::AsciiLower(address);
  return base::IsValidUtf8(lower) ? lower : base::ToValidUtf8(lower);
}

std::string DomainKey(std::string_view address_key) {
  const std::size_t at = address_key.rfind('@');
  return at == std::string_view::npos ? std::string() : std::string(address_key.substr(at + 1));
}

std::string HistoryKey(std::string_view sender, std::string_view recipient) {
  constexpr std::string_view kSeparator("\0", 1);
  const base::Sha256Digest digest =
      base::Sha256Of({AddressKey(sender), kSeparator, DomainKey(AddressKey(recipient))});
  return std::string(base::AsBytes(digest).substr(0, kHistoryKeyBytes));
}

IndexRows DeriveIndex(const Event& event) {
  IndexRows index;
  std::visit(
      [&index](const auto& one) {
        index.time = one.time;
        index.node = ValidText(one.node);
      },
      event);
  if (const auto* decision = std::get_if<DecisionEvent>(&event)) {
    index.verdict_id = decision->verdict_id;
    DeriveDecision(*decision, index);
  } else if (const auto* update = std::get_if<UpdateEvent>(&event)) {
    index.verdict_id = update->verdict_id;
  } else if (const auto* release = std::get_if<ReleaseEvent>(&event)) {
    index.verdict_id = release->verdict_id;
  }
  return index;
}

ChainedRecord PrepareRecord(Event event) {
  ChainedRecord record;
  record.kind = KindOf(event);
  record.index = DeriveIndex(event);
  if (const auto* decision = std::get_if<DecisionEvent>(&event)) {
    record.history = HistoryOf(*decision);
  }
  EncodedEvent encoded = EncodeEvent(std::move(event));
  record.body = std::move(encoded.body);
  record.personal = std::move(encoded.personal);
  return record;
}

}  // namespace lazaret::db
