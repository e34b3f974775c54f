#include "db/audit/index.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "db/audit/event_codec.h"

namespace lazaret::db {
namespace {

constexpr std::size_t kHistoryKeyBytes = 16;

void AddRecipient(std::string_view recipient, policy::Action action, IndexRows& index) {
  if (recipient.empty()) return;
  std::string address = AddressKey(recipient);
  std::string domain = DomainKey(address);
  index.recipients.push_back({std::move(address), std::move(domain), action});
}

void AddFindings(const std::vector<policy::Finding>& findings, IndexRows& index) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const policy::Finding& finding : findings) {
    std::string code = base::ToValidUtf8(finding.code);
    std::string rule = base::ToValidUtf8(finding.rule);
    if (!seen.insert({code, rule}).second) continue;
    index.findings.push_back({std::move(code), std::move(rule), finding.cls});
  }
}

void DeriveDecision(const DecisionEvent& event, IndexRows& index) {
  index.cls = event.verdict.cls;
  index.action = event.verdict.action;
  index.wanted = event.verdict.wanted;
  index.queue_id = base::ToValidUtf8(event.envelope.queue_id);
  index.sender = AddressKey(event.envelope.sender);
  index.sender_domain = DomainKey(index.sender);
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
  std::set<std::string> keys;
  for (const std::string& one : event.envelope.recipients) {
    keys.insert(HistoryKey(event.envelope.sender, one));
  }
  return {keys.begin(), keys.end()};
}

}  // namespace

std::string AddressKey(std::string_view address) {
  if (address.empty()) return "<>";
  if (address == kForgotten) return "";
  return base::ToValidUtf8(base::AsciiLower(address));
}

std::string DomainKey(std::string_view address_key) {
  const std::size_t at = address_key.rfind('@');
  return at == std::string_view::npos ? std::string() : std::string(address_key.substr(at + 1));
}

std::string HistoryKey(std::string_view sender, std::string_view recipient) {
  std::string text = AddressKey(sender);
  text.push_back('\0');
  text += DomainKey(AddressKey(recipient));
  return std::string(base::AsBytes(base::Sha256(text)).substr(0, kHistoryKeyBytes));
}

IndexRows DeriveIndex(const Event& event) {
  IndexRows index;
  std::visit(
      [&index](const auto& one) {
        index.time = one.time;
        index.node = base::ToValidUtf8(one.node);
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
