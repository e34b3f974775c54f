#include "policy/match.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.h"

namespace lazaret::policy {
namespace {

struct ParsedAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
};

std::optional<ParsedAddress> ParseAddress(std::string_view text) {
  // Postfix and libmilter write "IPv6:2001:db8::1" in places.
  if (text.size() > 5 && base::AsciiEqualNoCase(text.substr(0, 5), "IPv6:")) text.remove_prefix(5);
  const std::string copy(text);
  ParsedAddress out;
  in_addr v4{};
  if (::inet_pton(AF_INET, copy.c_str(), &v4) == 1) {
    out.v4 = true;
    out.bytes[10] = out.bytes[11] = 0xff;
    std::memcpy(out.bytes.data() + 12, &v4, 4);
    return out;
  }
  if (::inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

bool AnyAddress(const std::vector<std::string>& patterns, std::string_view address) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return AddressMatches(pattern, address); });
}

bool AnyUser(const std::vector<std::string>& users, std::string_view user) {
  if (user.empty()) return false;
  return std::any_of(users.begin(), users.end(), [&](const std::string& wanted) {
    return wanted == "*" || base::AsciiEqualNoCase(wanted, user);
  });
}

}  // namespace

std::optional<Network> Network::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = ParseAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  Network network;
  network.address = address->bytes;
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  int bits = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const int most = address->v4 ? 32 : 128;
  if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > most)
    return std::nullopt;
  network.prefix_bits = address->v4 ? bits + 96 : bits;
  return network;
}

bool Network::Contains(std::string_view address_text) const {
  const auto other = ParseAddress(address_text);
  if (!other) return false;
  for (int bit = 0; bit < prefix_bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    if ((address[byte] & mask) != (other->bytes[byte] & mask)) return false;
  }
  return true;
}

std::string DomainOf(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : base::AsciiLower(address.substr(at + 1));
}

bool AddressMatches(std::string_view pattern, std::string_view address) {
  if (pattern == "*") return true;
  if (pattern == "<>") return address.empty();
  if (pattern.rfind("@.", 0) == 0) {
    const std::string wanted = base::AsciiLower(pattern.substr(2));
    const std::string domain = DomainOf(address);
    if (domain == wanted) return true;
    return domain.size() > wanted.size() + 1 &&
           domain.compare(domain.size() - wanted.size(), wanted.size(), wanted) == 0 &&
           domain[domain.size() - wanted.size() - 1] == '.';
  }
  if (pattern.rfind('@', 0) == 0) return DomainOf(address) == base::AsciiLower(pattern.substr(1));
  return base::AsciiEqualNoCase(pattern, address);
}

bool WhenMatches(const When& when, const Envelope& envelope, std::string_view recipient) {
  const auto holds = [](const auto& list, auto&& test) {
    return list.empty() || std::any_of(list.begin(), list.end(), test);
  };
  return holds(when.directions, [&](Direction d) { return d == envelope.direction; }) &&
         holds(when.clients,
               [&](const Network& n) { return n.Contains(envelope.client_address); }) &&
         (when.users.empty() || AnyUser(when.users, envelope.auth_user)) &&
         (when.senders.empty() || AnyAddress(when.senders, envelope.sender)) &&
         (when.recipients.empty() || AnyAddress(when.recipients, recipient)) &&
         (!when.tls || *when.tls == !envelope.tls.version.empty()) &&
         holds(when.daemons, [&](const std::string& d) { return d == envelope.daemon_name; });
}

Direction FindDirection(const Envelope& envelope, const DirectionRules& rules) {
  Direction direction = Direction::kInbound;
  const auto daemon = rules.daemons.find(envelope.daemon_name);
  if (daemon != rules.daemons.end()) {
    direction = daemon->second;
  } else if (!envelope.auth_user.empty()) {
    direction = Direction::kOutbound;
  } else if (std::any_of(rules.internal_networks.begin(), rules.internal_networks.end(),
                         [&](const Network& network) {
                           return network.Contains(envelope.client_address);
                         })) {
    direction = Direction::kOutbound;
  }
  if (direction != Direction::kOutbound || envelope.recipients.empty()) return direction;
  const bool all_local = std::all_of(
      envelope.recipients.begin(), envelope.recipients.end(), [&](const std::string& recipient) {
        const std::string domain = DomainOf(recipient);
        return std::any_of(
            rules.local_domains.begin(), rules.local_domains.end(),
            [&](const std::string& local) { return base::AsciiEqualNoCase(local, domain); });
      });
  return all_local ? Direction::kLocal : direction;
}

}  // namespace lazaret::policy
