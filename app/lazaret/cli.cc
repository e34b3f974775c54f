#include "app/lazaret/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <clocale>
#include <iostream>

#include "app/config/config.h"
#include "app/lazaret/check_command.h"
#include "app/lazaret/log_command.h"
#include "app/lazaret/reload_command.h"
#include "app/lazaret/rules_command.h"
#include "app/lazaret/scan_command.h"
#include "app/lazaret/stats_command.h"
#include "app/lazaret/status_command.h"
#include "base/suggest.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr int kUsage = 2;

constexpr const char* kAbout =
    "Lazaret, a content security filter for mail servers: command line.\n\n"
    "Judges messages without a mail server, queries the verdict log, checks rules and "
    "configuration.";

constexpr const char* kFooter =
    "Exit codes of `scan`: 0 all clean, 1 something found, 3 something could not be looked at,\n"
    "2 usage or configuration. Other commands: 0 fine, 1 nothing found or not whole, 2 usage or "
    "configuration.\n"
    "Files: /etc/lazaret/lazaret.yaml, /etc/lazaret/policy.yaml, /etc/lazaret/rules.d/*.yaml,\n"
    "/var/lib/lazaret/db/verdicts.db. `lazaret COMMAND --help` explains each command.";

struct Globals {
  std::string config_file;
  std::vector<std::string> sets;
};

struct Everything {
  Globals globals;
  ScanArguments scan;
  LogArguments log;
  RulesArguments rules;
  CheckArguments check;
  StatsArguments stats;
  bool status_json = false;
};

// A repeatable option that takes exactly one value each time.
CLI::Option* AddRepeatable(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                           const std::string& text) {
  return app.add_option(name, values, text)->allow_extra_args(false);
}

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("--config", globals.config_file,
                 "Configuration file (default: /etc/lazaret/lazaret.yaml when it exists, else "
                 "embedded defaults)")
      ->type_name("FILE");
  AddRepeatable(app, "--set", globals.sets,
                "One configuration key, repeatable, over the file: clamav.database=DIR, "
                "rules.paths=DIR1,DIR2")
      ->type_name("KEY=VALUE");
}

CLI::App* AddScan(CLI::App& app, ScanArguments& scan) {
  CLI::App* command = app.add_subcommand(
      "scan",
      "Judge messages (.eml) without a mail server, with the daemon's analyzer, confinement and "
      "policy.\n"
      "Without --sender and --recipient the envelope is taken from From, To and Cc.");
  command
      ->add_option(
          "FILE", scan.files,
          "Messages, folders (every regular file below; others are named on standard\n"
          "error), or - for standard input. A file that is no mail is judged as a message\n"
          "that begins so, and that is said on standard error.")
      ->required();
  command->add_flag("--json", scan.json, "One JSON object a line and message, with \"v\":1");
  command->add_flag(
      "--daemon", scan.daemon,
      "Use the running daemon's workers: no signatures are loaded, and its rules must be "
      "those of this configuration");
  command->add_option("--sender", scan.sender, "Envelope sender");
  AddRepeatable(*command, "--recipient", scan.recipients, "Envelope recipient, repeatable");
  command->add_option("--client-address", scan.client_address, "Address of the SMTP client");
  command->add_option("--auth-user", scan.auth_user, "Authenticated user");
  command->add_option("--direction", scan.direction, "inbound, outbound or local")
      ->check(CLI::IsMember({"inbound", "outbound", "local"}))
      ->default_val("inbound");
  return command;
}

