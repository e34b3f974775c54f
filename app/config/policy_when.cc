#include "app/config/policy_file.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::config {
namespace {

namespace yaml = base::yaml;

constexpr std::size_t kMaxPatternBytes = 320;  // RFC 5321 section 4.5.3.1: local part and domain

bool IsAddressPattern(std::string_view text) {
  if (text == "*" || text == "<>") return true;
  if (text.size() > kMaxPatternBytes) return false;
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  std::string_view domain = text.substr(at + 1);
  if (at == 0 && !domain.empty() && domain[0] == '.') domain.remove_prefix(1);
  if (domain.empty() || domain.front() == '.' || domain.back() == '.') return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '*') return false;
  }
  return true;
}

// Reads one condition; each item is given to `take`, which says why it refuses it.
template <typename Take>
void ReadItems(yaml::MappingReader& reader, std::string_view key, const std::string& origin,
               Take&& take) {
  const yaml::Node* node = reader.Take(key);
  if (node == nullptr) return;
  const auto items = TextItems(*node, origin);
  if (!items.ok()) return reader.Fail(items.error());
  for (const yaml::Node* item : *items) {
    const std::string why = take(item->text);
    if (!why.empty()) return reader.Fail(*item, base::Format("{}: {}", key, why));
  }
}

void ReadAddresses(yaml::MappingReader& reader, std::string_view key, const std::string& origin,
                   std::vector<std::string>& out) {
  ReadItems(reader, key, origin, [&out](const std::string& text) -> std::string {
    if (!IsAddressPattern(text)) return "user@domain, @domain, @.domain, * or <> is expected";
    out.push_back(text);
    return {};
  });
}

void ReadNames(yaml::MappingReader& reader, std::string_view key, const std::string& origin,
               std::vector<std::string>& out) {
  ReadItems(reader, key, origin, [&out](const std::string& text) -> std::string {
    if (text.empty() || text.size() > kMaxPatternBytes) return "a name is expected";
    out.push_back(text);
    return {};
  });
}

}  // namespace

base::Result<std::vector<const yaml::Node*>> TextItems(const yaml::Node& node,
                                                       const std::string& origin) {
  std::vector<const yaml::Node*> items;
  if (node.kind == yaml::Kind::kSequence) {
    for (const yaml::Node& item : node.items) items.push_back(&item);
  } else {
    items.push_back(&node);
  }
  if (items.empty()) return yaml::ErrorAt(origin, node, "the list is empty");
  for (const yaml::Node* item : items) {
    if (item->kind != yaml::Kind::kScalar || item->IsNull())
      return yaml::ErrorAt(origin, *item, "a text is expected");
  }
  return items;
}

base::Result<policy::When> ParseWhen(const yaml::Node& node, const std::string& origin) {
  policy::When when;
  yaml::MappingReader reader(node, origin, "when");
  ReadItems(reader, "direction", origin, [&when](const std::string& text) -> std::string {
    const auto direction = policy::ParseDirection(text);
    if (!direction) return "inbound, outbound or local is expected";
    when.directions.push_back(*direction);
    return {};
  });
  ReadItems(reader, "client", origin, [&when](const std::string& text) -> std::string {
    const auto network = policy::Network::Parse(text);
    if (!network) return "a network such as 192.0.2.0/24 or 2001:db8::/32 is expected";
    when.clients.push_back(*network);
    return {};
  });
  ReadNames(reader, "user", origin, when.users);
  ReadAddresses(reader, "sender", origin, when.senders);
  ReadAddresses(reader, "recipient", origin, when.recipients);
  if (reader.Take("tls") != nullptr) when.tls = reader.Bool("tls", false);
  ReadNames(reader, "daemon", origin, when.daemons);
  LAZARET_TRY(reader.Finish());
  return when;
}

}  // namespace lazaret::config
