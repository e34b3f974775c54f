// Tells systemd's service manager how we are (sd_notify). Does nothing without one.
#ifndef LAZARET_APP_LAZARETD_NOTIFY_H_
#define LAZARET_APP_LAZARETD_NOTIFY_H_

namespace lazaret::supervisor {

void NotifySystemd(const char* state);

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_NOTIFY_H_