void AddLogFilters(CLI::App& command, LogArguments& log) {
  command.add_option("--since", log.since,
                     "From this time: 2026-03-01, 2026-03-01T12:00:00Z, or 2h, 7d ago");
  command.add_option("--until", log.until, "Up to this time, same forms");
  command.add_option("--class", log.cls,
                     "clean, suspicious, ambiguous, policy, unscannable, error or malicious");
  command.add_option(
      "--action", log.action,
      "What was done: accept, tag, hold, tempfail or reject. In observe mode that is "
      "accept: see --wanted");
  command.add_option("--wanted", log.wanted,
                     "What the policy wanted, the same words: also finds what observe mode only "
                     "recorded");
  command.add_option("--rule", log.rule, "Rule id, signature name or finding code");
  command.add_option("--sender", log.sender, "user@domain, @domain, or <> for the null sender");
  command.add_option("--recipient", log.recipient, "user@domain or @domain");
  command.add_option("--limit", log.limit, "At most so many, newest first")
      ->default_val(50)
      ->check(CLI::Range(1U, 1'000'000'000U));
  CLI::Option* json = command.add_flag("--json", log.json, "One JSON object a line");
  command.add_flag("--csv", log.csv, "RFC 4180, with a header line")->excludes(json);
}

CLI::App* AddLog(CLI::App& app, LogArguments& log) {
  CLI::App* command = app.add_subcommand(
      "log", "Query and verify the verdict log; works while lazaretd runs or is down.");
  command->require_subcommand(1);
  CLI::App* query = command->add_subcommand(
      "query", "List verdicts, newest first. All given conditions hold. Exit 0 found, 1 none.");
  AddLogFilters(*query, log);
  query->callback([&log] { log.command = LogCommand::kQuery; });
  CLI::App* show = command->add_subcommand("show", "Everything recorded about one verdict.");
  show->add_option("ID", log.id,
                   "Verdict id, its first 6 characters or more, a Postfix queue id, or last")
      ->required();
  show->add_flag("--json", log.json, "As JSON");
  show->callback([&log] { log.command = LogCommand::kShow; });
  CLI::App* explain = command->add_subcommand(
      "explain", "Why a message got its action: tree, findings, policy steps, winners and losers.");
  explain
      ->add_option("ID", log.id,
                   "Verdict id, its first 6 characters or more, a Postfix queue id, or last")
      ->required();
  explain->callback([&log] { log.command = LogCommand::kExplain; });
  CLI::App* verify =
      command->add_subcommand("verify", "Walk the hash chain: exit 0 whole, 1 broken.");
  verify->callback([&log] { log.command = LogCommand::kVerify; });
  return command;
}

CLI::App* AddRules(CLI::App& app, RulesArguments& rules) {
  CLI::App* command =
      app.add_subcommand("rules", "Check, test and list rules. PATH adds rule files or folders.");
  command->require_subcommand(1);
  for (const char* name : {"check", "test", "list"}) {
    static const std::map<std::string, std::string> kTexts = {
        {"check", "Compile all rules and run their own tests; file:line:column for what is wrong."},
        {"test", "Run the rules' own tests and count them."},
        {"list", "One line a rule: id, state, severity, direction, code, name."}};
    CLI::App* sub = command->add_subcommand(name, kTexts.at(name));
    sub->add_option("PATH", rules.paths, "Rule files or folders, beside the configured ones");
    sub->callback([&rules, name] { rules.command = name; });
  }
  return command;
}

void AddCheck(CLI::App& app, CheckArguments& check) {
  CLI::App* command = app.add_subcommand(
      "check",
      "Check the whole configuration: keys, policy, rules, lists, signatures, users, folders, and\n"
      "Postfix's settings where postconf is installed. Says every fault; exit 0 none, 2 some.\n"
      "The signatures are loaded as a start would load them: a full database takes some 20 s and "
      "1 GB\nof memory.");
  command->add_flag_callback(
      "--no-signatures", [&check] { check.signatures = false; },
      "Do not load the signatures: quick, but a broken file is not seen; the answer says so");
  AddRepeatable(*command, "--postfix", check.postfix,
                "Compare with the Postfix of this configuration folder, repeatable; not with the\n"
                "system's and its instances")
      ->type_name("DIR");
}

void AddStats(CLI::App& app, StatsArguments& stats) {
  CLI::App* command = app.add_subcommand(
      "stats",
      "Counters, gauges and times of every role. docs/operations.md says what to alarm on.");
  CLI::Option* json = command->add_flag("--json", stats.json, "As JSON, with \"v\":1");
  command->add_flag("--prometheus", stats.prometheus, "In the text format 0.0.4 of Prometheus")
      ->excludes(json);
}

void AddReload(CLI::App& app) {
  app.add_subcommand(
      "reload",
      "Let the daemon read rules, lists, policy and signatures again; waits until they are in "
      "force.\n"
      "What is wrong is refused and changes nothing. Exit 0 in force, 1 refused, 2 no daemon.");
  app.add_subcommand(
      "rollback",
      "Put the rules, lists, policy and signatures before the last reload in force again.");
}

int Dispatch(CLI::App& app, Everything& all) {
  std::vector<std::string> faults;
  auto config = config::LoadConfig(all.globals.config_file, all.globals.sets, &faults);
  if (!config.ok()) {
    for (const std::string& fault : faults)
      std::cerr << "lazaret: " << base::EscapeLine(fault, 4096) << "\n";
    return kUsage;
  }
  const bool color = ::isatty(STDOUT_FILENO) == 1;
  if (app.got_subcommand("scan")) return RunScan(*config, all.scan, std::cout, std::cerr);
  if (app.got_subcommand("rules")) return RunRules(*config, all.rules, std::cout, std::cerr);
  if (app.got_subcommand("check")) return RunCheck(*config, all.check, std::cout, std::cerr);
  if (app.got_subcommand("stats")) return RunStats(*config, all.stats, std::cout, std::cerr);
  if (app.got_subcommand("status"))
    return RunStatus(*config, all.status_json, std::cout, std::cerr);
  for (const char* command : {"reload", "rollback"}) {
    if (app.got_subcommand(command)) return RunReload(*config, command, std::cout, std::cerr);
  }
  all.log.database = config->log.database;
  return RunLog(all.log, std::cout, std::cerr, color);
}

// The words of a command line that are no option and no option's value.
std::vector<std::string> PlainWords(int argc, char** argv, const CLI::App& app) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") break;
    if (word.size() > 1 && word[0] == '-') {
      const CLI::Option* option = app.get_option_no_throw(word);
      if (option != nullptr && option->get_items_expected_min() > 0) ++i;
      continue;
    }
    words.push_back(word);
  }
  return words;
}

