#include "app/lazaret/rules_command.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "app/lazaret/analyzer_session.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kWrong = 2;
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

base::Result<AnalyzerOutput> AskAboutRules(const config::Config& config,
                                           const config::GenerationBundle& bundle,
                                           const std::string& what) {
  LAZARET_ASSIGN(const base::UniqueFd config_fd,
                 base::SealedMemfd("lazaret-config", config::EncodeConfig(config)));
  LAZARET_ASSIGN(const base::UniqueFd bundle_fd,
                 base::SealedMemfd("lazaret-bundle", config::EncodeBundle(bundle)));
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoError("pipe");
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  process::SpawnOptions spawn;
  spawn.program = SiblingProgram("lazaret-analyzer");
  spawn.arguments = {"rules", what};
  spawn.fds = {config_fd.get(), bundle_fd.get()};
  spawn.standard_output = write_end.get();
  LAZARET_ASSIGN(process::Child child, process::Spawn(spawn));
  write_end.Reset();
  AnalyzerOutput output;
  output.text = ReadAll(read_end.get());
  const auto status = process::WaitChild(child, base::Deadline::AfterMillis(kEndMillis));
  if (!status || !WIFEXITED(*status)) {
    return base::Error{base::ErrorCode::kInternal, "lazaret-analyzer ended badly"};
  }
  output.exit_code = WEXITSTATUS(*status);
  return output;
}

int RunRules(config::Config config, const RulesArguments& arguments, std::ostream& out,
             std::ostream& err) {
  config.rules_paths.insert(config.rules_paths.end(), arguments.paths.begin(),
                            arguments.paths.end());
  const auto complain = [&err](const base::Error& error) {
    err << "lazaret rules: " << base::EscapeLine(error.text, 4096) << "\n";
    return kWrong;
  };
  auto bundle = config::ReadBundle(config, "");
  if (!bundle.ok()) return complain(bundle.error());
  auto output = AskAboutRules(config, *bundle, arguments.command);
  if (!output.ok()) return complain(output.error());
  (output->exit_code == 0 ? out : err) << output->text;
  return output->exit_code == 0 ? 0 : kWrong;
}

}  // namespace lazaret::cli
