#include "app/lazaret/check_postfix.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "app/lazaret/program_output.h"
#include "app/lazaret/time_units.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kMaxShownBytes = 200;
constexpr std::string_view kUnix = "unix:";
constexpr const char* kParameters[] = {
    "smtpd_milters",          "non_smtpd_milters", "queue_directory",   "milter_default_action",
    "milter_content_timeout", "milter_protocol",   "message_size_limit"};

std::string_view Get(const PostfixSettings& postfix, std::string_view name) {
  const auto found = postfix.find(name);
  return found == postfix.end() ? std::string_view() : std::string_view(found->second);
}

std::string Set(const PostfixSettings& postfix, std::string_view name) {
  return base::Format("Postfix {} = {}", name,
                      base::EscapeLine(Get(postfix, name), kMaxShownBytes));
}

// The words of a list of milters: addresses, and name=value for single ones, in braces.
std::vector<std::string_view> Words(std::string_view text) {
  constexpr std::string_view kBetween = " \t\r\n,{}";
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;
       at = text.find_first_not_of(kBetween, at)) {
    const std::size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

bool NamesSocket(std::string_view word, std::string_view listen, std::string_view queue) {
  if (word.substr(0, kUnix.size()) != kUnix) return false;
  const std::string path(word.substr(kUnix.size()));
  const std::string_view ours = listen.substr(kUnix.size());
  const bool slash = !path.empty() && path[0] == '/';
  return path == ours || std::string(queue) + (slash ? "" : "/") + path == ours;
}

// "inet:8891@127.0.0.1" of ours, "inet:127.0.0.1:8891" of Postfix: the ports alone are compared,
// since one host has many names.
bool NamesPort(std::string_view word, std::string_view listen) {
  if (word.substr(0, 5) != "inet:") return false;
  const std::size_t colon = listen.find(':');
  const std::string_view port = listen.substr(colon + 1, listen.find('@') - colon - 1);
  return word.substr(word.rfind(':') + 1) == port;
}

bool AcceptsWhenDown(const PostfixSettings& postfix) {
  if (Get(postfix, "milter_default_action") == "accept") return true;
  const auto words = Words(Get(postfix, "smtpd_milters"));
  return std::find(words.begin(), words.end(), "default_action=accept") != words.end();
}

void CompareTime(const config::Config& config, const PostfixSettings& postfix, CheckNotes& notes) {
  const auto wait = ParsePostfixTime(Get(postfix, "milter_content_timeout"));
  // The answer may come up to a second after the deadline.
  if (!wait || *wait > config.limits.deadline_seconds + 1ULL) return;
  notes.faults.push_back(
      base::Format("{}: must be above limits.deadline_seconds ({}), else Postfix gives up before "
                   "Lazaret answers",
                   Set(postfix, "milter_content_timeout"), config.limits.deadline_seconds));
}

void CompareSize(const config::Config& config, const PostfixSettings& postfix, CheckNotes& notes) {
  const std::string_view text = Get(postfix, "message_size_limit");
  std::uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return;
  if (limit != 0 && limit <= config.limits.message_bytes) return;
  notes.warnings.push_back(
      base::Format("{}{}: above limits.message_bytes ({}): Lazaret refuses what Postfix would take",
                   Set(postfix, "message_size_limit"), limit == 0 ? " (no limit)" : "",
                   config.limits.message_bytes));
}

PostfixSettings ParseAnswer(std::string_view text) {
  PostfixSettings postfix;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      postfix[std::string(base::TrimAscii(line.substr(0, equals)))] =
          std::string(base::TrimAscii(line.substr(equals + 1)));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return postfix;
}

}  // namespace

base::Result<PostfixSettings> AskPostfix(const std::string& folder) {
  for (const char* program : {"/usr/sbin/postconf", "/usr/local/sbin/postconf"}) {
    if (::access(program, X_OK) != 0) continue;
    std::vector<std::string> arguments;
    if (!folder.empty()) arguments = {"-c", folder};
    arguments.insert(arguments.end(), {"-x"});
    arguments.insert(arguments.end(), std::begin(kParameters), std::end(kParameters));
    LAZARET_ASSIGN(const ProgramOutput output, OutputOf(program, arguments, {}));
    if (output.exit_code == 0) return ParseAnswer(output.text);
    return base::Error{base::ErrorCode::kInternal,
                       base::Format("{}: exit code {}", program, output.exit_code)};
  }
  return base::Error{base::ErrorCode::kNotFound, "no postconf on this machine"};
}

std::optional<std::uint64_t> ParsePostfixTime(std::string_view text) {
  std::uint64_t unit = 1;
  if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
    const auto seconds = SecondsOfUnit(text.back());
    if (!seconds) return std::nullopt;
    unit = static_cast<std::uint64_t>(*seconds);
    text.remove_suffix(1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      value > UINT64_MAX / unit)
    return std::nullopt;
  return value * unit;
}

bool IsAttached(std::string_view listen, const PostfixSettings& postfix) {
  const bool is_unix = listen.substr(0, kUnix.size()) == kUnix;
  const auto words = Words(Get(postfix, "smtpd_milters"));
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return is_unix ? NamesSocket(word, listen, Get(postfix, "queue_directory"))
                   : NamesPort(word, listen);
  });
}

void CompareWithPostfix(const config::Config& config, const PostfixSettings& postfix,
                        CheckNotes& notes) {
  if (!IsAttached(config.milter.listen, postfix)) {
    notes.warnings.push_back(
        base::Format("{}: does not name milter.listen ({}): Postfix does not ask Lazaret",
                     Set(postfix, "smtpd_milters"), config.milter.listen));
    return;
  }
  if (AcceptsWhenDown(postfix)) {
    notes.faults.push_back(
        "Postfix milter_default_action = accept: mail passes unscanned while Lazaret is down; "
        "tempfail is expected");
  }
  CompareTime(config, postfix, notes);
  CompareSize(config, postfix, notes);
  if (Get(postfix, "non_smtpd_milters").empty()) {
    notes.warnings.push_back(
        "Postfix non_smtpd_milters is empty: mail from sendmail and local programs passes "
        "unscanned");
  }
  if (Get(postfix, "milter_protocol") != "6")
    notes.warnings.push_back(Set(postfix, "milter_protocol") + ": 6 is expected");
}

}  // namespace lazaret::cli
