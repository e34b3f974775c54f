#include "base/log.h"

#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::base {
namespace {

struct Line {
  LogLevel level = LogLevel::kInfo;
  std::string text;  // whole for stderr, the message for syslog
};

class LogWriter;

struct LogState {
  std::string program = "lazaret";
  LogTarget target = LogTarget::kStderr;
  LogLevel minimum = LogLevel::kInfo;
  LogWriter* writer = nullptr;
};

LogState& State() {
  static LogState state;
  return state;
}

int SyslogPriority(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return LOG_DEBUG;
    case LogLevel::kInfo:
      return LOG_INFO;
    case LogLevel::kWarning:
      return LOG_WARNING;
    case LogLevel::kError:
      return LOG_ERR;
  }
  return LOG_ERR;
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

Line MakeLine(LogLevel level, std::string_view message) {
  const LogState& state = State();
  Line line{level, EscapeLine(message, kMaxLogLineBytes)};
  if (state.target == LogTarget::kSyslog) return line;
  std::string out = FormatRfc3339(RealtimeNow());
  out.append(" ").append(state.program).append("[").append(std::to_string(getpid())).append("] ");
  out.append(LevelName(level)).append(": ").append(line.text).append("\n");
  line.text = std::move(out);
  return line;
}

void Write(const Line& line) {
  if (State().target == LogTarget::kSyslog) {
    syslog(LOG_MAIL | SyslogPriority(line.level), "%s", line.text.c_str());
    return;
  }
  // One write: lines of several processes on one pipe do not mix. A closed stderr is no reason to
  // stop.
  const Status written = WriteAll(STDERR_FILENO, line.text);
  static_cast<void>(written.ok());
}

// Lives until the process ends, as its thread does.
class LogWriter {
 public:
  LogWriter() {
    std::thread([this] { Run(); }).detach();
  }

  void Put(Line line) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= kMaxWaitingLogLines) {
      ++dropped_;
      return;
    }
    lines_.push_back(std::move(line));
    work_.notify_one();
  }

  bool Flush(Deadline deadline) {
    constexpr std::int64_t kStepMillis = 50;
    std::unique_lock lock(mutex_);
    while (writing_ || !lines_.empty()) {
      if (deadline.Expired()) return false;
      const std::int64_t left = deadline.never() ? kStepMillis : deadline.PollMillis();
      idle_.wait_for(lock, std::chrono::milliseconds(std::min(left, kStepMillis)));
    }
    return true;
  }

  std::uint64_t dropped() {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  [[noreturn]] void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      while (lines_.empty()) work_.wait(lock);
      std::deque<Line> batch;
      batch.swap(lines_);
      writing_ = true;
      lock.unlock();
      for (const Line& line : batch) Write(line);
      lock.lock();
      SayDropped(lock);
      writing_ = false;
      idle_.notify_all();
    }
  }

  void SayDropped(std::unique_lock<std::mutex>& lock) {
    if (dropped_ == said_) return;
    const std::uint64_t lost = dropped_ - said_;
    said_ = dropped_;
    lock.unlock();
    Write(MakeLine(LogLevel::kWarning,
                   Format("{} log lines dropped: the log took none for too long", lost)));
    lock.lock();
  }

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable idle_;
  std::deque<Line> lines_;
  bool writing_ = false;
  std::uint64_t dropped_ = 0;
  std::uint64_t said_ = 0;
};

}  // namespace

void InitLog(std::string_view program, LogTarget target, LogLevel minimum) {
  LogState& state = State();
  state.program = std::string(program);
  state.target = target;
  state.minimum = minimum;
  if (target == LogTarget::kSyslog) openlog(state.program.c_str(), LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void StartLogWriter() {
  if (State().writer == nullptr) State().writer = new LogWriter;
}

bool FlushLog(Deadline deadline) {
  LogWriter* writer = State().writer;
  return writer == nullptr || writer->Flush(deadline);
}

std::uint64_t LogLinesDropped() {
  LogWriter* writer = State().writer;
  return writer == nullptr ? 0 : writer->dropped();
}

void Log(LogLevel level, std::string_view message) {
  const LogState& state = State();
  if (level < state.minimum) return;
  Line line = MakeLine(level, message);
  if (state.writer != nullptr) {
    state.writer->Put(std::move(line));
  } else {
    Write(line);
  }
}

}  // namespace lazaret::base
