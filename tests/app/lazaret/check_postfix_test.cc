#include "app/lazaret/check_postfix.h"

#include <algorithm>
#include <map>

#include "tests/support/catch.h"

using namespace lazaret;
using cli::CheckNotes;
using cli::ParsePostfixTime;
using cli::PostfixInstance;
using cli::PostfixSettings;

namespace {

config::Config Loaded(const std::string& text = {}) {
  auto loaded = config::LoadConfigText(text, "l.yaml", {});
  REQUIRE(loaded.ok());
  return *loaded;
}

PostfixSettings Attached() {
  return {{"smtpd_milters", "unix:/lazaret/milter.sock"},
          {"non_smtpd_milters", "unix:/lazaret/milter.sock"},
          {"queue_directory", "/var/spool/postfix"},
          {"milter_default_action", "tempfail"},
          {"milter_content_timeout", "180s"},
          {"milter_protocol", "6"},
          {"message_size_limit", "50331648"}};
}

CheckNotes Compared(const PostfixInstance& postfix, const std::string& text = {},
                    bool policy_holds = false) {
  CheckNotes notes;
  cli::CompareWithPostfix(Loaded(text), postfix, policy_holds, notes);
  return notes;
}

CheckNotes Compared(const PostfixSettings& postfix, const std::string& text = {}) {
  return Compared(PostfixInstance{"", postfix, {}}, text);
}

constexpr const char* kMaster =
    "smtp       inet  n       -       y       -       -       smtpd\n"
    "submission inet  n       -       y       -       -       smtpd\n"
    "    -o syslog_name=postfix/submission\n"
    "cleanup    unix  n       -       y       -       0       cleanup\n"
    "pickup     unix  n       -       n       60      1       pickup\n";

CheckNotes WithServices(const std::string& milters, const std::string& master,
                        const std::string& overrides = {}) {
  PostfixSettings settings = Attached();
  settings["smtpd_milters"] = milters;
  return Compared(PostfixInstance{"", settings, cli::ParseServices(master, overrides, false)});
}

CheckNotes With(const std::string& key, const std::string& value, const std::string& text = {}) {
  PostfixSettings postfix = Attached();
  postfix[key] = value;
  return Compared(postfix, text);
}

std::string Only(const std::vector<std::string>& lines) {
  return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " lines";
}

}  // namespace

