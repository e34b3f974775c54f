#include "app/lazaret/postfix_settings.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "app/lazaret/program_output.h"
#include "app/lazaret/time_units.h"
#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kBetween = " \t\r\n,";
constexpr const char* kParameters[] = {
    "smtpd_milters",         "non_smtpd_milters",        "queue_directory",
    "milter_default_action", "milter_content_timeout",   "milter_protocol",
    "message_size_limit",    "milter_command_timeout",   "mail_owner",
    "mail_version",          "compatibility_level",      "multi_instance_directories",
    "smtpd_milter_maps",     "receive_override_options", "enable_long_queue_ids",
    "config_directory",      "milter_connect_timeout",   "mailbox_size_limit",
    "virtual_mailbox_limit"};

// Calls `take` with each line.
template <typename Take>
void EachLine(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::string_view> SplitAt(std::string_view text, std::string_view between) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(between); at != std::string_view::npos;
       at = text.find_first_not_of(between, at)) {
    const std::size_t end = std::min(text.find_first_of(between, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// "name = value", or nothing.
std::optional<std::pair<std::string, std::string>> Pair(std::string_view line) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(base::TrimAscii(line.substr(0, equals))),
                   std::string(base::TrimAscii(line.substr(equals + 1))));
}

void ReadOverrides(std::string_view text, std::vector<PostfixService>& services) {
  EachLine(text, [&services](std::string_view line) {
    const auto pair = Pair(line);  // "submission/inet/smtpd_milters = ..."
    if (!pair) return;
    const std::size_t slash = pair->first.rfind('/');
    if (slash == std::string::npos) return;
    for (PostfixService& service : services) {
      if (service.name == pair->first.substr(0, slash))
        service.overrides[pair->first.substr(slash + 1)] = pair->second;
    }
  });
}

base::Result<std::string> Postconf(const char* program, const std::string& folder,
                                   const std::vector<std::string>& more) {
  std::vector<std::string> arguments;
  if (!folder.empty()) arguments = {"-c", folder};
  arguments.insert(arguments.end(), more.begin(), more.end());
  LAZARET_ASSIGN(ProgramOutput output, OutputOf(program, arguments, {}));
  if (output.exit_code == 0) return std::move(output.text);
  return base::Error{base::ErrorCode::kInternal,
                     base::Format("{}: exit code {}", program, output.exit_code)};
}

base::Result<PostfixInstance> Ask(const char* program, const std::string& folder) {
  std::vector<std::string> words{"-x"};
  words.insert(words.end(), std::begin(kParameters), std::end(kParameters));
  PostfixInstance instance;
  instance.folder = folder;
  LAZARET_ASSIGN(const std::string settings, Postconf(program, folder, words));
  instance.settings = ParseSettings(settings);
  // A master.cf that cannot be read leaves the services unknown, no more.
  const auto master = Postconf(program, folder, {"-M"});
  const auto overrides = Postconf(program, folder, {"-x", "-P"});
  if (master.ok() && overrides.ok()) {
    instance.services = ParseServices(
        *master, *overrides, ChrootByDefault(ValueOf(instance.settings, "compatibility_level")));
  }
  return instance;
}

// The end of an entry that begins at `at`: for "{" the brace that closes it.
std::size_t EntryEnd(std::string_view text, std::size_t at) {
  const std::size_t end = text[at] == '{' ? text.find('}', at) : text.find_first_of(kBetween, at);
  return std::min(end, text.size());
}

}  // namespace

base::Result<PostfixInstance> AskPostfix(const std::string& folder) {
  for (const char* program : {"/usr/sbin/postconf", "/usr/local/sbin/postconf"}) {
    if (::access(program, X_OK) == 0) return Ask(program, folder);
  }
  return base::Error{base::ErrorCode::kNotFound, "no postconf on this machine"};
}

std::string_view ValueOf(const PostfixSettings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string_view() : std::string_view(found->second);
}

PostfixSettings ParseSettings(std::string_view text) {
  PostfixSettings settings;
  EachLine(text, [&settings](std::string_view line) {
    if (auto pair = Pair(line)) settings[std::move(pair->first)] = std::move(pair->second);
  });
  return settings;
}

std::vector<PostfixService> ParseServices(std::string_view master, std::string_view overrides,
                                          bool chroot_default) {
  constexpr std::size_t kColumns = 8;  // name type private unpriv chroot wakeup maxproc program
  std::vector<PostfixService> services;
  EachLine(master, [&](std::string_view line) {
    const auto words = SplitAt(line, kBlank);
    if (words.size() < kColumns || line[0] == ' ' || line[0] == '#') return;
    PostfixService service;
    service.name = base::Format("{}/{}", words[0], words[1]);
    service.chrooted = words[4] == "y" || (words[4] == "-" && chroot_default);
    service.program = std::string(words[kColumns - 1]);
    services.push_back(std::move(service));
  });
  ReadOverrides(overrides, services);
  return services;
}

bool ChrootByDefault(std::string_view compatibility_level) {
  return compatibility_level.empty() || compatibility_level[0] == '0';
}

std::vector<std::string> FurtherFolders(const PostfixSettings& settings) {
  std::vector<std::string> folders;
  for (const std::string_view word :
       SplitAt(ValueOf(settings, "multi_instance_directories"), kBetween))
    folders.emplace_back(word);
  return folders;
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

std::vector<PostfixMilter> ParseMilters(std::string_view text) {
  std::vector<PostfixMilter> milters;
  for (std::size_t at = text.find_first_not_of(kBetween); at != std::string_view::npos;
       at = text.find_first_not_of(kBetween, at)) {
    const bool braced = text[at] == '{';
    const std::size_t end = EntryEnd(text, at);
    PostfixMilter milter;
    for (const std::string_view word :
         SplitAt(text.substr(at + (braced ? 1 : 0), end - at - (braced ? 1 : 0)), kBetween)) {
      auto pair = Pair(word);
      if (milter.address.empty()) {
        milter.address = std::string(word);
      } else if (pair) {
        milter.own[std::move(pair->first)] = std::move(pair->second);
      }
    }
    if (!milter.address.empty()) milters.push_back(std::move(milter));
    at = std::min(end + (braced ? 1 : 0), text.size());
  }
  return milters;
}

}  // namespace lazaret::cli
