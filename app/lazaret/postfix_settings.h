// What a Postfix is set to, as its own postconf says it: parameters, and the services of master.cf.
// Nothing is judged here.
#ifndef LAZARET_APP_LAZARET_POSTFIX_SETTINGS_H_
#define LAZARET_APP_LAZARET_POSTFIX_SETTINGS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lazaret::cli {

// Parameter -> value with all $names replaced.
using PostfixSettings = std::map<std::string, std::string, std::less<>>;

// One line of master.cf.
struct PostfixService {
  std::string name;  // "smtp/inet", as postconf writes it
  bool chrooted = false;
  std::string program;        // "smtpd"
  PostfixSettings overrides;  // its -o options
};

struct PostfixInstance {
  std::string folder;  // its configuration; empty: the system's first one
  PostfixSettings settings;
  std::vector<PostfixService> services;  // empty: not known
};

// postconf's answers. `folder`: Postfix's configuration folder, empty for the system's. kNotFound
// when there is no postconf on this machine.
base::Result<PostfixInstance> AskPostfix(const std::string& folder);

// The value, empty when it is not set.
std::string_view ValueOf(const PostfixSettings& settings, std::string_view name);

// What `postconf -x` prints, "name = value" lines.
PostfixSettings ParseSettings(std::string_view text);

// What `postconf -M` prints, with the lines of `postconf -P`. `chroot_default`: what "-" in the
// chroot column means.
std::vector<PostfixService> ParseServices(std::string_view master, std::string_view overrides,
                                          bool chroot_default);

// Whether "-" in the chroot column means yes: below compatibility level 1 it does.
bool ChrootByDefault(std::string_view compatibility_level);

// Further instances on this machine, by multi_instance_directories.
std::vector<std::string> FurtherFolders(const PostfixSettings& settings);

// "180s", "3m", "1h", "2d", "1w", "180": seconds.
std::optional<std::uint64_t> ParsePostfixTime(std::string_view text);

// One entry of smtpd_milters: "unix:PATH", or "{ unix:PATH, name=value, ... }".
struct PostfixMilter {
  std::string address;
  PostfixSettings own;  // default_action, content_timeout, ... without the milter_ in front
};
std::vector<PostfixMilter> ParseMilters(std::string_view text);

}  // namespace lazaret::cli

#endif  // LAZARET_APP_LAZARET_POSTFIX_SETTINGS_H_
