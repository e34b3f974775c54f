// The administrator's policy as data. app/config reads policy.yaml and the `policy` section of
// lazaret.yaml into it; nothing here reads files.
#ifndef LAZARET_POLICY_POLICY_H_
#define LAZARET_POLICY_POLICY_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/envelope.h"
#include "policy/finding.h"

namespace lazaret::policy {

// An IPv4 or IPv6 network. Parse accepts "192.0.2.0/24", "2001:db8::/32", and single addresses.
struct Network {
  std::array<std::uint8_t, 16> address{};  // IPv4 as v4-mapped IPv6
  int prefix_bits = 128;                   // over the mapped form
  static std::optional<Network> Parse(std::string_view text);
  bool Contains(std::string_view address_text) const;  // false for text that is no address
};

// All conditions given must hold; an empty list means "any". Patterns are "user@domain", "@domain"
// (exact domain), "@.domain" (domain and below) or "*"; case-insensitive; "<>" is the null sender.
struct When {
  std::vector<Direction> directions;
  std::vector<Network> clients;
  std::vector<std::string> users;  // authenticated user names; "*" = any authenticated user
  std::vector<std::string> senders;
  std::vector<std::string> recipients;
  std::optional<bool> tls;           // session encrypted or not
  std::vector<std::string> daemons;  // {daemon_name}
};

struct Block {
  std::string name;
  std::string origin;  // "policy.yaml:12", shown by explain
  When when;
  std::map<Class, Action> classes;
  std::map<std::string, Action, std::less<>> codes;  // finding code or dotted prefix
};

enum class Mode : std::uint8_t { kEnforce = 0, kObserve = 1 };

struct ObserveScope {
  std::vector<std::string> daemons;  // {daemon_name} values
  std::vector<std::string> domains;  // recipient domains, exact, lower case
};

// How the direction of a message is found, first answer wins: daemon name, authenticated user
// (outbound), client in internal_networks (outbound), else inbound. Outbound becomes local when
// every recipient's domain is in local_domains.
struct DirectionRules {
  std::map<std::string, Direction, std::less<>> daemons;
  std::vector<Network> internal_networks;
  std::vector<std::string> local_domains;
};
Direction FindDirection(const Envelope& envelope, const DirectionRules& rules);

struct Policy {
  Mode mode = Mode::kEnforce;
  ObserveScope observe;                       // parts that observe while the rest enforces
  Action observe_errors = Action::kTempfail;  // kTempfail or kAccept
  std::vector<std::string> mandatory_scanners;
  std::vector<Block> blocks;         // ordered; the first match per recipient
  std::map<Class, Action> defaults;  // for classes that the matching block does not name
  std::string revision;              // hash of the text it came from
};

// What ships in policy.yaml's place when there is none: malicious reject, error tempfail,
// unscannable hold, policy reject, ambiguous hold, suspicious tag, clean accept.
std::map<Class, Action> DefaultClassActions();

}  // namespace lazaret::policy

#endif  // LAZARET_POLICY_POLICY_H_
