// The one JSON object that `lazaret status` shows: what the supervisor knows of each role, and each
// role's own answer.
#ifndef LAZARET_APP_LAZARETD_STATUS_REPORT_H_
#define LAZARET_APP_LAZARETD_STATUS_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "app/lazaretd/reload_record.h"

namespace lazaret::supervisor {

struct RoleStatus {
  std::string name;
  int pid = -1;
  std::string state;
  std::int64_t uptime_seconds = 0;
  std::uint32_t restarts = 0;
  std::string complaint;
  std::string json;  // the role's own JSON object, empty when it did not answer
};

// `problems` as ProblemsOf gives them.
std::string StatusReport(const std::string& node, int pid, const std::vector<RoleStatus>& roles,
                         const std::vector<std::string>& problems, const ReloadRecord& reloads);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_STATUS_REPORT_H_
