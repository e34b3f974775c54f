// The real libmilter adapter in a child process (libmilter can serve only once a process) with a
// handler that does what the message's "Want:" line says.
#ifndef LAZARET_TESTS_MILTER_FILTER_PROCESS_H_
#define LAZARET_TESTS_MILTER_FILTER_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.h"
#include "milter/filter.h"

// The thread sanitizer brings the allocation functions itself.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LAZARET_TEST_NO_SHORT_MEMORY 1
#endif
#endif

namespace lazaret::test {

// "inet:PORT@127.0.0.1" or "inet6:PORT@::1" with a port that was free a moment ago; empty when the
// machine lacks the family.
std::string FreeInetListen(bool v6);

struct FilterChoices {
  std::uint32_t sessions = 100;
  std::uint32_t half_open_seconds = 10;
  std::uint32_t half_open_peers = 256;
  std::uint64_t message_bytes = 1U << 20;
  std::uint64_t memory_bytes = 64U << 10;
  std::uint32_t header_fields = 500'000;
  std::string spool_dir;    // empty = a good one
  std::string listen;       // empty = a unix socket of its own
  bool deaf = false;        // no thread of ours takes signals
  bool stop_first = false;  // TERM was there before the thread that serves came up
};

// A header value or body chunk of so many bytes meets a failing allocation in the filter.
inline constexpr std::size_t kShortMemoryBytes = 54'321;

// Words in a message: "Want: reject|hold|tag|tempfail|throw|wrong-class|bad-edit", "Slow: 1" (waits
// until the test says Release). Each judged message and each acknowledgement is one line in
// Events().
class FilterProcess {
 public:
  explicit FilterProcess(const FilterChoices& choices = {});
  ~FilterProcess();
  FilterProcess(const FilterProcess&) = delete;
  FilterProcess& operator=(const FilterProcess&) = delete;

  // What FakeMta connects to: the path of the unix socket, or the listen address.
  const std::string& socket() const { return socket_; }
  // The next line, waited for at most ten seconds; empty when there is none.
  std::string NextEvent();
  void Release();
  // Threads of the filter now.
  int Threads() const;
  // The most memory it ever had resident, in KiB.
  long PeakKib() const;
  void Signal(int number);
  // Exit status when it ends within the time.
  std::optional<int> ExitWithin(int millis);

 private:
  std::string folder_;
  std::string socket_;
  std::string pending_;
  base::UniqueFd events_;
  base::UniqueFd release_;
  pid_t child_ = -1;
};

}  // namespace lazaret::test

#endif  // LAZARET_TESTS_MILTER_FILTER_PROCESS_H_
