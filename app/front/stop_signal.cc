#include "app/front/stop_signal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace lazaret::front {
namespace {

// Read by a signal handler, so it cannot live in an object.
int g_stop_pipe[2] = {-1, -1};

void OnStopSignal(int) { RequestStop(); }

}  // namespace

void RequestStop() {
  const char byte = 1;
  const ssize_t written = write(g_stop_pipe[1], &byte, 1);
  (void)written;  // a full pipe already says it
}

void BlockSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

base::Result<int> ListenForStop() {
  if (g_stop_pipe[0] < 0 && pipe2(g_stop_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    return base::ErrnoError("stop pipe");
  }
  struct sigaction action {};
  action.sa_handler = OnStopSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGHUP, &action, nullptr);
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&ours, number);
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
  return g_stop_pipe[0];
}

}  // namespace lazaret::front
