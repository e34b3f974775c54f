#include "app/lazaret/scan_report.h"

#include "tests/support/catch.h"

using namespace lazaret;

namespace {

cli::ScanOutcome Outcome() {
  cli::ScanOutcome outcome;
  outcome.file = "m.eml";
  outcome.generation = "g";
  outcome.millis = 12;
  outcome.verdict.cls = policy::Class::kUnscannable;
  outcome.verdict.action = policy::Action::kHold;
  policy::Finding finding;
  finding.code = "scan.unscannable.encrypted";
  finding.cls = policy::Class::kUnscannable;
  finding.scanner = "clamav";
  finding.path = "message > part 2\x1b[2J";
  finding.evidence = "zip";
  outcome.verdict.findings.push_back(finding);
  return outcome;
}

}  // namespace

TEST_CASE("scan report: the JSON line holds the fixed fields in one line", "[app][lazaret]") {
  const std::string line = cli::ScanJson(Outcome());
  CHECK(line.find("{\"v\":1,\"file\":\"m.eml\",\"class\":\"unscannable\",\"action\":\"hold\","
                  "\"findings\":[{") == 0);
  CHECK(line.find("\"unscanned\":[{\"path\":\"message > part "
                  "2\\u001b[2J\",\"reason\":\"scan.unscannable.encrypted: "
                  "zip\",\"kind\":\"unscannable\"}]") != std::string::npos);
  CHECK(line.find("\"generation\":\"g\",\"ms\":12}\n") != std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("scan report: text from mail is escaped and colours come only when asked for",
          "[app][lazaret]") {
  CHECK(cli::ScanText(Outcome(), false).find('\x1b') == std::string::npos);
  CHECK(cli::ScanText(Outcome(), true).find("\x1b[31munscannable\x1b[0m") != std::string::npos);
  CHECK(cli::ScanText(Outcome(), true).find("\x1b[2J") == std::string::npos);
}

TEST_CASE("scan report: text says what observe mode keeps from being done", "[app][lazaret]") {
  cli::ScanOutcome outcome = Outcome();
  outcome.verdict.wanted = policy::Action::kHold;
  CHECK(cli::ScanText(outcome, false).find("observed") == std::string::npos);
  outcome.verdict.action = policy::Action::kAccept;
  outcome.verdict.observed = true;
  CHECK(cli::ScanText(outcome, false)
            .find("m.eml: unscannable, accept (observed; would have been hold)\n") == 0);
}

TEST_CASE("scan report: exit codes by precedence 2, 3, 1, 0", "[app][lazaret]") {
  CHECK(cli::ScanExitCode(policy::Class::kClean) == 0);
  CHECK(cli::ScanExitCode(policy::Class::kUnscannable) == 1);
  CHECK(cli::ScanExitCode(policy::Class::kError) == 3);
  CHECK(cli::WorseExitCode(3, 1) == 3);
  CHECK(cli::WorseExitCode(1, 2) == 2);
  CHECK(cli::WorseExitCode(2, 3) == 2);
  CHECK(cli::WorseExitCode(0, 1) == 1);
}
