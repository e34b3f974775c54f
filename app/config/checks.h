// Checks of single values: the reason why a text is refused, or nothing.
#ifndef LAZARET_APP_CONFIG_CHECKS_H_
#define LAZARET_APP_CONFIG_CHECKS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lazaret::config {

using Refusal = std::optional<std::string>;

// An SMTP reply line holds 512 bytes with code and end (RFC 5321 section 4.5.3.1.5); the verdict id
// and the contact come on top of a template.
inline constexpr std::size_t kMaxTemplateBytes = 300;
inline constexpr std::size_t kMaxContactBytes = 120;

Refusal CheckNode(std::string_view text);
Refusal CheckUser(std::string_view text);           // empty or a POSIX user or group name
Refusal CheckListen(std::string_view text);         // unix:PATH, inet:PORT@HOST, inet6:PORT@HOST
Refusal CheckLanguage(std::string_view text);       // "en", "pt-br"
Refusal CheckContact(std::string_view text);        // ASCII, may be empty
Refusal CheckTemplate(std::string_view text);       // ASCII with {id}
Refusal CheckDaemon(std::string_view text);         // a {daemon_name}
Refusal CheckDomain(std::string_view text);         // lower case
Refusal CheckScanner(std::string_view text);        // the name of a scanner of this build
Refusal CheckMode(std::string_view text);           // enforce, observe
Refusal CheckObserveErrors(std::string_view text);  // tempfail, accept
Refusal CheckMaxAgeAction(std::string_view text);
Refusal CheckMatcher(std::string_view text);       // automaton, combined
Refusal CheckLogTarget(std::string_view text);     // stderr, syslog
Refusal CheckLogLevel(std::string_view text);      // debug, info, warning, error
Refusal CheckConfineLevel(std::string_view text);  // full, reduced

}  // namespace lazaret::config

#endif  // LAZARET_APP_CONFIG_CHECKS_H_
