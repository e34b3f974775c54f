#include "app/lazaret/check_postfix.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/format.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

constexpr std::size_t kMaxShownBytes = 200;
constexpr std::string_view kUnix = "unix:";
// What a sender waits after the end of its message (RFC 5321, 4.5.3.2.6).
constexpr std::uint64_t kSenderPatience = 600;

struct Comparison {
  const config::Config& config;
  const PostfixInstance& postfix;
  CheckNotes& notes;

  std::string_view Value(std::string_view name) const { return ValueOf(postfix.settings, name); }
  std::string Who() const {
    return postfix.folder.empty() ? std::string("Postfix")
                                  : "Postfix " + base::EscapeLine(postfix.folder, kMaxShownBytes);
  }
  std::string Shown(std::string_view name, std::string_view value) const {
    return base::Format("{} {} = {}", Who(), name, base::EscapeLine(value, kMaxShownBytes));
  }
  std::string Shown(std::string_view name) const { return Shown(name, Value(name)); }
  void Fault(std::string text) const { notes.faults.push_back(std::move(text)); }
  void Warn(std::string text) const { notes.warnings.push_back(std::move(text)); }
};

// "inet:8891@127.0.0.1" of ours, "inet:127.0.0.1:8891" of Postfix: the ports alone are compared,
// since one host has many names.
bool NamesPort(std::string_view address, std::string_view listen) {
  if (address.substr(0, 5) != "inet:") return false;
  const std::size_t colon = listen.find(':');
  const std::string_view port = listen.substr(colon + 1, listen.find('@') - colon - 1);
  return address.substr(address.rfind(':') + 1) == port;
}

bool NamesSocket(std::string_view address, std::string_view listen, std::string_view queue) {
  if (address.substr(0, kUnix.size()) != kUnix) return false;
  const std::string path(address.substr(kUnix.size()));
  const std::string_view ours = listen.substr(kUnix.size());
  const bool slash = !path.empty() && path[0] == '/';
  return path == ours || std::string(queue) + (slash ? "" : "/") + path == ours;
}

const PostfixMilter* OurMilter(std::string_view listen, const std::vector<PostfixMilter>& milters,
                               std::string_view queue) {
  const bool is_unix = listen.substr(0, kUnix.size()) == kUnix;
  const auto found = std::find_if(milters.begin(), milters.end(), [&](const PostfixMilter& milter) {
    return is_unix ? NamesSocket(milter.address, listen, queue) : NamesPort(milter.address, listen);
  });
  return found == milters.end() ? nullptr : &*found;
}

// What counts for our milter: its own word in braces, else the general parameter.
struct Effective {
  std::string shown;
  std::string_view value;
};

Effective For(const Comparison& all, const PostfixMilter& milter, std::string_view list,
              std::string_view name) {
  const auto own = milter.own.find(name);
  if (own != milter.own.end()) {
    return {base::Format("{} {}: {}={}", all.Who(), list, name,
                         base::EscapeLine(own->second, kMaxShownBytes)),
            own->second};
  }
  const std::string general = base::Format("milter_{}", name);
  return {all.Shown(general), all.Value(general)};
}

bool KnowsShutdown(std::string_view version) {
  int major = 0;
  int minor = 0;
  const std::size_t dot = version.find('.');
  if (dot == std::string_view::npos) return true;
  std::from_chars(version.data(), version.data() + dot, major);
  std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  return std::pair(major, minor) >= std::pair(3, 11);
}

void CompareAction(const Comparison& all, const Effective& action) {
  if (action.value == "accept") {
    all.Fault(action.shown + ": mail passes unscanned while Lazaret is down; tempfail is expected");
  } else if (action.value == "reject") {
    all.Warn(action.shown +
             ": mail is refused for good while Lazaret is down; tempfail is expected");
  } else if (action.value == "quarantine") {
    all.Warn(action.shown + ": all mail waits in the hold queue, unscanned, while Lazaret is down");
  } else if (action.value == "shutdown" && !KnowsShutdown(all.Value("mail_version"))) {
    all.Fault(base::Format("{}: not known to Postfix {}, which then refuses all mail", action.shown,
                           base::EscapeLine(all.Value("mail_version"), kMaxShownBytes)));
  }
}

