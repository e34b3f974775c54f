#include "app/config/config.h"
#include "base/fd.h"
#include "policy/decide.h"
#include "policy/match.h"
#include "tests/support/catch.h"

using namespace lazaret;
using policy::Action;
using policy::Class;

namespace {

std::string ErrorOf(const std::string& text) {
  const auto parsed = config::ParsePolicy(text, "p.yaml");
  return parsed.ok() ? "no error" : parsed.error().text;
}

policy::Policy Parsed(const std::string& text) {
  auto parsed = config::ParsePolicy(text, "p.yaml");
  INFO((parsed.ok() ? std::string() : parsed.error().text));
  REQUIRE(parsed.ok());
  return *parsed;
}

// What the shipped policy does with one finding.
Action ShippedAction(Class cls, policy::Direction direction, std::optional<Action> proposed = {}) {
  const policy::Policy policy = Parsed(std::string(config::ShippedPolicyText()));
  policy::Envelope envelope;
  envelope.recipients = {"b@y.test"};
  envelope.direction = direction;
  policy::Analysis analysis;
  if (cls != Class::kClean) {
    policy::Finding finding;
    finding.code = "x.y";
    finding.cls = cls;
    finding.proposed = proposed;
    analysis.findings.push_back(finding);
  }
  return policy::Decide({envelope, analysis, policy, base::UnixTime{0}}).action;
}

}  // namespace

TEST_CASE("policy file: the shipped policy is the file in deploy/config", "[config][policy]") {
  const auto file =
      base::ReadFile(std::string(LAZARET_SOURCE_DIR) + "/deploy/config/policy.yaml", 1U << 20);
  REQUIRE(file.ok());
  CHECK(*file == config::ShippedPolicyText());
}

TEST_CASE("policy file: what the shipped policy does with each class", "[config][policy]") {
  const auto inbound = policy::Direction::kInbound;
  CHECK(ShippedAction(Class::kMalicious, inbound) == Action::kReject);
  CHECK(ShippedAction(Class::kError, inbound) == Action::kTempfail);
  CHECK(ShippedAction(Class::kUnscannable, inbound) == Action::kHold);
  CHECK(ShippedAction(Class::kPolicy, inbound) == Action::kReject);
  CHECK(ShippedAction(Class::kAmbiguous, inbound) == Action::kHold);
  CHECK(ShippedAction(Class::kSuspicious, inbound) == Action::kTag);
  CHECK(ShippedAction(Class::kClean, inbound) == Action::kAccept);
  for (const auto direction : {policy::Direction::kOutbound, policy::Direction::kLocal}) {
    CHECK(ShippedAction(Class::kPolicy, direction) == Action::kHold);
    CHECK(ShippedAction(Class::kPolicy, direction, Action::kHold) == Action::kHold);
    CHECK(ShippedAction(Class::kMalicious, direction) == Action::kReject);
    CHECK(ShippedAction(Class::kError, direction) == Action::kTempfail);
    CHECK(ShippedAction(Class::kClean, direction) == Action::kAccept);
  }
}

