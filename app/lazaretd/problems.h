// What keeps Lazaret from filtering right now as it should, one line for people each: what `lazaret
// status` shows first and why it ends with an error.
#ifndef LAZARET_APP_LAZARETD_PROBLEMS_H_
#define LAZARET_APP_LAZARETD_PROBLEMS_H_

#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/lazaretd/reload_record.h"
#include "app/lazaretd/status_report.h"
#include "base/clock.h"

namespace lazaret::supervisor {

// Looks at the roles' own answers, at the milter socket's file and at the folder of the verdict
// log, and at what was refused. Empty: mail is filtered, by what lies on disk and signatures that
// are not too old, and recorded.
std::vector<std::string> ProblemsOf(const config::Config& config,
                                    const std::vector<RoleStatus>& roles,
                                    const ReloadRecord& reloads,
                                    base::UnixTime now = base::RealtimeNow());

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_PROBLEMS_H_
