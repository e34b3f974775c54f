// Extensions whose files act when they are opened. shared-mime-info knows few of them.
#ifndef LAZARET_MAIL_FILETYPE_DANGEROUS_EXTENSIONS_H_
#define LAZARET_MAIL_FILETYPE_DANGEROUS_EXTENSIONS_H_

#include <optional>
#include <string_view>

namespace lazaret::mail {

enum class DangerLevel {
  kExecutable,  // runs machine code or installs
  kScript,      // runs by an interpreter of the system
  kShortcut,    // starts or fetches something else
  kContainer,   // mounts or opens as a folder and hides where its files came from
  kMacro,       // a document that carries a program
};

// `extension` without dot, lower case.
std::optional<DangerLevel> DangerOf(std::string_view extension);
std::string_view DangerName(DangerLevel level);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_DANGEROUS_EXTENSIONS_H_
