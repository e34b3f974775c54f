#include "base/log.h"

#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"

namespace lazaret::base {
namespace {

constexpr std::size_t kMaxLineBytes = 2000;  // below syslog's usual 2 KiB line

struct LogState {
  std::string program = "lazaret";
  LogTarget target = LogTarget::kStderr;
  LogLevel minimum = LogLevel::kInfo;
};

LogState& State() {
  static LogState state;
  return state;
}

int SyslogPriority(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return LOG_DEBUG;
    case LogLevel::kInfo: return LOG_INFO;
    case LogLevel::kWarning: return LOG_WARNING;
    case LogLevel::kError: return LOG_ERR;
  }
  return LOG_ERR;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

}  // namespace

void InitLog(std::string_view program, LogTarget target, LogLevel minimum) {
  LogState& state = State();
  state.program = std::string(program);
  state.target = target;
  state.minimum = minimum;
  if (target == LogTarget::kSyslog) openlog(state.program.c_str(), LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void Log(LogLevel level, std::string_view message) {
  const LogState& state = State();
  if (level < state.minimum) return;
  const std::string line = EscapeLine(message, kMaxLineBytes);
  if (state.target == LogTarget::kSyslog) {
    syslog(LOG_MAIL | SyslogPriority(level), "%s", line.c_str());
    return;
  }
  std::string out = FormatRfc3339(RealtimeNow());
  out.append(" ").append(state.program).append("[").append(std::to_string(getpid())).append("] ");
  out.append(LevelName(level)).append(": ").append(line).append("\n");
  // One write: lines of several processes on one pipe do not mix. A closed stderr is no reason to stop.
  const Status written = WriteAll(STDERR_FILENO, out);
  static_cast<void>(written.ok());
}

}  // namespace lazaret::base