TEST_CASE("check: Postfix's time values", "[check][postfix]") {
  CHECK(ParsePostfixTime("180") == 180U);
  CHECK(ParsePostfixTime("180s") == 180U);
  CHECK(ParsePostfixTime("3m") == 180U);
  CHECK(ParsePostfixTime("2h") == 7200U);
  CHECK(ParsePostfixTime("1d") == 86'400U);
  CHECK(ParsePostfixTime("1w") == 604'800U);
  for (const char* wrong : {"", "s", "3x", "-1", "3 m", "99999999999999999999"})
    CHECK_FALSE(ParsePostfixTime(wrong).has_value());
}

TEST_CASE("check: a Postfix with the documented settings gives nothing to say",
          "[check][postfix]") {
  const CheckNotes notes = Compared(Attached());
  CHECK(notes.faults.empty());
  CHECK(notes.warnings.empty());
}

TEST_CASE("check: Postfix must wait longer than the deadline", "[check][postfix]") {
  CHECK(Only(With("milter_content_timeout", "120s").faults) ==
        "Postfix milter_content_timeout = 120s: must be above limits.deadline_seconds (120), else "
        "Postfix gives up before Lazaret answers");
  CHECK(With("milter_content_timeout", "121s").faults.size() == 1);
  CHECK(With("milter_content_timeout", "122s").faults.empty());
  CHECK(With("milter_content_timeout", "2m").faults.size() == 1);
  CHECK(With("milter_content_timeout", "180s", "limits: {deadline_seconds: 200}\n").faults.size() ==
        1);
}

TEST_CASE("check: what lets mail pass when Lazaret is down is a fault", "[check][postfix]") {
  CHECK(Only(With("milter_default_action", "accept").faults).find("unscanned") !=
        std::string::npos);
  for (const char* doubtful : {"reject", "quarantine"}) {
    CHECK(With("milter_default_action", doubtful).faults.empty());
    CHECK(Only(With("milter_default_action", doubtful).warnings).find(doubtful) !=
          std::string::npos);
  }
  CHECK(
      With("smtpd_milters", "{ unix:/lazaret/milter.sock, default_action=accept }").faults.size() ==
      1);
}

TEST_CASE("check: message sizes are compared", "[check][postfix]") {
  const std::string above = std::to_string((100U << 20) + 1);
  CHECK(With("message_size_limit", std::to_string(100U << 20)).warnings.empty());
  CHECK(Only(With("message_size_limit", above).warnings).find("limits.message_bytes") !=
        std::string::npos);
  CHECK(With("message_size_limit", "0").warnings.size() == 1);
}

TEST_CASE("check: a mailbox that may not hold the largest message is a fault with its cure",
          "[check][postfix]") {
  for (const char* name : {"mailbox_size_limit", "virtual_mailbox_limit"}) {
    INFO(name);
    CHECK(With(name, "50331648").faults.empty());
    CHECK(With(name, "50331649").faults.empty());
    CHECK(With(name, "0").faults.empty());
    CHECK(With(name, "").faults.empty());
    const std::string said = Only(With(name, "50331647").faults);
    CHECK(said.rfind(std::string("Postfix ") + name +
                         " = 50331647: below message_size_limit "
                         "(50331648)",
                     0) == 0);
    CHECK(said.find(std::string("postconf -e ") + name + "=0") != std::string::npos);
    PostfixSettings endless = Attached();
    endless["message_size_limit"] = "0";
    endless[name] = "51200000";
    CHECK(Only(Compared(endless).faults).find("(0, no limit)") != std::string::npos);
  }
}

TEST_CASE("check: mail from sendmail that nobody looks at is said", "[check][postfix]") {
  CHECK(Only(With("non_smtpd_milters", "").warnings).find("non_smtpd_milters") !=
        std::string::npos);
  CHECK(Only(With("milter_protocol", "2").warnings).find("milter_protocol") != std::string::npos);
}

TEST_CASE("check: the words of our own milter win over the general ones", "[check][postfix]") {
  const auto milters = [](const std::string& text) { return With("smtpd_milters", text); };
  const std::string ours = "unix:lazaret/milter.sock";
  CHECK(milters("{ " + ours + ", default_action=tempfail }").faults.empty());
  CHECK(Only(milters("{ " + ours + ", default_action=accept }").faults) ==
        "Postfix smtpd_milters: default_action=accept: mail passes unscanned while Lazaret is "
        "down; tempfail is expected");
  // Another milter may be let off.
  CHECK(milters("{ inet:localhost:1, default_action=accept }, " + ours).faults.empty());
  CHECK(milters("{ " + ours + ", content_timeout=60s }").faults.size() == 1);
  CHECK(milters("{ " + ours + ", content_timeout=200s, protocol=2 }").warnings.size() == 1);
  PostfixSettings accepts = Attached();
  accepts["milter_default_action"] = "accept";
  accepts["smtpd_milters"] = "{ " + ours + ", default_action=tempfail }";
  CHECK(Compared(accepts).faults.empty());
  CHECK(With("non_smtpd_milters", "{ " + ours + ", default_action=accept }").faults.size() == 1);
}

TEST_CASE("check: shutdown is a default action from Postfix 3.11 on", "[check][postfix]") {
  for (const auto& [version, faults] : std::map<std::string, std::size_t>{
           {"3.7.11", 1}, {"3.10.9", 1}, {"3.11.0", 0}, {"4.0", 0}, {"", 0}}) {
    PostfixSettings postfix = Attached();
    postfix["milter_default_action"] = "shutdown";
    postfix["mail_version"] = version;
    INFO(version);
    CHECK(Compared(postfix).faults.size() == faults);
  }
}

TEST_CASE("check: a timeout beyond a sender's patience makes second copies", "[check][postfix]") {
  CHECK(With("milter_content_timeout", "600s").warnings.empty());
  CHECK(Only(With("milter_content_timeout", "601s").warnings).find("once more") !=
        std::string::npos);
}

TEST_CASE("check: a socket path that the chroot turns into another one", "[check][postfix]") {
  const std::string whole = "unix:/var/spool/postfix/lazaret/milter.sock";
  std::string open = kMaster;
  for (std::size_t at = open.find(" y "); at != std::string::npos; at = open.find(" y "))
    open[at + 1] = 'n';
  CHECK(Only(WithServices(whole, kMaster).faults)
            .find("smtp/inet (smtpd) is chrooted and finds no socket there: write "
                  "unix:lazaret/milter.sock") != std::string::npos);
  CHECK(WithServices(whole, open).faults.empty());
  CHECK(WithServices("unix:/lazaret/milter.sock", kMaster).faults.empty());
  CHECK(Only(WithServices("unix:/lazaret/milter.sock", open).faults).find("is not chrooted") !=
        std::string::npos);
  CHECK(WithServices("unix:lazaret/milter.sock", kMaster).faults.empty());
  CHECK(WithServices("unix:lazaret/milter.sock", open).faults.empty());
}

TEST_CASE("check: what - in master.cf means depends on the compatibility level",
          "[check][postfix]") {
  CHECK(cli::ChrootByDefault("0"));
  CHECK_FALSE(cli::ChrootByDefault("3.6"));
  const auto services = cli::ParseServices("smtp inet n - - - - smtpd -o a=b\n", "", true);
  REQUIRE(services.size() == 1);
  CHECK(services[0].chrooted);
  CHECK(services[0].program == "smtpd");
  CHECK_FALSE(cli::ParseServices("smtp inet n - - - - smtpd\n", "", false)[0].chrooted);
  CHECK(cli::ParseServices("# smtp inet n - - - - smtpd\n\nsmtp inet\n", "", false).empty());
}

TEST_CASE("check: a service of master.cf that goes another way is said", "[check][postfix]") {
  const auto with = [](const std::string& overrides) {
    return WithServices("unix:lazaret/milter.sock", kMaster, overrides);
  };
  CHECK(with("submission/inet/syslog_name = postfix/submission\n").warnings.empty());
  CHECK(Only(with("submission/inet/smtpd_milters =\n").warnings) ==
        "Postfix submission/inet -o smtpd_milters=: mail that comes this way passes unscanned");
  CHECK(with("submission/inet/smtpd_milters = unix:lazaret/milter.sock\n").warnings.empty());
  CHECK(with("submission/inet/milter_default_action = accept\n").faults.size() == 1);
  CHECK(with("submission/inet/milter_content_timeout = 30s\n").faults.size() == 1);
  CHECK(with("submission/inet/receive_override_options = no_address_mappings,no_milters\n")
            .warnings.size() == 1);
  CHECK(with("submission/inet/receive_override_options = no_address_mappings\n").warnings.empty());
  CHECK(With("receive_override_options", "no_milters").faults.size() == 1);
  CHECK(With("smtpd_milter_maps", "cidr:/etc/postfix/m").warnings.size() == 1);
}

TEST_CASE("check: mail from sendmail that asks other milters only", "[check][postfix]") {
  CHECK(Only(With("non_smtpd_milters", "inet:localhost:11332").warnings)
            .find("does not name Lazaret") != std::string::npos);
}

TEST_CASE("check: queue ids that are used again matter where mail is held", "[check][postfix]") {
  PostfixSettings postfix = Attached();
  for (const char* long_ids : {"no", "yes"}) {
    postfix["enable_long_queue_ids"] = long_ids;
    const bool reused = std::string(long_ids) == "no";
    CHECK(Compared(PostfixInstance{"", postfix, {}}, "", true).warnings.size() ==
          (reused ? 1U : 0U));
    CHECK(Compared(postfix).warnings.empty());
  }
}

TEST_CASE("check: another instance is named in what is said about it", "[check][postfix]") {
  PostfixSettings postfix = Attached();
  postfix["milter_protocol"] = "2";
  postfix["multi_instance_directories"] = "/etc/postfix-in /etc/postfix-out";
  CHECK(Only(Compared(PostfixInstance{"/etc/postfix-in", postfix, {}}).warnings) ==
        "Postfix /etc/postfix-in milter_protocol = 2: 6 is expected");
  CHECK(cli::FurtherFolders(postfix) ==
        std::vector<std::string>{"/etc/postfix-in", "/etc/postfix-out"});
  CHECK(cli::FurtherFolders(Attached()).empty());
}

TEST_CASE("check: a list of milters that is cut or odd is read to its end", "[check][postfix]") {
  CHECK(cli::ParseMilters("").empty());
  CHECK(cli::ParseMilters(" , ,").empty());
  CHECK(cli::ParseMilters("{}").empty());
  CHECK(cli::ParseMilters("{ unix:a").size() == 1);
  CHECK(cli::ParseMilters("{").empty());
  const auto milters = cli::ParseMilters("unix:a,{unix:b,default_action=accept,odd}inet:c:1");
  REQUIRE(milters.size() == 3);
  CHECK(milters[1].address == "unix:b");
  CHECK(cli::ValueOf(milters[1].own, "default_action") == "accept");
  CHECK(milters[2].address == "inet:c:1");
}

TEST_CASE("check: how Postfix names our socket", "[check][postfix]") {
  const auto attached = [](const std::string& listen, const std::string& milters) {
    PostfixSettings postfix = Attached();
    postfix["smtpd_milters"] = milters;
    return cli::IsAttached(listen, postfix);
  };
  const std::string socket = "unix:/var/spool/postfix/lazaret/milter.sock";
  CHECK(attached(socket, "unix:/lazaret/milter.sock"));
  CHECK(attached(socket, "unix:lazaret/milter.sock"));
  CHECK(attached(socket, "inet:localhost:11332, unix:/var/spool/postfix/lazaret/milter.sock"));
  CHECK(attached(socket, "{ unix:/lazaret/milter.sock, default_action=tempfail }"));
  CHECK_FALSE(attached(socket, ""));
  CHECK_FALSE(attached(socket, "unix:/other/milter.sock"));
  CHECK(attached("inet:8891@127.0.0.1", "inet:127.0.0.1:8891"));
  CHECK(attached("inet6:8891@::1", "inet:[::1]:8891"));
  CHECK_FALSE(attached("inet:8891@127.0.0.1", "inet:127.0.0.1:8892"));
}

TEST_CASE("check: a Postfix that does not ask Lazaret gives one warning", "[check][postfix]") {
  PostfixSettings postfix = Attached();
  postfix["smtpd_milters"] = "";
  postfix["milter_default_action"] = "accept";
  postfix["milter_content_timeout"] = "30s";
  const CheckNotes notes = Compared(postfix);
  CHECK(notes.faults.empty());
  CHECK(Only(notes.warnings).find("smtpd_milters") != std::string::npos);
}