TEST_CASE("policy file: all of a block is read", "[config][policy]") {
  const policy::Policy policy = Parsed(
      "version: 1\n"
      "defaults: {suspicious: accept}\n"
      "blocks:\n"
      "  - name: one\n"
      "    when:\n"
      "      direction: [inbound, local]\n"
      "      client: 192.0.2.0/24\n"
      "      user: ['*']\n"
      "      sender: ['<>', a@x.test]\n"
      "      recipient: '@.example.org'\n"
      "      tls: false\n"
      "      daemon: [mx]\n"
      "    classes: {policy: hold}\n"
      "    codes: {dlp.iban: tag, dlp: hold}\n"
      "  - name: two\n");
  CHECK(policy.defaults.at(Class::kSuspicious) == Action::kAccept);
  CHECK(policy.defaults.at(Class::kMalicious) == Action::kReject);
  REQUIRE(policy.blocks.size() == 2);
  const policy::Block& block = policy.blocks[0];
  CHECK(block.name == "one");
  CHECK(block.origin == "p.yaml:4");
  CHECK(block.when.directions.size() == 2);
  CHECK(block.when.clients.at(0).Contains("192.0.2.9"));
  CHECK(block.when.users == std::vector<std::string>{"*"});
  CHECK(block.when.senders == std::vector<std::string>{"<>", "a@x.test"});
  CHECK(block.when.recipients == std::vector<std::string>{"@.example.org"});
  REQUIRE(block.when.tls.has_value());
  CHECK_FALSE(*block.when.tls);
  CHECK(block.when.daemons == std::vector<std::string>{"mx"});
  CHECK(block.classes.at(Class::kPolicy) == Action::kHold);
  CHECK(block.codes.at("dlp.iban") == Action::kTag);
  CHECK_FALSE(policy.blocks[1].when.tls.has_value());
  CHECK(policy.revision.size() == 64);
}

TEST_CASE("policy file: class error is accepted only where that is written", "[config][policy]") {
  CHECK(Parsed("version: 1\n").defaults.at(Class::kError) == Action::kTempfail);
  CHECK(Parsed("version: 1\ndefaults: {clean: accept}\n").defaults.at(Class::kError) ==
        Action::kTempfail);
  for (const std::string action : {"hold", "tempfail", "reject"})
    CHECK(ErrorOf("version: 1\ndefaults: {error: " + action + "}\n") == "no error");
  const policy::Policy open =
      Parsed("version: 1\naccept_unlooked: true\ndefaults: {error: accept}\n");
  CHECK(open.defaults.at(Class::kError) == Action::kAccept);
}

TEST_CASE("policy file: no entry lets mail pass that could not be looked at, without the switch",
          "[config][policy][errors]") {
  const auto block = [](const std::string& text, const std::string& top = {}) {
    return ErrorOf("version: 1\n" + top + "blocks:\n  - name: a\n" + text);
  };
  const std::string why =
      " would accept mail that could not be looked at; it is refused unless \"accept_unlooked: "
      "true\" stands in this file";
  CHECK(ErrorOf("version: 1\ndefaults: {error: accept}\n") ==
        "p.yaml:2:19: \"error: accept\"" + why);
  CHECK(ErrorOf("version: 1\ndefaults: {error: tag}\n") == "p.yaml:2:19: \"error: tag\"" + why);
  CHECK(ErrorOf("version: 1\naccept_unlooked: false\ndefaults: {error: tag}\n") ==
        "p.yaml:3:19: \"error: tag\"" + why);
  CHECK(block("    classes: {error: accept}\n") == "p.yaml:4:22: \"error: accept\"" + why);
  CHECK(block("    codes: {scan.error: tag}\n") == "p.yaml:4:25: \"scan.error: tag\"" + why);
  CHECK(block("    codes: {scan.error.clamav: accept}\n") ==
        "p.yaml:4:32: \"scan.error.clamav: accept\"" + why);
  CHECK(block("    codes: {scan: accept}\n") == "p.yaml:4:19: \"scan: accept\"" + why);
  CHECK(block("    codes: {scan: accept, scan.error.clamav: hold}\n") ==
        "p.yaml:4:19: \"scan: accept\"" + why);
  CHECK(block("    codes: {scan: accept, scan.error: hold}\n") == "no error");
  CHECK(block("    codes: {scan.unscannable: accept, scan.errors: tag}\n") == "no error");
  for (const std::string entry : {"    classes: {error: accept}\n", "    codes: {scan: accept}\n",
                                  "    codes: {scan.error.dlp: tag}\n"})
    CHECK(block(entry, "accept_unlooked: true\n") == "no error");
  CHECK(ErrorOf("version: 1\naccept_unlooked: perhaps\n") ==
        "p.yaml:2:18: true or false is expected");
}

