#include "app/lazaret/program_output.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "app/process/spawn.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kMaxOutputBytes = 16U << 20;
constexpr std::int64_t kEndMillis = 10'000;

std::string ReadAll(int fd) {
  std::string out;
  char chunk[65536];
  for (;;) {
    const ssize_t got = ::read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || out.size() > kMaxOutputBytes) return out;
    out.append(chunk, static_cast<std::size_t>(got));
  }
}

}  // namespace

base::Result<ProgramOutput> OutputOf(const std::string& program,
                                     const std::vector<std::string>& arguments,
                                     const std::vector<int>& fds) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoError("pipe");
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  process::SpawnOptions spawn;
  spawn.program = program;
  spawn.arguments = arguments;
  spawn.fds = fds;
  spawn.standard_output = write_end.get();
  LAZARET_ASSIGN(process::Child child, process::Spawn(spawn));
  write_end.Reset();
  ProgramOutput output;
  output.text = ReadAll(read_end.get());
  const auto status = process::WaitChild(child, base::Deadline::AfterMillis(kEndMillis));
  if (!status || !WIFEXITED(*status))
    return base::Error{base::ErrorCode::kInternal, program + ": ended badly"};
  output.exit_code = WEXITSTATUS(*status);
  return output;
}

}  // namespace lazaret::cli
