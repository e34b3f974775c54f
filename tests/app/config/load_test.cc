#include <filesystem>

#include "app/config/config.h"
#include "app/config/key_table.h"
#include "tests/app/config/temp_folder.h"
#include "tests/support/catch.h"

using namespace lazaret;
using config::Config;
using config::LoadConfigText;

namespace {

std::string ErrorOf(const std::string& text, const std::vector<std::string>& sets = {}) {
  const auto loaded = LoadConfigText(text, "l.yaml", sets);
  return loaded.ok() ? "no error" : loaded.error().text;
}

std::string KnownIn(std::string text, std::string_view prefix) {
  std::string between;
  for (const std::string& word : config::WordsBelow(prefix)) {
    text += between + word;
    between = ", ";
  }
  return text;
}

Config Loaded(const std::string& text, const std::vector<std::string>& sets = {}) {
  auto loaded = LoadConfigText(text, "l.yaml", sets);
  INFO((loaded.ok() ? std::string() : loaded.error().text));
  REQUIRE(loaded.ok());
  return *loaded;
}

}  // namespace

TEST_CASE("config: an empty file gives the embedded defaults with derived paths", "[config]") {
  const Config config = Loaded("");
  CHECK(config.node == "lazaret");
  CHECK(config.paths.etc == "/etc/lazaret");
  CHECK(config.paths.state == "/var/lib/lazaret");
  CHECK(config.paths.run == "/run/lazaret");
  CHECK(config.log.database == "/var/lib/lazaret/db/verdicts.db");
  CHECK(config.clamav.signatures_dir == "/etc/lazaret/signatures.d");
  CHECK(config.milter.listen == "unix:/var/spool/postfix/lazaret/milter.sock");
  CHECK_FALSE(config.paths.shipped.empty());
  CHECK_FALSE(config.clamav.builtin_only);
  CHECK(config.mandatory.size() == 5);
  CHECK(config.policy_mode == "enforce");
}

TEST_CASE("config: paths.root moves everything that is not written", "[config]") {
  const Config config = Loaded("paths:\n  root: /tmp/x/\n  run: /srv/run\n");
  CHECK(config.paths.etc == "/tmp/x/etc/lazaret");
  CHECK(config.paths.state == "/tmp/x/var/lib/lazaret");
  CHECK(config.paths.run == "/srv/run");
  CHECK(config.log.database == "/tmp/x/var/lib/lazaret/db/verdicts.db");
  CHECK(config.milter.listen == "unix:/tmp/x/var/spool/postfix/lazaret/milter.sock");
  CHECK(config.clamav.database == "/var/lib/clamav");
}

TEST_CASE("config: values of every form are read", "[config]") {
  const Config config = Loaded(
      "node: mx1\n"
      "limits: {message_bytes: 50M, workers: 2}\n"
      "milter: {listen: 'inet:8891@127.0.0.1', socket_mode: 0600}\n"
      "clamav: {builtin_only: yes}\n"
      "policy:\n"
      "  daemons: {outbound: [submission, smtps], local: cron}\n"
      "  internal_networks: [192.0.2.0/24, '2001:db8::/32']\n"
      "  local_domains: [example.org]\n"
      "scanners: {mandatory: [clamav]}\n");
  CHECK(config.node == "mx1");
  CHECK(config.limits.message_bytes == 50U << 20);
  CHECK(config.limits.workers == 2);
  CHECK(config.milter.listen == "inet:8891@127.0.0.1");
  CHECK(config.milter.socket_mode == 0600);
  CHECK(config.clamav.builtin_only);
  CHECK(config.directions.daemons.at("smtps") == policy::Direction::kOutbound);
  CHECK(config.directions.daemons.at("cron") == policy::Direction::kLocal);
  REQUIRE(config.directions.internal_networks.size() == 2);
  CHECK(config.directions.internal_networks[1].Contains("2001:db8::1"));
  CHECK(config.mandatory == std::vector<std::string>{"clamav"});
}

