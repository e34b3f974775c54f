#include "app/lazaret/check_system.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "app/process/spawn.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kMaxShownBytes = 200;
constexpr std::string_view kUnix = "unix:";
constexpr const char* kReadersGroup = "lazaret";
constexpr int kAnyLevels = 100;  // more than a path can have folders that matter

std::string Shown(std::string_view text) { return base::EscapeLine(text, kMaxShownBytes); }

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? std::string("/") : path.substr(0, slash);
}

std::string Fault(const config::Config& config, std::string_view key, const std::string& why) {
  return base::Format("{}: {}", config::PlaceOf(config, key), why);
}

bool KnowsGroup(const std::string& name) { return ::getgrnam(name.c_str()) != nullptr; }

enum class Groups { kAll, kFirst };

// access(2) with the rights of another user, in a child that becomes that user. Nothing when we
// cannot become them.
std::optional<int> AccessAs(const std::string& path, const passwd& user, int mode, Groups groups) {
  if (::geteuid() != 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    const bool grouped = groups == Groups::kAll ? ::initgroups(user.pw_name, user.pw_gid) == 0
                                                : ::setgroups(0, nullptr) == 0;
    const bool changed = grouped && ::setgid(user.pw_gid) == 0 && ::setuid(user.pw_uid) == 0;
    if (!changed) ::_exit(255);
    ::_exit(::access(path.c_str(), mode) == 0 ? 0 : errno);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) == 255) return std::nullopt;
  return WEXITSTATUS(status);
}

std::optional<std::string> WhyNoAccess(const std::string& folder, const std::string& as) {
  int error = 0;
  std::string who = "we";
  const passwd* user = as.empty() ? nullptr : ::getpwnam(as.c_str());
  if (!as.empty() && user == nullptr) return std::nullopt;  // said where users are checked
  if (user == nullptr || user->pw_uid == ::geteuid()) {
    error = ::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
    if (user != nullptr) who = "user " + as;
  } else {
    error = AccessAs(folder, *user, W_OK | X_OK, Groups::kAll).value_or(0);
    who = "user " + as;
  }
  if (error == 0) return std::nullopt;
  if (error == EACCES) return base::Format("{}: {} may not write there", Shown(folder), who);
  return base::ErrnoError(Shown(folder), error).text;
}

void CheckFolder(const config::Config& config, std::string_view key, const std::string& folder,
                 int levels, const std::string& as, CheckNotes& notes) {
  if (const auto why = WhyNotWritable(folder, levels, as))
    notes.faults.push_back(Fault(config, key, *why));
}

// The folder is there already: whether Postfix, which is in no group of ours, gets to the socket.
void CheckSocketGroup(const config::Config& config, const std::string& folder, CheckNotes& notes) {
  const group* wanted = ::getgrnam(config.milter.socket_group.c_str());
  struct stat status {};
  if (wanted == nullptr || ::stat(folder.c_str(), &status) != 0) return;
  if (status.st_gid == wanted->gr_gid || (status.st_mode & S_IXOTH) != 0) return;
  notes.warnings.push_back(
      Fault(config, "milter.listen",
            base::Format("{}: does not belong to group {}: Postfix may not reach the socket (chgrp "
                         "{} and chmod 2750)",
                         Shown(folder), config.milter.socket_group, config.milter.socket_group)));
}

// The analyzer connects to a socket of the front's, which their common group opens.
void CheckScanUser(const config::Config& config, CheckNotes& notes) {
  const auto front = process::FindUser(config.users.front);
  const auto scan = process::FindUser(config.users.scan);
  if (!front.ok() || !scan.ok() || !*scan) return;
  const uid_t uid = *front ? (*front)->uid : ::geteuid();
  const gid_t gid = *front ? (*front)->gid : ::getegid();
  if ((*scan)->uid == uid || (*scan)->uid == 0 || (*scan)->gid == gid) return;
  notes.faults.push_back(
      Fault(config, "users.scan",
            base::Format("user \"{}\" is not in the group of users.front as its first group: it "
                         "cannot reach the front's socket",
                         config.users.scan)));
}

}  // namespace

