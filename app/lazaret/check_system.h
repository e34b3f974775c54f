// What the configuration asks of the machine: users and groups that exist, folders that can be made
// and written by whoever will use them. Nothing is created or changed.
#ifndef LAZARET_APP_LAZARET_CHECK_SYSTEM_H_
#define LAZARET_APP_LAZARET_CHECK_SYSTEM_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "app/config/config.h"
#include "app/lazaret/check_notes.h"
#include "base/syslog_probe.h"

namespace lazaret::cli {

// users.*, milter.socket_group. A group that is missing while nobody wrote its key is a warning.
void CheckUsers(const config::Config& config, CheckNotes& notes);

// paths.state, paths.run, the verdict log's folder, the milter socket's folder: each is there and
// writable by the user it is for, or can be made by them. Rights of another user are asked of the
// kernel in a child process that became that user, which only root can; else they are not judged.
void CheckFolders(const config::Config& config, CheckNotes& notes);

// log.target syslog: somebody has to take what is sent there. `socket` is where it is sent.
void CheckSyslog(const config::Config& config, CheckNotes& notes,
                 const std::string& socket = base::kSyslogSocket);

// Why a file cannot be made in `folder`, or nothing. `levels`: how many missing folders the user
// makes on the way. `as`: a user's name, empty for ourselves.
std::optional<std::string> WhyNotWritable(const std::string& folder, int levels,
                                          const std::string& as);

// Why a program that runs as user `as`, in no group but its first (Postfix's daemons are so),
// cannot connect to the socket at `path`; nothing when it can, when it is not there, or when we are
// not root.
std::optional<std::string> WhyNotReachable(const std::string& path, const std::string& as);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_CHECK_SYSTEM_H_