TEST_CASE("config: unknown keys are refused with their place", "[config][errors]") {
  CHECK(ErrorOf("limits:\n  deadline_secs: 5\n") ==
        KnownIn("l.yaml:2:3: unknown key \"limits.deadline_secs\"; in \"limits\" did you mean "
                "\"deadline_seconds\"? known are ",
                "limits."));
  CHECK(ErrorOf("milters: {}\n") ==
        KnownIn("l.yaml:1:1: unknown key \"milters\"; did you mean \"milter\"? known are ", ""));
  CHECK(ErrorOf("workers: 1\n") ==
        KnownIn("l.yaml:1:1: unknown key \"workers\"; did you mean \"limits.workers\"? known are ",
                ""));
  CHECK(
      ErrorOf("reply:\n  templates:\n    en:\n      rejected: x\n") ==
      "l.yaml:4:7: unknown key \"reply.templates.en.rejected\"; in \"reply.templates.en\" did you "
      "mean \"reject\"? known are reject, tempfail");
  CHECK(ErrorOf("reply:\n  templates:\n    E N:\n      reject: x\n") ==
        "l.yaml:3:5: unknown key \"reply.templates.E N\"; in \"reply.templates\" known are *");
}

TEST_CASE("config: a section without keys yet may be empty and nothing else", "[config][errors]") {
  CHECK(ErrorOf("sandbox:\nquarantine: {}\n") == "no error");
  CHECK(ErrorOf("sandbox:\n  url: x\n") ==
        "l.yaml:2:3: unknown key \"sandbox.url\"; nothing stands below it in this version");
  CHECK(ErrorOf("sandbox: 5\n") == "l.yaml:1:10: \"sandbox\" holds keys");
}

TEST_CASE("config: a key stands once, in one form", "[config][errors]") {
  CHECK(ErrorOf("node: a\nnode: b\n") == "l.yaml:2:1: duplicate key \"node\"");
  CHECK(ErrorOf("limits: {workers: 1}\nlimits: {workers: 2}\n") ==
        "l.yaml:2:1: duplicate key \"limits\"");
  CHECK(ErrorOf("limits.workers: 1\n") ==
        "l.yaml:1:1: unknown key \"limits.workers\": write its last word below its section");
  CHECK(ErrorOf("limits:\n  workers: 1\n  workers.x: 1\n") ==
        KnownIn("l.yaml:3:3: unknown key \"limits.workers.x\"; in \"limits\" did you mean "
                "\"workers\"? known are ",
                "limits."));
}

TEST_CASE("config: wrong types are refused with their place", "[config][errors]") {
  CHECK(ErrorOf("- node\n") == "l.yaml:1:1: sections with keys are expected");
  CHECK(ErrorOf("node: [a]\n") == "l.yaml:1:7: node: one value is expected");
  CHECK(ErrorOf("node:\n").find("node: one value is expected") != std::string::npos);
  CHECK(ErrorOf("limits: 3\n") == "l.yaml:1:9: \"limits\" holds keys");
  CHECK(ErrorOf("clamav:\n  builtin_only: maybe\n") ==
        "l.yaml:2:17: clamav.builtin_only: true or false is expected");
  CHECK(ErrorOf("limits:\n  workers: many\n") ==
        "l.yaml:2:12: limits.workers: a whole number from 0 to 1024 is expected");
  CHECK(ErrorOf("rules:\n  paths: [/a, {b: c}]\n") ==
        "l.yaml:2:15: rules.paths: a list of texts is expected");
  CHECK(ErrorOf("milter:\n  socket_mode: 0980\n") ==
        "l.yaml:2:16: milter.socket_mode: an octal mode from 0 to 0777 is expected");
}

TEST_CASE("config: what YAML allows and this does not is refused", "[config][errors]") {
  CHECK(ErrorOf("node: &a x\n") == "l.yaml:1:7: anchors are not allowed");
  CHECK(ErrorOf("node: a\n---\nnode: b\n") == "l.yaml:3:1: one document is expected");
  CHECK(ErrorOf("node: \"a\n").rfind("l.yaml:", 0) == 0);
}

TEST_CASE("config: a number is taken at its limits and refused beyond them", "[config][errors]") {
  const auto deadline = [](int n) {
    return ErrorOf("limits: {deadline_seconds: " + std::to_string(n) + "}\n");
  };
  const std::string refused =
      "l.yaml:1:28: limits.deadline_seconds: a whole number from 5 to 3600 is expected";
  CHECK(deadline(4) == refused);
  CHECK(deadline(5) == "no error");
  CHECK(deadline(3600) == "no error");
  CHECK(deadline(3601) == refused);
  CHECK(deadline(-1) == refused);
}

TEST_CASE("config: a size is taken at its limits and refused beyond them", "[config][errors]") {
  const auto size = [](const std::string& text) {
    return ErrorOf("limits: {message_bytes: " + text + "}\n");
  };
  CHECK(size("65536") == "no error");
  CHECK(size("64K") == "no error");
  CHECK(size("65535") != "no error");
  CHECK(size("2147483647") == "no error");
  CHECK(size("2G") != "no error");
  CHECK(size("18014398509481984K") != "no error");
  CHECK(size("M") != "no error");
  CHECK(size("1.5M") != "no error");
}

