#include "app/lazaret/check_postfix.h"

#include <algorithm>

#include "tests/support/catch.h"

using namespace lazaret;
using cli::CheckNotes;
using cli::ParsePostfixTime;
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
          {"message_size_limit", "52428800"}};
}

CheckNotes Compared(const PostfixSettings& postfix, const std::string& text = {}) {
  CheckNotes notes;
  cli::CompareWithPostfix(Loaded(text), postfix, notes);
  return notes;
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
  CHECK(With("milter_default_action", "reject").faults.empty());
  CHECK(With("milter_default_action", "quarantine").faults.empty());
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

TEST_CASE("check: mail from sendmail that nobody looks at is said", "[check][postfix]") {
  CHECK(Only(With("non_smtpd_milters", "").warnings).find("non_smtpd_milters") !=
        std::string::npos);
  CHECK(Only(With("milter_protocol", "2").warnings).find("milter_protocol") != std::string::npos);
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