std::optional<std::string> WhyNotWritable(const std::string& folder, int levels,
                                          const std::string& as) {
  std::string at = folder;
  struct stat status {};
  for (;; --levels, at = FolderOf(at)) {
    if (::stat(at.c_str(), &status) == 0) break;
    if (errno == ENOTDIR) return Shown(at) + ": a file stands in its way";
    if (errno == EACCES && !as.empty()) return std::nullopt;  // others may see more than we do
    if (errno != ENOENT) return base::ErrnoError(Shown(at)).text;
    if (levels == 0 || at == "/") return Shown(at) + ": does not exist, and is not made";
  }
  if (!S_ISDIR(status.st_mode)) return Shown(at) + ": not a folder";
  return WhyNoAccess(at, as);
}

std::optional<std::string> WhyNotReachable(const std::string& path, const std::string& as) {
  const passwd* user = ::getpwnam(as.c_str());
  if (user == nullptr) return std::nullopt;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    const int error = AccessAs(folder, *user, X_OK, Groups::kFirst).value_or(0);
    if (error == EACCES) return base::Format("{}: user {} may not pass", Shown(folder), as);
    if (error != 0) return std::nullopt;  // it is not there yet
  }
  if (AccessAs(path, *user, W_OK, Groups::kFirst).value_or(0) != EACCES) return std::nullopt;
  return base::Format("{}: user {} may not connect", Shown(path), as);
}

void CheckUsers(const config::Config& config, CheckNotes& notes) {
  const std::pair<const char*, const std::string*> users[] = {
      {"users.front", &config.users.front},
      {"users.scan", &config.users.scan},
      {"users.outbound", &config.users.outbound},
      {"users.admin", &config.users.admin}};
  for (const auto& [key, name] : users) {
    if (process::FindUser(*name).ok()) continue;
    notes.faults.push_back(
        Fault(config, key, base::Format("user \"{}\" is not known to the system", *name)));
  }
  CheckScanUser(config, notes);
  const std::string& group = config.milter.socket_group;
  if (config.milter.listen.rfind(kUnix, 0) == 0 && !group.empty() && !KnowsGroup(group)) {
    const std::string why = Fault(config, "milter.socket_group",
                                  base::Format("group \"{}\" is not known to the system", group));
    (config.written.count("milter.socket_group") != 0 ? notes.faults : notes.warnings)
        .push_back(why);
  }
  if (!config.users.front.empty() && !KnowsGroup(kReadersGroup)) {
    notes.warnings.push_back(
        "group \"lazaret\" is not known to the system: only root can ask `lazaret status`");
  }
}

void CheckSyslog(const config::Config& config, CheckNotes& notes, const std::string& socket) {
  if (config.log.target != "syslog") return;
  const std::string why = base::SyslogProblem(socket);
  if (why.empty()) return;
  notes.warnings.push_back(
      Fault(config, "log.target", base::Format("nobody takes what is logged: {}", why)));
}

void CheckFolders(const config::Config& config, CheckNotes& notes) {
  const std::string& front = config.users.front;
  CheckFolder(config, "paths.state", config.paths.state, kAnyLevels, "", notes);
  CheckFolder(config, "paths.run", config.paths.run, kAnyLevels, "", notes);
  const std::string log = FolderOf(config.log.database);
  // Below paths.state, which is given to the front's user at start, everything can be made.
  if (log.rfind(config.paths.state + "/", 0) != 0)
    CheckFolder(config, "log.database", log, kAnyLevels, front, notes);
  if (config.milter.listen.rfind(kUnix, 0) != 0) return;
  const std::string folder = FolderOf(config.milter.listen.substr(kUnix.size()));
  if (folder == config.paths.run) return;
  CheckFolder(config, "milter.listen", folder, 1, front, notes);
  CheckSocketGroup(config, folder, notes);
}

}  // namespace lazaret::cli