void CompareTime(const Comparison& all, const Effective& timeout) {
  const auto wait = ParsePostfixTime(timeout.value);
  const std::uint64_t deadline = all.config.limits.deadline_seconds;
  if (!wait) return;
  // The answer may come up to a second after the deadline.
  if (*wait <= deadline + 1) {
    all.Fault(base::Format(
        "{}: must be above limits.deadline_seconds ({}), else Postfix gives up before Lazaret "
        "answers",
        timeout.shown, deadline));
  } else if (*wait > kSenderPatience) {
    all.Warn(base::Format("{}: senders give up after {} s and send the message once more",
                          timeout.shown, kSenderPatience));
  }
}

// Nothing when it is not set, or no number.
std::optional<std::uint64_t> Bytes(std::string_view text) {
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

// local(8) and virtual(8) end with a fatal error when a mailbox may not be as large as a message.
void CompareMailbox(const Comparison& all, std::string_view name, std::string_view program,
                    std::uint64_t message) {
  const auto mailbox = Bytes(all.Value(name));
  if (!mailbox || *mailbox == 0 || (message != 0 && message <= *mailbox)) return;
  all.Fault(base::Format(
      "{}: below message_size_limit ({}): {} ends with a fatal error and "
      "delivers nothing (postconf -e {}=0, or raise it, or lower "
      "message_size_limit)",
      all.Shown(name), message == 0 ? "0, no limit" : std::to_string(message), program, name));
}

void CompareSize(const Comparison& all) {
  const auto limit = Bytes(all.Value("message_size_limit"));
  if (!limit) return;
  CompareMailbox(all, "mailbox_size_limit", "local(8)", *limit);
  CompareMailbox(all, "virtual_mailbox_limit", "virtual(8)", *limit);
  if (*limit != 0 && *limit <= all.config.limits.message_bytes) return;
  all.Warn(
      base::Format("{}{}: above limits.message_bytes ({}): Lazaret refuses what Postfix would take",
                   all.Shown("message_size_limit"), *limit == 0 ? " (no limit)" : "",
                   all.config.limits.message_bytes));
}

// smtpd asks about SMTP, cleanup about the end of every message and about all local mail.
bool AsksMilters(const PostfixService& service) {
  return service.program == "smtpd" || service.program == "cleanup";
}

// A path with a slash in front means another file inside the chroot than outside.
void CompareChroot(const Comparison& all, const PostfixMilter& milter) {
  const std::string_view listen = all.config.milter.listen;
  if (listen.substr(0, kUnix.size()) != kUnix || milter.address.size() <= kUnix.size() ||
      milter.address[kUnix.size()] != '/')
    return;
  const bool whole = milter.address == listen;
  for (const PostfixService& service : all.postfix.services) {
    if (!AsksMilters(service) || service.chrooted != whole) continue;
    const std::string queue(all.Value("queue_directory"));
    const bool below = listen.substr(kUnix.size(), queue.size() + 1) == queue + "/";
    const std::string instead =
        below ? base::Format("write unix:{}", listen.substr(kUnix.size() + queue.size() + 1))
              : base::Format("put milter.listen below {}", queue);
    all.Fault(base::Format("{}: {} ({}) is {}chrooted and finds no socket there: {}",
                           all.Shown("smtpd_milters"), service.name, service.program,
                           service.chrooted ? "" : "not ", instead));
    return;
  }
}

void CompareOverrides(const Comparison& all, const PostfixService& service) {
  Comparison here = all;
  const auto shown = [&](std::string_view name, std::string_view value) {
    return base::Format("{} {} -o {}={}", all.Who(), service.name, name,
                        base::EscapeLine(value, kMaxShownBytes));
  };
  for (const auto& [name, value] : service.overrides) {
    if (name == "milter_default_action") CompareAction(here, {shown(name, value), value});
    if (name == "milter_content_timeout") CompareTime(here, {shown(name, value), value});
    if (name == "receive_override_options" && value.find("no_milters") != std::string::npos)
      all.Warn(shown(name, value) + ": mail that comes this way passes unscanned");
    if (name != "smtpd_milters") continue;
    const auto milters = ParseMilters(value);
    const PostfixMilter* ours =
        OurMilter(all.config.milter.listen, milters, all.Value("queue_directory"));
    if (ours == nullptr)
      all.Warn(shown(name, value) + ": mail that comes this way passes unscanned");
    else if (const auto own = ours->own.find("default_action"); own != ours->own.end())
      CompareAction(here, {shown(name, value), own->second});
  }
}

void CompareLocalMail(const Comparison& all) {
  const auto milters = ParseMilters(all.Value("non_smtpd_milters"));
  const PostfixMilter* ours =
      OurMilter(all.config.milter.listen, milters, all.Value("queue_directory"));
  if (ours != nullptr) {
    const auto own = ours->own.find("default_action");
    if (own != ours->own.end())
      CompareAction(all, For(all, *ours, "non_smtpd_milters", "default_action"));
    return;
  }
  all.Warn(milters.empty() ? base::Format("{} non_smtpd_milters is empty: mail from sendmail and "
                                          "local programs passes unscanned",
                                          all.Who())
                           : all.Shown("non_smtpd_milters") +
                                 ": does not name Lazaret: mail from sendmail and local programs "
                                 "passes unscanned");
}

void CompareWhoIsAsked(const Comparison& all) {
  CompareLocalMail(all);
  if (!all.Value("smtpd_milter_maps").empty())
    all.Warn(all.Shown("smtpd_milter_maps") +
             ": clients listed there are judged only where it names Lazaret");
  if (all.Value("receive_override_options").find("no_milters") != std::string_view::npos)
    all.Fault(all.Shown("receive_override_options") + ": no milter is asked, all passes unscanned");
  for (const PostfixService& service : all.postfix.services) CompareOverrides(all, service);
}

}  // namespace

