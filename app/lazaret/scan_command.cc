#include "app/lazaret/scan_command.h"

#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "app/lazaret/analyzer_session.h"
#include "app/lazaret/ask_supervisor.h"
#include "app/lazaret/daemon_pool.h"
#include "app/lazaret/message_files.h"
#include "app/lazaret/rules_command.h"
#include "app/lazaret/scan_report.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "base/json_value.h"
#include "base/text.h"
#include "policy/decide.h"

namespace lazaret::cli {
namespace {

constexpr int kUsage = 2;
constexpr int kNotLooked = 3;
constexpr std::string_view kStandardInput = "-";

// Prints outcomes in the order of the files, whatever the order in which they are ready.
class OrderedPrinter {
 public:
  OrderedPrinter(std::ostream& out, std::ostream& err, std::size_t total)
      : out_(out), err_(err), total_(total), progress_(::isatty(STDERR_FILENO) == 1 && total > 1) {}

  struct Lines {
    std::string out;
    std::string err;
  };

  void Add(std::size_t index, Lines text) {
    const std::scoped_lock lock(mutex_);
    pending_.emplace(index, std::move(text));
    for (auto it = pending_.find(next_); it != pending_.end(); it = pending_.find(next_)) {
      if (progress_) err_ << "\r\x1b[K";
      out_ << it->second.out;
      if (!it->second.err.empty()) err_ << it->second.err << std::flush;
      pending_.erase(it);
      ++next_;
    }
    out_.flush();
    if (progress_) {
      err_ << "\r\x1b[K" << next_ << " of " << total_ << (next_ == total_ ? "\r\x1b[K" : "")
           << std::flush;
    }
  }