TEST_CASE("policy file: faults are refused with their place", "[config][policy][errors]") {
  CHECK(ErrorOf("defaults: {}\n") == "p.yaml:1:1: policy: \"version\" is missing");
  CHECK(ErrorOf("") == "p.yaml:1:1: policy: \"version\" is missing");
  CHECK(ErrorOf("version: 2\n") == "p.yaml:1:10: version 1 is expected");
  CHECK(ErrorOf("version: 1\nblock: []\n") ==
        "p.yaml:2:1: policy: unknown key \"block\"; did you mean \"blocks\"? "
        "known are accept_unlooked, blocks, defaults, version");
  CHECK(ErrorOf("version: 1\ndefaults:\n  evil: reject\n") == "p.yaml:3:3: unknown class \"evil\"");
  CHECK(ErrorOf("version: 1\ndefaults:\n  malicious: drop\n") ==
        "p.yaml:3:14: unknown action \"drop\"");
  for (const std::string action : {"strip", "redirect", "quarantine"}) {
    CHECK(ErrorOf("version: 1\ndefaults:\n  malicious: " + action + "\n") ==
          "p.yaml:3:14: action \"" + action + "\" is not built in this version");
  }
  CHECK(ErrorOf("version: 1\ndefaults: {malicious: reject, malicious: tag}\n") ==
        "p.yaml:2:31: duplicate key \"malicious\"");
  CHECK(ErrorOf("version: 1\ndefaults: [a]\n") == "p.yaml:2:11: classes with actions are expected");
  CHECK(ErrorOf("version: 1\nblocks: {}\n") == "p.yaml:2:9: a list of blocks is expected");
}

TEST_CASE("policy file: faults in blocks are refused with their place",
          "[config][policy][errors]") {
  const auto block = [](const std::string& text) {
    return ErrorOf("version: 1\nblocks:\n  - name: a\n" + text);
  };
  CHECK(block("    codes: {dlp.iban: quarantine}\n") ==
        "p.yaml:4:23: action \"quarantine\" is not built in this version");
  CHECK(block("    codes: {DLP: tag}\n") == "p.yaml:4:13: \"DLP\" is no finding code");
  CHECK(block("    codes: {dlp.: tag}\n") == "p.yaml:4:13: \"dlp.\" is no finding code");
  CHECK(block("    class: {}\n") ==
        "p.yaml:4:5: block: unknown key \"class\"; did you mean \"classes\"? known "
        "are classes, codes, name, when");
  CHECK(block("  - name: a\n") == "p.yaml:4:11: a block \"a\" stands above already");
  CHECK(block("  - classes: {}\n") == "p.yaml:4:5: block: \"name\" is missing");
  CHECK(block("    when: {from: x}\n") ==
        "p.yaml:4:12: when: unknown key \"from\"; known are client, daemon, "
        "direction, recipient, sender, tls, user");
  CHECK(block("    when: {senders: x}\n").find("did you mean \"sender\"?") != std::string::npos);
  CHECK(block("    when: {direction: in}\n") ==
        "p.yaml:4:23: direction: inbound, outbound or local is expected");
  CHECK(block("    when: {client: [10.0.0.0/8, x]}\n") ==
        "p.yaml:4:33: client: a network such as 192.0.2.0/24 or 2001:db8::/32 is expected");
  CHECK(block("    when: {sender: example.org}\n") ==
        "p.yaml:4:20: sender: user@domain, @domain, @.domain, * or <> is expected");
  CHECK(block("    when: {recipient: '*@x.test'}\n") != "no error");
  CHECK(block("    when: {recipient: []}\n") == "p.yaml:4:23: the list is empty");
  CHECK(block("    when: {tls: maybe}\n") == "p.yaml:4:17: true or false is expected");
}

