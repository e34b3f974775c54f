#include "app/lazaretd/problems.h"

#include <algorithm>

#include "base/format.h"
#include "tests/support/catch.h"

namespace lazaret::supervisor {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr base::UnixTime kNow{1'700'000'000'000'000};

std::vector<RoleStatus> FrontWithSignatures(std::int64_t age_seconds) {
  RoleStatus front;
  front.name = "front";
  front.state = "ready";
  front.json = base::Format("{{\"ready\":true,\"generation\":{{\"signatures_time\":{}}}}}",
                            age_seconds < 0 ? 0 : kNow.micros / 1'000'000 - age_seconds);
  return {front};
}

std::string About(const config::Clamav& clamav, std::int64_t age_seconds,
                  const std::string& not_taken = "") {
  config::Config config;
  config.clamav = clamav;
  ReloadRecord reloads;
  reloads.signature_problem = not_taken;
  const auto problems = ProblemsOf(config, FrontWithSignatures(age_seconds), reloads, kNow);
  std::string about;
  for (const std::string& one : problems) {
    if (one.rfind("the signatures", 0) == 0) about += one + "\n";
  }
  return about;
}

TEST_CASE("problems: signatures older than clamav.max_age are one, with both ages") {
  config::Clamav clamav;
  CHECK(About(clamav, 4000 * kDay).empty());
  clamav.max_age_seconds = 3 * kDay;
  CHECK(About(clamav, 3 * kDay - 1).empty());
  CHECK(About(clamav, 3 * kDay).empty());
  CHECK(About(clamav, 3 * kDay + 1) == "the signatures are 3 days old, clamav.max_age is 3 days\n");
  // No file, no age.
  CHECK(About(clamav, -1).empty());
  clamav.max_age_action = "tempfail";
  CHECK(About(clamav, 9 * kDay).find("scan.error.old-signatures") != std::string::npos);
}

TEST_CASE("problems: signatures that are not taken are one, with the age of those in force") {
  CHECK(About({}, 50 * 3600, "no memory") ==
        "the signatures on disk are not in force: no memory; those in force are 2 days old\n");
  CHECK(About({}, -1, "why") == "the signatures on disk are not in force: why\n");
}

TEST_CASE("problems: an analyzer that is not in force yet, or any more, is none") {
  const auto about_role = [](const char* name) {
    std::vector<RoleStatus> roles = FrontWithSignatures(1);
    roles.emplace_back();
    roles.back().name = name;
    roles.back().state = "starting";
    const auto problems = ProblemsOf(config::Config(), roles, ReloadRecord(), kNow);
    return std::count_if(problems.begin(), problems.end(), [](const std::string& one) {
      return one.find("is starting") != std::string::npos;
    });
  };
  CHECK(about_role("analyzer-new") == 0);
  CHECK(about_role("analyzer-old") == 0);
  CHECK(about_role("analyzer") == 1);
}

}  // namespace
}  // namespace lazaret::supervisor