TEST_CASE("config: values that mean nothing are refused with the value's place",
          "[config][errors]") {
  CHECK(ErrorOf("milter:\n  listen: /tmp/x\n") ==
        "l.yaml:2:11: milter.listen: unix:/PATH, inet:PORT@HOST or inet6:PORT@HOST is expected");
  CHECK(ErrorOf("milter: {listen: 'inet:0@localhost'}\n") != "no error");
  CHECK(ErrorOf("milter: {listen: 'inet:65536@localhost'}\n") != "no error");
  CHECK(ErrorOf("milter: {listen: 'inet:8891'}\n") != "no error");
  CHECK(ErrorOf("policy:\n  mode: watch\n") ==
        "l.yaml:2:9: policy.mode: one of enforce, observe is expected");
  CHECK(ErrorOf("policy:\n  internal_networks:\n    - 10.0.0.0/8\n    - 10.0.0.0/33\n") ==
        "l.yaml:4:7: policy.internal_networks: a network such as 192.0.2.0/24 or 2001:db8::/32 is "
        "expected");
  CHECK(ErrorOf("scanners:\n  mandatory: [clamav, clamv]\n") ==
        "l.yaml:2:23: scanners.mandatory: one of clamav, filetype, ambiguity, content_rules, dlp "
        "is expected");
  CHECK(ErrorOf("paths:\n  root: tmp\n") == "l.yaml:2:9: paths.root: an absolute path is expected");
  CHECK(ErrorOf("rules: {paths: [/a, /a]}\n") == "l.yaml:1:21: rules.paths: stands twice");
  CHECK(ErrorOf("policy:\n  daemons: {inbound: a, local: a}\n") ==
        "l.yaml:2:32: policy.daemons.local: this daemon name has another direction already");
}

TEST_CASE("config: some scanner is always mandatory, so that no mail goes unscanned",
          "[config][errors]") {
  CHECK(ErrorOf("scanners:\n  mandatory: []\n") ==
        "l.yaml:2:14: scanners.mandatory: at least one entry is expected");
  CHECK(ErrorOf("scanners: {mandatory: [clamav]}\n") == "no error");
  CHECK(ErrorOf("", {"scanners.mandatory="}) ==
        "--set scanners.mandatory: at least one entry is expected");
}

TEST_CASE("config: a socket path is taken at its limit and refused above it", "[config][errors]") {
  const auto listen = [](std::size_t length) {
    return ErrorOf("milter: {listen: 'unix:/" + std::string(length - 1, 's') + "'}\n");
  };
  CHECK(listen(107) == "no error");
  CHECK(listen(108) == "l.yaml:1:18: milter.listen: the socket's path is longer than 107 bytes");
  CHECK(ErrorOf("", {"paths.root=/" + std::string(90, 'r')}).find("longer than 107 bytes") !=
        std::string::npos);
}

TEST_CASE("config: --set wins over the file and takes lists", "[config][set]") {
  const Config config = Loaded("node: a\nrules: {paths: [/x]}\n",
                               {"node=b", "rules.paths=/p,/q", "clamav.builtin_only=true",
                                "policy.daemons.outbound=o1, o2", "policy.observe_domains="});
  CHECK(config.node == "b");
  CHECK(config.rules_paths == std::vector<std::string>{"/p", "/q"});
  CHECK(config.clamav.builtin_only);
  CHECK(config.directions.daemons.size() == 2);
  CHECK(config.observe_domains.empty());
}

TEST_CASE("config: relative paths in --set are taken from the working folder", "[config][set]") {
  const Config config = Loaded("", {"clamav.database=signatures"});
  CHECK(config.clamav.database == (std::filesystem::current_path() / "signatures").string());
}

TEST_CASE("config: faults in --set name the key", "[config][set][errors]") {
  CHECK(ErrorOf("", {"node"}) == "--set node: KEY=VALUE is expected");
  CHECK(ErrorOf("", {"nod=x"}) ==
        KnownIn("--set: unknown key \"nod\"; did you mean \"node\"? known are ", ""));
  CHECK(
      ErrorOf("", {"limits.worker=x"}) ==
      KnownIn("--set: unknown key \"limits.worker\"; in \"limits\" did you mean \"workers\"? known "
              "are ",
              "limits."));
  CHECK(ErrorOf("", {"limits.workers=x"}) ==
        "--set limits.workers: a whole number from 0 to 1024 is expected");
  CHECK(ErrorOf("", {"node=a\nb"}).find("--set node: ") == 0);
}

