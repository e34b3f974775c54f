#include "app/config/policy_warnings.h"

#include <algorithm>

#include "tests/support/catch.h"

using namespace lazaret;

namespace {

std::vector<std::string> WarningsOf(const std::string& text) {
  const auto parsed = config::ParsePolicy(text, "p.yaml");
  INFO((parsed.ok() ? std::string() : parsed.error().text));
  REQUIRE(parsed.ok());
  return config::PolicyWarnings(text, "p.yaml", {"dlp.iban", "scan.error.", "mime.bare-cr"});
}

// Whether a block with the condition `below` is never reached under one with `above`.
bool Covered(const std::string& above, const std::string& below) {
  const auto warnings = WarningsOf("version: 1\nblocks:\n  - name: a\n    when: {" + above +
                                   "}\n  - name: b\n    when: {" + below + "}\n");
  return !warnings.empty();
}

bool Lists(const std::string& code) {
  const auto& codes = config::DocumentedCodes();
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace

TEST_CASE("policy warnings: the shipped policy and a plain one give none", "[config][policy]") {
  CHECK(config::PolicyWarnings(config::ShippedPolicyText(), "p.yaml", config::DocumentedCodes())
            .empty());
  CHECK(WarningsOf("version: 1\n").empty());
}

TEST_CASE("policy warnings: a code that nothing reports is named with its place",
          "[config][policy]") {
  const auto warnings = WarningsOf(
      "version: 1\nblocks:\n  - name: a\n"
      "    codes: {dlp: tag, dlp.iban: hold, dlp.ibann: hold, mime: tag, mim: tag,\n"
      "      scan.error.clamav: hold, scan.error: hold, dlp.iban.x: hold}\n");
  REQUIRE(warnings.size() == 3);
  CHECK(warnings[0] ==
        "p.yaml:4:39: \"dlp.ibann\" is no code that Lazaret or a loaded rule reports, nor the "
        "beginning of one");
  CHECK(warnings[1].find("p.yaml:4:67: \"mim\"") == 0);
  CHECK(warnings[2].find("p.yaml:5:50: \"dlp.iban.x\"") == 0);
}

TEST_CASE("policy warnings: a block that another takes all mail from is named",
          "[config][policy]") {
  const auto warnings = WarningsOf(
      "version: 1\nblocks:\n  - name: all\n  - name: never\n    when: {direction: inbound}\n");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] ==
        "p.yaml:4:5: block \"never\" is never reached: block \"all\" (p.yaml:3) "
        "takes all of it");
}

TEST_CASE("policy warnings: what covers what", "[config][policy]") {
  CHECK(Covered("direction: [inbound, local]", "direction: inbound, tls: true"));
  CHECK_FALSE(Covered("direction: inbound", "direction: [inbound, local]"));
  CHECK_FALSE(Covered("direction: inbound, tls: true", "direction: inbound"));
  CHECK_FALSE(Covered("tls: true", "tls: false"));
  CHECK(Covered("client: 10.0.0.0/8", "client: [10.1.0.0/16, 10.2.3.4]"));
  CHECK_FALSE(Covered("client: 10.1.0.0/16", "client: 10.0.0.0/8"));
  CHECK_FALSE(Covered("client: 10.0.0.0/8", "client: '2001:db8::/32'"));
  CHECK(Covered("user: '*'", "user: anna"));
  CHECK_FALSE(Covered("user: anna", "user: '*'"));
  CHECK(Covered("recipient: '@x.test'", "recipient: [A@x.test, '@X.test']"));
  CHECK(Covered("recipient: '@.x.test'", "recipient: ['@x.test', a@b.x.test, '@.c.x.test']"));
  CHECK_FALSE(Covered("recipient: '@x.test'", "recipient: '@.x.test'"));
  CHECK_FALSE(Covered("recipient: '@.x.test'", "recipient: a@yx.test"));
  CHECK_FALSE(Covered("recipient: a@x.test", "recipient: '@x.test'"));
  CHECK(Covered("sender: '*'", "sender: '<>'"));
  CHECK_FALSE(Covered("sender: '@x.test'", "sender: '<>'"));
  CHECK(Covered("daemon: [a, b]", "daemon: b"));
  CHECK_FALSE(Covered("daemon: a", "daemon: b"));
}

TEST_CASE("policy warnings: mail that was not looked at may pass", "[config][policy]") {
  const auto warnings = WarningsOf("version: 1\naccept_unlooked: true\n");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("p.yaml:2:1: accept_unlooked") == 0);
  CHECK(WarningsOf("version: 1\naccept_unlooked: false\n").empty());
}

TEST_CASE("policy warnings: the documented codes are read from the table", "[config][policy]") {
  for (const char* code : {"clamav.signature", "scan.error.analyzer", "scan.error.",
                           "scan.unscannable.maxfiles", "scan.unscannable.", "dlp.payment_card",
                           "dlp.iban", "mime.duplicate-boundary", "file.bidi-name"}) {
    INFO(code);
    CHECK(Lists(code));
  }
  CHECK_FALSE(Lists("mime"));
}