bool IsAttached(std::string_view listen, const PostfixSettings& postfix) {
  return OurMilter(listen, ParseMilters(ValueOf(postfix, "smtpd_milters")),
                   ValueOf(postfix, "queue_directory")) != nullptr;
}

void CompareWithPostfix(const config::Config& config, const PostfixInstance& postfix,
                        bool policy_holds, CheckNotes& notes) {
  const Comparison all{config, postfix, notes};
  const auto milters = ParseMilters(all.Value("smtpd_milters"));
  const PostfixMilter* ours =
      OurMilter(config.milter.listen, milters, all.Value("queue_directory"));
  if (ours == nullptr) {
    all.Warn(base::Format("{}: does not name milter.listen ({}): Postfix does not ask Lazaret",
                          all.Shown("smtpd_milters"), config.milter.listen));
    return;
  }
  CompareAction(all, For(all, *ours, "smtpd_milters", "default_action"));
  CompareTime(all, For(all, *ours, "smtpd_milters", "content_timeout"));
  CompareSize(all);
  CompareChroot(all, *ours);
  CompareWhoIsAsked(all);
  const Effective protocol = For(all, *ours, "smtpd_milters", "protocol");
  if (protocol.value != "6") all.Warn(protocol.shown + ": 6 is expected");
  if (policy_holds && all.Value("enable_long_queue_ids") == "no")
    all.Warn(all.Shown("enable_long_queue_ids") +
             ": queue ids are used again, so an id of held mail may later name another message");
}

}  // namespace lazaret::cli