TEST_CASE("config: a named file must exist, the default one need not", "[config]") {
  const tests::TempFolder folder;
  const auto missing = config::LoadConfig(folder.path() + "/none.yaml", {});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == base::ErrorCode::kNotFound);
  const auto defaults = config::LoadConfig("", {"paths.root=" + folder.path()});
  REQUIRE(defaults.ok());
  CHECK(defaults->origin == "embedded defaults");
  folder.Write("etc/lazaret/lazaret.yaml", "node: found\n");
  const auto found = config::LoadConfig("", {"paths.root=" + folder.path()});
  REQUIRE(found.ok());
  CHECK(found->node == "found");
  CHECK(found->origin == folder.path() + "/etc/lazaret/lazaret.yaml");
}

TEST_CASE("config: the shipped example loads and means the defaults", "[config]") {
  const auto example =
      config::LoadConfig(std::string(LAZARET_SOURCE_DIR) + "/deploy/config/lazaret.yaml", {});
  INFO((example.ok() ? std::string() : example.error().text));
  REQUIRE(example.ok());
  Config defaults = Loaded("");
  defaults.origin = example->origin;
  defaults.users = example->users;
  CHECK(config::EncodeConfig(*example) == config::EncodeConfig(defaults));
}

TEST_CASE("config: all faults of a file are said, in the order of their lines, then those of --set",
          "[config][errors]") {
  std::vector<std::string> faults;
  const auto loaded = LoadConfigText(
      "node: 'a b'\n"
      "limits:\n"
      "  workers: many\n"
      "  nonsense: 1\n"
      "rules:\n"
      "  paths: [/a, relative]\n",
      "l.yaml", {"log.level=loud", "node"}, &faults);
  REQUIRE_FALSE(loaded.ok());
  REQUIRE(faults.size() == 6);
  CHECK(faults[0].find("l.yaml:1:7: node: ") == 0);
  CHECK(faults[1].find("l.yaml:3:12: limits.workers: ") == 0);
  CHECK(faults[2].find("l.yaml:4:3: unknown key \"limits.nonsense\"; ") == 0);
  CHECK(faults[3].find("l.yaml:6:15: rules.paths: ") == 0);
  CHECK(faults[4].find("--set log.level: ") == 0);
  CHECK(faults[5].find("--set node: ") == 0);
  CHECK(loaded.error().text == faults[0] + " (5 more: `lazaret check` says all)");
}

TEST_CASE("config: faults are counted above twenty", "[config][errors]") {
  const auto faults_of = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "wrong" + std::to_string(i) + ": 1\n";
    std::vector<std::string> faults;
    CHECK_FALSE(LoadConfigText(text, "l.yaml", {}, &faults).ok());
    return faults;
  };
  CHECK(faults_of(1).size() == 1);
  CHECK(faults_of(20).size() == 20);
  CHECK(faults_of(20).back().find("l.yaml:20:1: ") == 0);
  REQUIRE(faults_of(21).size() == 21);
  CHECK(faults_of(21).back() == "... and 1 more");
  CHECK(faults_of(25).back() == "... and 5 more");
}

TEST_CASE("config: a file that cannot be read says why", "[config][errors]") {
  std::vector<std::string> faults;
  const auto missing = config::LoadConfig("/nonexistent/lazaret.yaml", {}, &faults);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().text == "/nonexistent/lazaret.yaml: No such file or directory");
  CHECK(faults == std::vector<std::string>{missing.error().text});
}

TEST_CASE("config: the words of a section are those of its keys", "[config][errors]") {
  const auto limits = config::WordsBelow("limits.");
  CHECK(std::count(limits.begin(), limits.end(), "workers") == 1);
  const auto top = config::WordsBelow("");
  CHECK(std::count(top.begin(), top.end(), "limits") == 1);
  CHECK(std::count(top.begin(), top.end(), "workers") == 0);
  CHECK(config::WordsBelow("reply.templates.") == std::vector<std::string>{"*"});
  CHECK(config::WordsBelow("reply.templates.en.") ==
        std::vector<std::string>{"reject", "tempfail"});
  CHECK(config::WordsBelow("sandbox.").empty());
  CHECK(config::KeyEndingWith("deadline_seconds") == "limits.deadline_seconds");
  CHECK(config::KeyEndingWith("nonsense").empty());
}
