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
  kDoubtful,    // acts only where its program is installed; honest uses are common
};

// `extension` without dot, lower case; a class id in braces counts as a shortcut.
std::optional<DangerLevel> DangerOf(std::string_view extension);
std::string_view DangerName(DangerLevel level);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_DANGEROUS_EXTENSIONS_H_
