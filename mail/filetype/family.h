// Families of types: what counts is what opening the file would do.
#ifndef LAZARET_MAIL_FILETYPE_FAMILY_H_
#define LAZARET_MAIL_FILETYPE_FAMILY_H_

#include <string>
#include <string_view>

namespace lazaret::mail {

enum class Family {
  kUnknown,
  kExecutable,
  kScript,
  kShortcut,
  kArchive,
  kDiskImage,
  kDocument,
  kMacroDocument,
  kPdf,
  kImage,
  kAudio,
  kVideo,
  kFont,
  kText,
  kHtml,
  kMessage,
  kCrypto,  // signatures, certificates, PGP
};

Family FamilyOf(std::string_view type);
std::string_view FamilyName(Family family);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_FILETYPE_FAMILY_H_
