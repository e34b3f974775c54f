#include "app/config/checks.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace lazaret::config {
namespace {

constexpr std::size_t kMaxSocketPath = 107;  // sun_path of a unix address

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

template <typename Test>
bool All(std::string_view text, Test&& test) {
  return std::all_of(text.begin(), text.end(), test);
}

Refusal OneOf(std::string_view text, std::initializer_list<std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) {
    if (text == name) return std::nullopt;
    if (!list.empty()) list += ", ";
    list += name;
  }
  return "one of " + list + " is expected";
}

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

}  // namespace

Refusal CheckNode(std::string_view text) {
  const bool fine = !text.empty() && text.size() <= 64 && All(text, [](char c) {
    return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
  });
  if (fine) return std::nullopt;
  return "1 to 64 letters, digits, dots, hyphens or underscores are expected";
}

Refusal CheckUser(std::string_view text) {
  const bool fine =
      text.empty() ||
      (text.size() <= 32 && (IsLower(text[0]) || text[0] == '_') &&
       All(text, [](char c) { return IsLower(c) || IsDigit(c) || c == '_' || c == '-'; }));
  if (fine) return std::nullopt;
  return "a user or group name is expected";
}

Refusal CheckListen(std::string_view text) {
  const std::string why = "unix:/PATH, inet:PORT@HOST or inet6:PORT@HOST is expected";
  if (text.rfind("unix:", 0) == 0) {
    const std::string_view path = text.substr(5);
    if (path.empty() || path[0] != '/') return why;
    if (path.size() > kMaxSocketPath) return "the socket's path is longer than 107 bytes";
    return std::nullopt;
  }
  for (const std::string_view family : {"inet:", "inet6:"}) {
    if (text.rfind(family, 0) != 0) continue;
    const std::string_view rest = text.substr(family.size());
    const std::size_t at = rest.find('@');
    const bool fine = at != std::string_view::npos && IsPort(rest.substr(0, at)) &&
                      at + 1 < rest.size() &&
                      All(rest.substr(at + 1), [](char c) { return c > 0x20 && c < 0x7f; });
    return fine ? Refusal() : Refusal(why);
  }
  return why;
}

Refusal CheckLanguage(std::string_view text) {
  const bool fine = text.size() >= 2 && text.size() <= 16 &&
                    All(text, [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
  if (fine) return std::nullopt;
  return "a language such as en or pt-br is expected";
}

Refusal CheckContact(std::string_view text) {
  if (!All(text, IsPrintable)) return "SMTP replies are ASCII: other characters cannot stand here";
  if (text.find('%') != std::string_view::npos) return "% cannot stand in an SMTP reply";
  if (text.size() > kMaxContactBytes) return "longer than 120 bytes";
  return std::nullopt;
}

Refusal CheckTemplate(std::string_view text) {
  if (!All(text, IsPrintable)) return "SMTP replies are ASCII: other characters cannot stand here";
  // libmilter takes % for a format in some versions and for itself in others.
  if (text.find('%') != std::string_view::npos) return "% cannot stand in an SMTP reply";
  if (text.size() > kMaxTemplateBytes) return "longer than 300 bytes";
  if (text.find("{id}") == std::string_view::npos) return "{id} is missing";
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    if (text.substr(at, 4) != "{id}" && text.substr(at, 9) != "{contact}")
      return "only {id} and {contact} can stand in braces";
  }
  return std::nullopt;
}

Refusal CheckDaemon(std::string_view text) {
  const bool fine = !text.empty() && text.size() <= 128 &&
                    All(text, [](char c) { return c > 0x20 && c < 0x7f && c != ','; });
  if (fine) return std::nullopt;
  return "a daemon name is expected";
}

Refusal CheckDomain(std::string_view text) {
  const bool fine = !text.empty() && text.size() <= 253 && text.front() != '.' &&
                    text.back() != '.' && All(text, [](char c) {
                      return IsLower(c) || IsDigit(c) || c == '.' || c == '-' || c == '_' ||
                             static_cast<unsigned char>(c) >= 0x80;
                    });
  if (fine) return std::nullopt;
  return "a domain in lower case is expected";
}

Refusal CheckScanner(std::string_view text) {
  return OneOf(text, {"clamav", "filetype", "ambiguity", "content_rules", "dlp"});
}

Refusal CheckMode(std::string_view text) { return OneOf(text, {"enforce", "observe"}); }
Refusal CheckObserveErrors(std::string_view text) { return OneOf(text, {"tempfail", "accept"}); }
Refusal CheckMaxAgeAction(std::string_view text) { return OneOf(text, {"warn", "tempfail"}); }
Refusal CheckMatcher(std::string_view text) { return OneOf(text, {"automaton", "combined"}); }
Refusal CheckLogTarget(std::string_view text) { return OneOf(text, {"stderr", "syslog"}); }
Refusal CheckLogLevel(std::string_view text) {
  return OneOf(text, {"debug", "info", "warning", "error"});
}
Refusal CheckConfineLevel(std::string_view text) { return OneOf(text, {"full", "reduced"}); }

}  // namespace lazaret::config
