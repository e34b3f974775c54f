// Who sends what to whom over which session, as the MTA says it. Addresses stand without angle
// brackets; the null sender is empty. Everything is untrusted text except what the MTA itself
// vouches for (client_address, auth_user, tls, daemon_name).
#ifndef LAZARET_POLICY_ENVELOPE_H_
#define LAZARET_POLICY_ENVELOPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::policy {

enum class Direction : std::uint8_t { kInbound = 0, kOutbound = 1, kLocal = 2 };
std::string_view Name(Direction value);
std::optional<Direction> ParseDirection(std::string_view name);

struct TlsFacts {
  std::string version;  // "TLSv1.3"; empty = no TLS
  std::string cipher;
  std::uint32_t bits = 0;
  std::string cert_subject;
  std::string cert_issuer;
};

struct Envelope {
  std::string sender;
  std::vector<std::string> recipients;
  std::string client_address;  // numeric IPv4 or IPv6, empty when unknown
  std::string client_name;
  std::string helo;
  std::string auth_user;
  std::string daemon_name;  // {daemon_name}
  std::string queue_id;     // empty until the MTA gives one
  std::string message_id;   // Message-Id header as sent, without angle brackets
  TlsFacts tls;
  Direction direction = Direction::kInbound;
  bool assumed = false;  // no MTA: sender and recipients were taken from the header (lazaret scan)
};

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_ENVELOPE_H_
