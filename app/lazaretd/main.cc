// lazaretd: the supervisor.
//
//   lazaretd --foreground [--config FILE] [--set KEY=VALUE ...]
#include <clocale>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/config/unread_files.h"
#include "app/lazaretd/supervisor.h"
#include "app/process/spawn.h"
#include "base/log.h"
#include "base/syslog_probe.h"
#include "base/text.h"

namespace {

using namespace lazaret;

constexpr int kUsage = 2;

constexpr const char* kHelp =
    "lazaretd - Lazaret, a content security filter for mail servers: the daemon\n\n"
    "usage: lazaretd --foreground [--config FILE] [--set KEY=VALUE ...]\n\n"
    "  --foreground      stay in the foreground (always the case; an init system keeps it)\n"
    "  --config FILE     configuration (default: /etc/lazaret/lazaret.yaml when it exists,\n"
    "                    else embedded defaults, when there is a --set)\n"
    "  --set KEY=VALUE   one configuration key over the file, repeatable\n"
    "  --roles-dir DIR   where lazaret-front and the other roles lie (default: beside lazaretd)\n"
    "  --help, --version\n\n"
    "SIGTERM and SIGINT stop it: messages at end-of-message get their answer first.\n"
    "SIGHUP reads rules, lists, policy and signatures again, as `lazaret reload` does.\n"
    "Exit codes: 0 stopped in order, 1 a role could not start, 2 usage, configuration or what a "
    "role\n"
    "refused at its start (no signature database, a socket that is taken).\n";

struct Arguments {
  std::string config_file;
  std::vector<std::string> sets;
  std::string roles_folder;
  int exit_code = -1;  // leave at once
};

int Complain(const std::string& text) {
  std::fprintf(stderr, "lazaretd: %s\n", base::EscapeLine(text, 4096).c_str());
  return kUsage;
}

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  arguments.roles_folder = process::ExecutableFolder();
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--help" || word == "--version") {
      std::fputs(word == "--help" ? kHelp : "lazaretd " LAZARET_VERSION "\n", stdout);
      arguments.exit_code = 0;
      return arguments;
    }
    if (word == "--foreground") continue;
    std::string value;
    const std::size_t equals = word.find('=');
    if (word.rfind("--", 0) == 0 && equals != std::string::npos) {
      value = word.substr(equals + 1);
      word.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      arguments.exit_code = Complain(word + ": unknown, or a value is missing (see --help)");
      return arguments;
    }
    if (word == "--config") {
      arguments.config_file = value;
    } else if (word == "--set") {
      arguments.sets.push_back(value);
    } else if (word == "--roles-dir") {
      arguments.roles_folder = value;
    } else {
      arguments.exit_code = Complain(word + ": unknown option (see --help)");
      return arguments;
    }
  }
  return arguments;
}

// Nothing in syslog would ever say that nothing arrives there.
void WarnOfDeafSyslog() {
  const std::string problem = base::SyslogProblem();
  if (!problem.empty())
    Complain("log.target is syslog, and nobody takes it: " + problem +
             ": nothing is logged until a syslog daemon listens there (or set log.target: stderr)");
}

base::Result<supervisor::SharedFiles> Share(const config::Config& config) {
  std::string key;
  auto loaded = config::LoadOrCreateMaskingKey(config);
  if (loaded.ok()) {
    key = std::move(loaded).value();
  } else {
    base::LogWarning("masked values will not correlate over restarts: " + loaded.error().text);
  }
  LAZARET_ASSIGN(const config::GenerationBundle bundle, config::ReadBundle(config, key));
  for (const std::string& unread : config::UnreadFiles(config)) base::LogWarning(unread);
  // Parsed here only to refuse a wrong policy before anything starts.
  LAZARET_TRY(config::PolicyOf(config, bundle));
  supervisor::SharedFiles files;
  LAZARET_ASSIGN(files.config, base::SealedMemfd("lazaret-config", config::EncodeConfig(config)));
  LAZARET_ASSIGN(files.bundle, base::SealedMemfd("lazaret-bundle", config::EncodeBundle(bundle)));
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::setlocale(LC_ALL, "C.UTF-8");
  // Whoever reads our log may go away; mail goes on.
  std::signal(SIGPIPE, SIG_IGN);
  const Arguments arguments = Parse(argc, argv);
  if (arguments.exit_code >= 0) return arguments.exit_code;
  auto config = config::LoadConfig(arguments.config_file, arguments.sets);
  if (!config.ok()) return Complain(config.error().text);
  // Started out of curiosity it must not make folders, keys and sockets all over the system.
  if (config->origin == "embedded defaults" && config->paths.root.empty() && arguments.sets.empty())
    return Complain(
        "/etc/lazaret/lazaret.yaml does not exist: give --config FILE, or --set for "
        "the embedded defaults (see --help)");
  base::InitLog(
      "lazaretd",
      config->log.target == "syslog" ? base::LogTarget::kSyslog : base::LogTarget::kStderr,
      base::LogLevel::kInfo);
  if (config->log.target == "syslog") WarnOfDeafSyslog();
  auto files = Share(*config);
  if (!files.ok()) return Complain(files.error().text);
  supervisor::Supervisor supervisor(
      std::move(config).value(), std::move(files).value(),
      {arguments.roles_folder, {arguments.config_file, arguments.sets}});
  const base::Status prepared = supervisor.Prepare();
  if (!prepared.ok()) {
    Complain(prepared.error().text);
    return prepared.error().code == base::ErrorCode::kUnavailable ? 1 : kUsage;
  }
  return supervisor.Run();
}