// Words that other programs have for what is called `query` here are no misspelling of it.
std::string MeantCommand(const std::string& word, const std::vector<std::string>& names) {
  constexpr std::string_view kAsks[] = {"list", "search", "find", "ls"};
  const bool asks = std::find(std::begin(kAsks), std::end(kAsks), word) != std::end(kAsks);
  if (asks && std::find(names.begin(), names.end(), "query") != names.end()) return "query";
  return base::Nearest(word, names);
}

// Says which command was probably meant where a word names none; true when it did.
bool SaysUnknownCommand(const std::vector<std::string>& words, CLI::App& app) {
  CLI::App* at = &app;
  for (const std::string& word : words) {
    std::vector<std::string> names;
    CLI::App* next = nullptr;
    for (CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
      if (sub->check_name(word)) next = sub;
    }
    if (names.empty()) return false;
    if (next == nullptr) {
      const std::string nearest = MeantCommand(word, names);
      std::cerr << "lazaret: unknown command \"" << base::EscapeLine(word, 64) << "\"";
      if (!nearest.empty()) std::cerr << "; did you mean \"" << nearest << "\"?";
      std::cerr << "\nRun `lazaret --help` for the commands.\n";
      return true;
    }
    at = next;
  }
  return false;
}

// The subcommand that was asked for, down to the last one.
const CLI::App* Deepest(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? &app : Deepest(*parsed.front());
}

// Which option was probably meant, where a word names none of its command's or of the general ones.
void SuggestOption(int argc, char** argv, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at : {&app, Deepest(app)}) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.rfind("--", 0) != 0 || word.size() == 2) continue;
    word = word.substr(0, word.find('='));
    if (std::find(names.begin(), names.end(), word) != names.end()) continue;
    const std::string nearest = base::Nearest(word, names);
    if (!nearest.empty())
      std::cerr << "lazaret: unknown option \"" << base::EscapeLine(word, 64)
                << "\"; did you mean \"" << nearest << "\"?\n";
  }
}

}  // namespace

int RunCli(int argc, char** argv) {
  std::setlocale(LC_ALL, "C.UTF-8");
  Everything all;
  CLI::App app(kAbout, "lazaret");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("lazaret ") + LAZARET_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobals(app, all.globals);
  AddScan(app, all.scan);
  AddLog(app, all.log);
  AddRules(app, all.rules);
  AddCheck(app, all.check);
  AddStats(app, all.stats);
  CLI::App* status =
      app.add_subcommand("status", "Roles, generation, confinement, signature age, queue.");
  status->add_flag("--json", all.status_json, "As JSON");
  AddReload(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0 && SaysUnknownCommand(PlainWords(argc, argv, app), app))
      return kUsage;
    if (error.get_exit_code() != 0) SuggestOption(argc, argv, app);
    const int code = app.exit(error);
    return code == 0 ? 0 : kUsage;
  }
  return Dispatch(app, all);
}

}  // namespace lazaret::cli
