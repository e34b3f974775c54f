// The daemon's own log: one line a call, escaped, to stderr (default) or syslog. Log at the place that
// decides what to do, once; never mail content. Thread-safe after InitLog.
#ifndef LAZARET_BASE_LOG_H_
#define LAZARET_BASE_LOG_H_

#include <string>
#include <string_view>

namespace lazaret::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogTarget { kStderr, kSyslog };

// Once, at the start of a process, before threads. `program` is the role's name ("lazaret-front").
// kSyslog writes to the mail facility.
void InitLog(std::string_view program, LogTarget target, LogLevel minimum);

void Log(LogLevel level, std::string_view message);
inline void LogInfo(std::string_view message) { Log(LogLevel::kInfo, message); }
inline void LogWarning(std::string_view message) { Log(LogLevel::kWarning, message); }
inline void LogError(std::string_view message) { Log(LogLevel::kError, message); }

}  // namespace lazaret::base

#endif  // LAZARET_BASE_LOG_H_
