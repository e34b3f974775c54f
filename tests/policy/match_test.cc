#include "policy/match.h"

#include "tests/policy/builders.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::policy;

TEST_CASE("match: networks of both families", "[policy][match]") {
  const auto v4 = Network::Parse("192.0.2.0/24");
  REQUIRE(v4);
  CHECK(v4->Contains("192.0.2.255"));
  CHECK_FALSE(v4->Contains("192.0.3.0"));
  CHECK(v4->Contains("::ffff:192.0.2.1"));
  CHECK_FALSE(v4->Contains("unknown"));
  const auto v6 = Network::Parse("2001:db8::/32");
  REQUIRE(v6);
  CHECK(v6->Contains("2001:db8:ffff::1"));
  CHECK(v6->Contains("IPv6:2001:db8::1"));
  CHECK_FALSE(v6->Contains("2001:db9::1"));
  CHECK(Network::Parse("192.0.2.7")->Contains("192.0.2.7"));
  CHECK_FALSE(Network::Parse("192.0.2.7")->Contains("192.0.2.8"));
  CHECK(Network::Parse("0.0.0.0/0")->Contains("203.0.113.9"));
}

TEST_CASE("match: text that is no network is refused", "[policy][match]") {
  for (const char* bad : {"", "x", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/", "192.0.2.0/8x",
                          "2001:db8::/129", "192.0.2"}) {
    CAPTURE(bad);
    CHECK_FALSE(Network::Parse(bad));
  }
}

TEST_CASE("match: address patterns", "[policy][match]") {
  CHECK(AddressMatches("A@X.test", "a@x.TEST"));
  CHECK(AddressMatches("@x.test", "a@x.test"));
  CHECK_FALSE(AddressMatches("@x.test", "a@sub.x.test"));
  CHECK(AddressMatches("@.x.test", "a@sub.x.test"));
  CHECK(AddressMatches("@.x.test", "a@x.test"));
  CHECK_FALSE(AddressMatches("@.x.test", "a@evilx.test"));
  CHECK(AddressMatches("*", "a@x.test"));
  CHECK(AddressMatches("<>", ""));
  CHECK_FALSE(AddressMatches("<>", "a@x.test"));
}

TEST_CASE("match: all conditions of a block must hold", "[policy][match]") {
  Envelope envelope = tests::MakeEnvelope();
  envelope.client_address = "192.0.2.1";
  envelope.auth_user = "ann";
  envelope.daemon_name = "in";
  envelope.tls.version = "TLSv1.3";
  When when;
  CHECK(WhenMatches(when, envelope, "b@y.test"));
  when.directions = {Direction::kInbound};
  when.clients = {*Network::Parse("192.0.2.0/24")};
  when.users = {"Ann"};
  when.senders = {"@x.test"};
  when.recipients = {"@y.test"};
  when.tls = true;
  when.daemons = {"in"};
  CHECK(WhenMatches(when, envelope, "b@y.test"));
  CHECK_FALSE(WhenMatches(when, envelope, "b@z.test"));
  when.tls = false;
  CHECK_FALSE(WhenMatches(when, envelope, "b@y.test"));
  When any_user;
  any_user.users = {"*"};
  CHECK(WhenMatches(any_user, envelope, "b@y.test"));
  envelope.auth_user.clear();
  CHECK_FALSE(WhenMatches(any_user, envelope, "b@y.test"));
}

TEST_CASE("match: the direction of a message, first answer wins", "[policy][match]") {
  DirectionRules rules;
  rules.daemons = {{"outbound", Direction::kOutbound}, {"in", Direction::kInbound}};
  rules.internal_networks = {*Network::Parse("10.0.0.0/8")};
  rules.local_domains = {"y.test"};
  Envelope envelope = tests::MakeEnvelope();
  CHECK(FindDirection(envelope, rules) == Direction::kInbound);
  envelope.client_address = "10.1.2.3";
  CHECK(FindDirection(envelope, rules) == Direction::kLocal);
  envelope.recipients = {"b@z.test"};
  CHECK(FindDirection(envelope, rules) == Direction::kOutbound);
  envelope.recipients = {"b@y.test", "b@z.test"};
  CHECK(FindDirection(envelope, rules) == Direction::kOutbound);
  envelope.daemon_name = "in";
  envelope.auth_user = "ann";
  CHECK(FindDirection(envelope, rules) == Direction::kInbound);
  envelope.daemon_name = "other";
  envelope.client_address = "203.0.113.1";
  CHECK(FindDirection(envelope, rules) == Direction::kOutbound);
}