TEST_CASE("policy file: all faults are said, in the order of their lines",
          "[config][policy][errors]") {
  std::vector<std::string> faults;
  const auto parsed = config::ParsePolicy(
      "version: 1\n"
      "defaults: {evil: reject, error: accept, suspicious: shred}\n"
      "blocks:\n"
      "  - name: a\n"
      "    classes: {policy: strip}\n"
      "    codes: {DLP: tag, dlp.iban: burn}\n"
      "    when: {direction: in}\n"
      "  - nam: b\n"
      "  - name: a\n"
      "unknown: 1\n",
      "p.yaml", &faults);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().text == faults.at(0) + " (9 more: `lazaret check` says all)");
  REQUIRE(faults.size() == 10);
  const std::vector<std::string> begins = {"p.yaml:2:12: unknown class",
                                           "p.yaml:2:33: \"error: accept\"",
                                           "p.yaml:2:53: unknown action \"shred\"",
                                           "p.yaml:5:23: action \"strip\"",
                                           "p.yaml:6:13: \"DLP\"",
                                           "p.yaml:6:33: unknown action",
                                           "p.yaml:7:23: direction:",
                                           "p.yaml:8:5: block: ",
                                           "p.yaml:9:11: a block \"a\"",
                                           "p.yaml:10:1: policy: unknown key"};
  for (std::size_t i = 0; i < begins.size(); ++i) {
    INFO(faults[i]);
    CHECK(faults[i].find(begins[i]) == 0);
  }
}

TEST_CASE("policy file: blocks are taken at their limit and refused above it",
          "[config][policy][errors]") {
  const auto with = [](int blocks) {
    std::string text = "version: 1\nblocks:\n";
    for (int i = 0; i < blocks; ++i) text += "  - name: b" + std::to_string(i) + "\n";
    return ErrorOf(text);
  };
  CHECK(with(1000) == "no error");
  CHECK(with(1001) == "p.yaml:1003:5: more than 1000 blocks");
}

TEST_CASE("docs/policy.md: the example is taken, and all keys of conditions are described",
          "[config][policy]") {
  const auto page = base::ReadFile(LAZARET_SOURCE_DIR "/docs/policy.md", 1U << 20);
  REQUIRE(page.ok());
  const std::size_t begin = page->find("```yaml\n") + 8;
  const policy::Policy policy = Parsed(page->substr(begin, page->find("\n```", begin) + 1 - begin));
  const auto block_for = [&policy](const char* client, const char* sender, const char* recipient) {
    policy::Envelope envelope;
    envelope.client_address = client;
    envelope.sender = sender;
    for (const policy::Block& block : policy.blocks) {
      if (policy::WhenMatches(block.when, envelope, recipient)) return block.name;
    }
    return std::string("none");
  };
  CHECK(block_for("192.0.2.7", "a@b.test", "c@example.org") == "office-scanner");
  CHECK(block_for("192.0.2.8", "a@b.test", "c@example.org") == "none");
  CHECK(block_for("192.0.2.7", "a@b.test", "c@sub.example.org") == "none");
  CHECK(block_for("198.51.100.9", "x@sub.tax.example.net", "c@example.org") == "tax-office");
  CHECK(block_for("198.51.100.9", "x@tax.example.net", "c@example.org") == "tax-office");
  CHECK(block_for("2001:db8:25::1", "Notice@Bank.example", "c@example.org") == "tax-office");
  CHECK(block_for("203.0.113.1", "x@tax.example.net", "c@example.org") == "none");
  CHECK(block_for("198.51.100.9", "x@nottax.example.net", "c@example.org") == "none");
  const std::string error = ErrorOf("version: 1\nblocks: [{name: a, when: {unknown: 1}}]\n");
  std::string known = error.substr(error.find("known are ") + 10) + ", ";
  REQUIRE(known.size() > 20);
  for (std::size_t comma = known.find(", "); comma != std::string::npos; comma = known.find(", ")) {
    INFO(known);
    CHECK(page->find("| `" + known.substr(0, comma) + "` | ") != std::string::npos);
    known.erase(0, comma + 2);
  }
}
