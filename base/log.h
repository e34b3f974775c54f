// The daemon's own log: one line a call, escaped, to stderr (default) or syslog. Log at the place
// that decides what to do, once; never mail content. Thread-safe after InitLog.
#ifndef LAZARET_BASE_LOG_H_
#define LAZARET_BASE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lazaret::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogTarget { kStderr, kSyslog };

inline constexpr std::size_t kMaxLogLineBytes = 2000;  // below syslog's usual 2 KiB line; cut above

// Lines that wait for the writer at most; above, they are dropped and counted. Stops a log reader
// that stands still from filling the memory.
inline constexpr std::size_t kMaxWaitingLogLines = 4096;

// Once, at the start of a process, before threads. `program` is the role's name ("lazaret-front").
// kSyslog writes to the mail facility.
void InitLog(std::string_view program, LogTarget target, LogLevel minimum);

// From now on Log never waits for whoever reads the log: lines go through a queue to a thread of
// their own. Once, after InitLog; not in a process that forks later.
void StartLogWriter();
// Waits until what was logged before is written; false at the deadline. Without a writer at once.
bool FlushLog(Deadline deadline);
// Lines lost because the queue was full. The log says so too, once it takes lines again.
std::uint64_t LogLinesDropped();

void Log(LogLevel level, std::string_view message);
inline void LogInfo(std::string_view message) { Log(LogLevel::kInfo, message); }
inline void LogWarning(std::string_view message) { Log(LogLevel::kWarning, message); }
inline void LogError(std::string_view message) { Log(LogLevel::kError, message); }

}  // namespace lazaret::base

#endif  // LAZARET_BASE_LOG_H_
