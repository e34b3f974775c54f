// Signals of the front. libmilter's own thread waits for HUP, TERM and INT and would cut messages
// in work, so only the main thread may be the one the kernel wakes: all threads are made with every
// signal blocked, then the main thread alone unblocks TERM and INT (handled) and ignores HUP.
#ifndef LAZARET_APP_FRONT_STOP_SIGNAL_H_
#define LAZARET_APP_FRONT_STOP_SIGNAL_H_

#include "base/result.h"

namespace lazaret::front {

// Before the first thread.
void BlockSignals();
// In the main thread, after all threads were made. The descriptor becomes readable when the process
// is asked to end.
base::Result<int> ListenForStop();
// Makes that descriptor readable from any thread.
void RequestStop();

}  // namespace lazaret::front

#endif  // LAZARET_APP_FRONT_STOP_SIGNAL_H_
