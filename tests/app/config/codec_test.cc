#include "app/config/config.h"
#include "app/config/key_table.h"
#include "tests/support/catch.h"

using namespace lazaret;
using config::Config;

namespace {

Config Sample() {
  auto loaded = config::LoadConfigText(
      "node: mx1\n"
      "reply: {contact: postmaster@example.org, templates: {de: {reject: 'Nein {id}', tempfail: "
      "'Spaeter {id}'}}}\n"
      "milter: {socket_mode: 0600}\n"
      "policy:\n"
      "  daemons: {outbound: [a, b], local: c}\n"
      "  internal_networks: [192.0.2.0/24, '2001:db8::/32', 198.51.100.7, '::/0']\n",
      "l.yaml", {"rules.paths=/p,/q"});
  REQUIRE(loaded.ok());
  return *loaded;
}

}  // namespace

TEST_CASE("config: what is encoded decodes to the same", "[config][codec]") {
  const Config config = Sample();
  const std::string bytes = config::EncodeConfig(config);
  const auto decoded = config::DecodeConfig(bytes);
  REQUIRE(decoded.ok());
  CHECK(config::EncodeConfig(*decoded) == bytes);
  CHECK(decoded->origin == "l.yaml");
  CHECK(decoded->rules_paths == config.rules_paths);
  CHECK(decoded->directions.daemons == config.directions.daemons);
  REQUIRE(decoded->directions.internal_networks.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(decoded->directions.internal_networks[i].address ==
          config.directions.internal_networks[i].address);
    CHECK(decoded->directions.internal_networks[i].prefix_bits ==
          config.directions.internal_networks[i].prefix_bits);
  }
  CHECK(decoded->reply.reject == config.reply.reject);
  CHECK(decoded->milter.socket_mode == 0600);
}

TEST_CASE("config: an encoding that is cut, longer or changed in order is refused",
          "[config][codec]") {
  const std::string bytes = config::EncodeConfig(Sample());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(config::DecodeConfig(bytes.substr(0, size)).ok());
  CHECK_FALSE(config::DecodeConfig(bytes + "x").ok());
  std::string version = bytes;
  version[0] = 2;
  CHECK_FALSE(config::DecodeConfig(version).ok());
  std::string renamed = bytes;
  renamed.replace(renamed.find("limits.sessions"), 15, "limits.workersX");
  CHECK_FALSE(config::DecodeConfig(renamed).ok());
}

TEST_CASE("config: every key goes through the encoding", "[config][codec]") {
  const std::string bytes = config::EncodeConfig(Sample());
  for (const config::Key& key : config::AllKeys()) {
    INFO(key.name);
    const std::string name(key.name.substr(0, key.name.find('*')));
    CHECK(bytes.find(name) != std::string::npos);
    CHECK_FALSE(key.doc.empty());
  }
}
