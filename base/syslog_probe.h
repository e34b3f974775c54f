// Whether anybody takes what is logged to syslog: syslog(3) itself never says.
#ifndef LAZARET_BASE_SYSLOG_PROBE_H_
#define LAZARET_BASE_SYSLOG_PROBE_H_

#include <string>

namespace lazaret::base {

inline constexpr const char* kSyslogSocket = "/dev/log";

// Empty when somebody listens there, else why not: "/dev/log: No such file or directory". Sends
// nothing.
std::string SyslogProblem(const std::string& path = kSyslogSocket);

}  // namespace lazaret::base

#endif  // LAZARET_BASE_SYSLOG_PROBE_H_
