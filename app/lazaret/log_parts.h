// The four `lazaret log` commands over an open store. Exit codes as in log_command.h.
#ifndef LAZARET_APP_LAZARET_LOG_PARTS_H_
#define LAZARET_APP_LAZARET_LOG_PARTS_H_

#include <ostream>
#include <string>

#include "app/lazaret/log_command.h"
#include "app/lazaret/log_text.h"
#include "base/clock.h"
#include "base/result.h"
#include "db/verdict_store.h"

namespace lazaret::cli {

inline constexpr int kLogFine = 0;
inline constexpr int kLogNothing = 1;
inline constexpr int kLogUsage = 2;

struct LogStreams {
  std::ostream& out;
  std::ostream& err;
  Paint paint;
};

// Writes one escaped line to err and returns the exit code that fits.
int LogFailure(const base::Error& error, LogStreams& streams);

// The query that the options spell, relative times counted from `now`; kInvalid names the option
// that is wrong.
base::Result<db::Query> ParseQuery(const LogArguments& arguments, base::UnixTime now);

// One sentence for a person: what became of the message and why. Escaped.
std::string WhySentence(const policy::Verdict& verdict);

int RunQuery(db::VerdictStore& store, db::Query query, const LogArguments& arguments,
             LogStreams& streams);
int RunShow(const db::StoredVerdict& stored, bool json, LogStreams& streams);
int RunExplain(const db::StoredVerdict& stored, LogStreams& streams);
int RunVerify(db::VerdictStore& store, LogStreams& streams);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_LOG_PARTS_H_