 private:
  std::ostream& out_;
  std::ostream& err_;
  const std::size_t total_;
  const bool progress_;
  std::mutex mutex_;
  std::map<std::size_t, Lines> pending_;
  std::size_t next_ = 0;
};

struct Run {
  const config::Config& config;
  const ScanArguments& arguments;
  const policy::Policy& policy;
  judge::WorkerPool& pool;
};

policy::Envelope EnvelopeOf(const ScanArguments& arguments) {
  policy::Envelope envelope;
  envelope.sender = arguments.sender;
  envelope.recipients = arguments.recipients;
  envelope.client_address = arguments.client_address;
  envelope.auth_user = arguments.auth_user;
  envelope.direction =
      policy::ParseDirection(arguments.direction).value_or(policy::Direction::kInbound);
  return envelope;
}

judge::Outcome Ask(const Run& run, const std::string& message, const policy::Envelope& envelope) {
  judge::Job job;
  auto memfd = base::SealedMemfd("lazaret-message", message);
  if (!memfd.ok()) {
    judge::Outcome outcome;
    outcome.failed = true;
    outcome.analysis = policy::AnalysisForFailure(memfd.error().text);
    return outcome;
  }
  // Nothing waits for an answer here: queueing behind other files is not part of the deadline.
  const std::uint32_t budget = run.config.limits.deadline_seconds * 900;
  job.message_fd = memfd->get();
  job.message_bytes = message.size();
  job.facts.envelope = envelope;
  job.facts.assume_envelope = envelope.sender.empty() || envelope.recipients.empty();
  job.facts.budget_millis = budget;
  base::FillRandom(job.uid.data(), job.uid.size());
  job.deadline = base::Deadline::AfterMillis(budget);
  return run.pool.Run(std::move(job), [] {});
}

// One file's outcome, and what is to be said beside it.
struct Judged {
  ScanOutcome outcome;
  std::string note;
  bool nothing = false;  // standard input that was empty
};

std::string NoteAbout(const std::string& file, std::string_view bytes) {
  if (bytes.empty() && file == kStandardInput)
    return "lazaret scan: standard input is empty: nothing to judge\n";
  if (bytes.empty()) {
    return "lazaret scan: " + base::EscapeLine(file, 4096) +
           ": empty; judged as a message without header and body.\n";
  }
  const std::string instead = WhatItIsInstead(bytes);
  if (instead.empty()) return {};
  return "lazaret scan: " + base::EscapeLine(file, 4096) + ": this is " + instead +
         ", not a mail; judged as a message that begins so. In a mail it would be judged as an "
         "attachment.\n";
}

Judged JudgeFile(const Run& run, const std::string& file) {
  const base::Nanoseconds start = base::MonotonicNow();
  Judged judged;
  ScanOutcome& outcome = judged.outcome;
  outcome.file = file;
  policy::Envelope envelope = EnvelopeOf(run.arguments);
  policy::Analysis analysis;
  auto bytes = ReadMessageFile(file, run.config.limits.message_bytes);
  if (bytes.ok()) {
    judged.note = NoteAbout(file, *bytes);
    judged.nothing = file == kStandardInput && bytes->empty();
    judge::Outcome answer = Ask(run, AsReceived(std::move(bytes).value()), envelope);
    outcome.generation = answer.generation.id;
    analysis = std::move(answer.analysis);
  } else {
    analysis = policy::AnalysisForFailure(bytes.error().text);
  }
  if (analysis.assumed) envelope = *analysis.assumed;
  outcome.verdict = policy::Decide({envelope, analysis, run.policy, base::RealtimeNow()});
  outcome.millis = static_cast<std::uint64_t>((base::MonotonicNow() - start) / 1'000'000);
  return judged;
}

int JudgeAll(const Run& run, const std::vector<std::string>& files, std::size_t threads,
             std::ostream& out, std::ostream& err) {
  OrderedPrinter printer(out, err, files.size());
  const bool color = ::isatty(STDOUT_FILENO) == 1;
  std::atomic<std::size_t> next{0};
  std::mutex code_mutex;
  int code = 0;
  const auto work = [&] {
    for (std::size_t i = next.fetch_add(1); i < files.size(); i = next.fetch_add(1)) {
      const Judged judged = JudgeFile(run, files[i]);
      const ScanOutcome& outcome = judged.outcome;
      const std::string verdict = judged.nothing       ? std::string()
                                  : run.arguments.json ? ScanJson(outcome)
                                                       : ScanText(outcome, color);
      printer.Add(i, {verdict, judged.note});
      const std::scoped_lock lock(code_mutex);
      code = WorseExitCode(code, ScanExitCode(outcome.verdict.cls));
      if (judged.nothing) code = kUsage;
    }
  };
  std::vector<std::thread> pool;
  for (std::size_t i = 0; i < std::min(threads, files.size()); ++i) pool.emplace_back(work);
  for (std::thread& thread : pool) thread.join();
  return code;
}

std::size_t ThreadsFor(const config::Config& config) {
  if (config.limits.workers > 0) return config.limits.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

int Complain(std::ostream& err, const base::Error& error, int code) {
  err << "lazaret scan: " << base::EscapeLine(error.text, 4096) << "\n";
  return code;
}

base::Error NothingIn(const std::vector<std::string>& arguments) {
  std::string names;
  for (const std::string& one : arguments) names += (names.empty() ? "" : ", ") + one;
  return {base::ErrorCode::kNotFound, names + ": no messages found"};
}

// Who judges: `pool`, which one of the others holds.
struct Workers {
  std::unique_ptr<AnalyzerSession> session;
  std::unique_ptr<judge::WorkerPool> daemon;
  judge::WorkerPool* pool = nullptr;
};

base::Result<Workers> OwnWorkers(const config::Config& config,
                                 const config::GenerationBundle& bundle) {
  Workers workers;
  LAZARET_ASSIGN(workers.session, AnalyzerSession::Start(config, bundle));
  workers.pool = &workers.session->pool();
  return workers;
}

base::Result<Workers> DaemonWorkers(const config::Config& config,
                                    const config::GenerationBundle& bundle) {
  Workers workers;
  auto daemon = ConnectToDaemon(config.paths.run + "/scan.sock", config::BundleSha256(bundle));
  if (!daemon.ok()) return base::Error{daemon.error().code, "--daemon: " + daemon.error().text};
  workers.daemon = std::move(daemon).value();
  workers.pool = workers.daemon.get();
  return workers;
}

// The running daemon may observe where this configuration enforces, or the other way round: what it
// does with mail is then not what is printed here.
void NoteDaemonMode(const config::Config& config, const policy::Policy& policy, std::ostream& err) {
  const auto answer = AskSupervisor(config, "status");
  if (!answer.ok()) return;
  const auto status = base::ParseJson(*answer);
  if (!status.ok()) return;
  for (const base::JsonValue& role : (*status)["roles"].items) {
    const std::string& mode = role["status"]["mode"].text;
    if (role["name"].text != "front" || mode.empty()) continue;
    const bool observes = policy.mode == policy::Mode::kObserve;
    if (observes == (mode == "observe") && (observes || mode == "enforce")) continue;
    err << "lazaret scan: the running daemon's mode is " << base::EscapeLine(mode)
        << ", that of this configuration is " << (observes ? "observe" : "enforce")
        << "; actions are shown by the latter\n";
  }
}

// Whether the analyzer could not start because of the rules: that is a matter of configuration.
bool RulesAreWrong(const config::Config& config, const config::GenerationBundle& bundle) {
  const auto rules = AskAboutRules(config, bundle, "check");
  return rules.ok() && rules->exit_code != 0;
}

}  // namespace

int RunScan(const config::Config& config, const ScanArguments& arguments, std::ostream& out,
            std::ostream& err) {
  auto list = ListMessages(arguments.files);
  if (!list.ok()) return Complain(err, list.error(), kUsage);
  for (const std::string& one : list->skipped)
    err << "lazaret scan: skipped " << base::EscapeLine(one, 4096) << "\n";
  if (list->files.empty()) return Complain(err, NothingIn(arguments.files), kUsage);
  auto bundle = config::ReadBundle(config, "");
  if (!bundle.ok()) return Complain(err, bundle.error(), kUsage);
  auto policy = config::PolicyOf(config, *bundle);
  if (!policy.ok()) return Complain(err, policy.error(), kUsage);
  auto workers = arguments.daemon ? DaemonWorkers(config, *bundle) : OwnWorkers(config, *bundle);
  if (!workers.ok()) {
    const bool configuration = workers.error().code == base::ErrorCode::kInvalid ||
                               (!arguments.daemon && RulesAreWrong(config, *bundle));
    return Complain(err, workers.error(), configuration ? kUsage : kNotLooked);
  }
  if (arguments.daemon) NoteDaemonMode(config, *policy, err);
  const Run run{config, arguments, *policy, *workers->pool};
  return JudgeAll(run, list->files, ThreadsFor(config), out, err);
}

}  // namespace lazaret::cli
