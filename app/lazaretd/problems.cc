#include "app/lazaretd/problems.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/format.h"
#include "base/json_value.h"

namespace lazaret::supervisor {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr const char* kLogFails = "the verdict log cannot be written: ";
// Less room than this takes no further record.
constexpr unsigned long long kLeastRoom = 64U << 10;

void CheckRole(const RoleStatus& role, std::vector<std::string>& problems) {
  if (role.state == "ready") return;
  problems.push_back(role.name + " is " + role.state +
                     (role.complaint.empty() ? "" : ": " + role.complaint));
}

void CheckFront(const RoleStatus& front, std::vector<std::string>& problems) {
  if (front.state != "ready") return;
  const auto status = base::ParseJson(front.json);
  if (!status.ok()) {
    problems.push_back("front does not answer");
    return;
  }
  if (!(*status)["ready"].boolean) {
    const std::string& reason = (*status)["not_ready_reason"].text;
    problems.push_back("no worker is ready" + (reason.empty() ? "" : ": " + reason));
  }
  if ((*status)["counters"]["verdict_log_failing_bool"].Int() != 0)
    problems.push_back(std::string(kLogFails) + "the last verdict was not recorded");
}

void CheckSocket(const std::string& listen, std::vector<std::string>& problems) {
  if (listen.rfind(kUnix, 0) != 0) return;
  const std::string path = listen.substr(kUnix.size());
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode))
    problems.push_back("the milter socket " + path + " is missing: restart lazaretd");
}

void CheckLog(const std::string& database, std::vector<std::string>& problems) {
  struct stat facts {};
  if (::stat(database.c_str(), &facts) != 0) {
    problems.push_back(kLogFails + base::ErrnoError(database).text);
    return;
  }
  const std::string folder = database.substr(0, database.rfind('/'));
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return;
  if ((disk.f_flag & ST_RDONLY) != 0) problems.push_back(kLogFails + folder + " is read-only");
  if (disk.f_blocks != 0 && disk.f_bavail * 1ULL * disk.f_frsize < kLeastRoom)
    problems.push_back(kLogFails + folder + " is full");
}

std::string Span(std::int64_t seconds) {
  constexpr std::int64_t kHour = 3600;
  constexpr std::int64_t kDay = 24 * kHour;
  return seconds < 2 * kDay ? base::Format("{} hours", seconds / kHour)
                            : base::Format("{} days", seconds / kDay);
}

// Seconds; -1 when the front does not say.
std::int64_t AgeInForce(const std::vector<RoleStatus>& roles, base::UnixTime now) {
  for (const RoleStatus& role : roles) {
    if (role.name != "front") continue;
    const auto status = base::ParseJson(role.json);
    const std::int64_t time = status.ok() ? (*status)["generation"]["signatures_time"].Int() : 0;
    if (time > 0) return now.micros / 1'000'000 - time;
  }
  return -1;
}

void CheckSignatures(const config::Clamav& clamav, const std::string& not_taken, std::int64_t age,
                     std::vector<std::string>& problems) {
  if (!not_taken.empty())
    problems.push_back("the signatures on disk are not in force: " + not_taken +
                       (age < 0 ? "" : "; those in force are " + Span(age) + " old"));
  if (clamav.max_age_seconds == 0 || age <= clamav.max_age_seconds) return;
  problems.push_back(base::Format(
      "the signatures are {} old, clamav.max_age is {}{}", Span(age), Span(clamav.max_age_seconds),
      clamav.max_age_action == "tempfail" ? ": each message is scan.error.old-signatures" : ""));
}

}  // namespace

std::vector<std::string> ProblemsOf(const config::Config& config,
                                    const std::vector<RoleStatus>& roles,
                                    const ReloadRecord& reloads, base::UnixTime now) {
  std::vector<std::string> problems;
  for (const RoleStatus& role : roles) {
    // One that is not in force filters nothing.
    if (role.name != "analyzer-new" && role.name != "analyzer-old") CheckRole(role, problems);
    if (role.name == "front") CheckFront(role, problems);
  }
  if (!reloads.rules_problem.empty())
    problems.push_back("the rules, lists or policy on disk are not in force: " +
                       reloads.rules_problem);
  CheckSignatures(config.clamav, reloads.signature_problem, AgeInForce(roles, now), problems);
  CheckSocket(config.milter.listen, problems);
  CheckLog(config.log.database, problems);
  return problems;
}

}  // namespace lazaret::supervisor
