// `lazaret log query|show|explain|verify`: reads the verdict log, whether the daemon runs or not.
// Exit 0 fine; 1 nothing found (query, show, explain) or a broken chain (verify); 2 wrong arguments
// or a log that cannot be read. Every string from mail is escaped; CSV cells cannot become
// formulas.
#ifndef LAZARET_APP_LAZARET_LOG_COMMAND_H_
#define LAZARET_APP_LAZARET_LOG_COMMAND_H_

#include <cstdint>
#include <ostream>
#include <string>

namespace lazaret::cli {

enum class LogCommand { kQuery, kShow, kExplain, kVerify };

struct LogArguments {
  LogCommand command = LogCommand::kQuery;
  std::string database;  // path of verdicts.db
  // query; an empty string = any
  std::string since;  // RFC 3339, "2026-03-01", or a span back from now: 90s, 30m, 2h, 7d, 4w
  std::string until;
  std::string cls;
  std::string action;
  std::string wanted;  // what the policy wanted, before observe mode
  std::string rule;    // rule id or finding code
  std::string sender;
  std::string recipient;
  std::uint32_t limit = 50;
  bool json = false;  // query, show
  bool csv = false;   // query
  std::string id;  // show, explain: verdict id, a unique prefix of 6 characters or more, "last", or
                   // a Postfix queue id (its newest verdict)
};

// `color`: ANSI colours, for a terminal.
int RunLog(const LogArguments& arguments, std::ostream& out, std::ostream& err, bool color);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_LOG_COMMAND_H_
