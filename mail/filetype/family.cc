#include "mail/filetype/family.h"

#include <algorithm>
#include <array>

namespace lazaret::mail {
namespace {

struct Entry {
  std::string_view type;
  Family family;
};

constexpr std::array kTypes{
    Entry{"application/x-dosexec", Family::kExecutable},
    Entry{"application/x-ms-dos-executable", Family::kExecutable},
    Entry{"application/x-msdownload", Family::kExecutable},
    Entry{"application/x-msdos-program", Family::kExecutable},
    Entry{"application/vnd.microsoft.portable-executable", Family::kExecutable},
    Entry{"application/x-executable", Family::kExecutable},
    Entry{"application/x-pie-executable", Family::kExecutable},
    Entry{"application/x-sharedlib", Family::kExecutable},
    Entry{"application/x-object", Family::kExecutable},
    Entry{"application/x-mach-binary", Family::kExecutable},
    Entry{"application/x-msi", Family::kExecutable},
    Entry{"application/x-java", Family::kExecutable},
    Entry{"application/java-archive", Family::kExecutable},
    Entry{"application/x-java-archive", Family::kExecutable},
    Entry{"application/vnd.android.package-archive", Family::kExecutable},
    Entry{"application/vnd.ms-htmlhelp", Family::kExecutable},
    Entry{"application/winhlp", Family::kExecutable},
    Entry{"application/wasm", Family::kExecutable},
    Entry{"application/x-dex", Family::kExecutable},
    Entry{"application/vnd.adobe.flash.movie", Family::kExecutable},
    Entry{"application/vnd.debian.binary-package", Family::kExecutable},
    Entry{"application/x-rpm", Family::kExecutable},
    Entry{"text/vbscript", Family::kScript},
    Entry{"text/x-vbscript", Family::kScript},
    Entry{"text/javascript", Family::kScript},
    Entry{"application/javascript", Family::kScript},
    Entry{"application/x-javascript", Family::kScript},
    Entry{"application/x-powershell", Family::kScript},
    Entry{"application/x-bat", Family::kScript},
    Entry{"application/x-shellscript", Family::kScript},
    Entry{"text/x-shellscript", Family::kScript},
    Entry{"text/x-python", Family::kScript},
    Entry{"text/x-perl", Family::kScript},
    Entry{"application/x-php", Family::kScript},
    Entry{"application/hta", Family::kScript},
    Entry{"application/x-wsf", Family::kScript},
    Entry{"text/scriptlet", Family::kScript},
    Entry{"application/x-ms-shortcut", Family::kShortcut},
    Entry{"application/x-mswinurl", Family::kShortcut},
    Entry{"application/x-scf", Family::kShortcut},
    Entry{"application/x-setupscript", Family::kShortcut},
    Entry{"application/x-settingcontent", Family::kShortcut},
    Entry{"application/windows-library+xml", Family::kShortcut},
    Entry{"application/windows-search-connector+xml", Family::kShortcut},
    Entry{"application/x-msc", Family::kShortcut},
    Entry{"text/x-ms-regedit", Family::kShortcut},
    Entry{"text/x-iqy", Family::kShortcut},
    Entry{"application/zip", Family::kArchive},
    Entry{"application/x-zip-compressed", Family::kArchive},
    Entry{"application/x-7z-compressed", Family::kArchive},
    Entry{"application/vnd.rar", Family::kArchive},
    Entry{"application/x-rar", Family::kArchive},
    Entry{"application/gzip", Family::kArchive},
    Entry{"application/x-gzip", Family::kArchive},
    Entry{"application/x-bzip", Family::kArchive},
    Entry{"application/x-bzip2", Family::kArchive},
    Entry{"application/x-xz", Family::kArchive},
    Entry{"application/zstd", Family::kArchive},
    Entry{"application/x-lzip", Family::kArchive},
    Entry{"application/x-lz4", Family::kArchive},
    Entry{"application/x-lzma", Family::kArchive},
    Entry{"application/x-compress", Family::kArchive},
    Entry{"application/vnd.ms-cab-compressed", Family::kArchive},
    Entry{"application/x-arj", Family::kArchive},
    Entry{"application/x-ace", Family::kArchive},
    Entry{"application/x-lha", Family::kArchive},
    Entry{"application/x-xar", Family::kArchive},
    Entry{"application/x-tar", Family::kArchive},
    Entry{"application/x-compressed-tar", Family::kArchive},
    Entry{"application/x-archive", Family::kArchive},
    Entry{"application/x-cpio", Family::kArchive},
    Entry{"application/x-ms-wim", Family::kArchive},
    Entry{"application/x-alz", Family::kArchive},
    Entry{"application/x-egg", Family::kArchive},
    Entry{"application/x-stuffit", Family::kArchive},
    Entry{"application/x-zoo", Family::kArchive},
    Entry{"application/x-ms-compress", Family::kArchive},
    Entry{"application/vnd.squashfs", Family::kArchive},
    Entry{"application/x-lzop", Family::kArchive},
    Entry{"application/x-lrzip", Family::kArchive},
    Entry{"application/x-zpaq", Family::kArchive},
    Entry{"application/x-udf-image", Family::kDiskImage},
    Entry{"application/x-apple-diskimage", Family::kDiskImage},
    Entry{"application/x-cd-image", Family::kDiskImage},
    Entry{"application/x-iso9660-image", Family::kDiskImage},
    Entry{"application/x-vhd-disk", Family::kDiskImage},
    Entry{"application/x-vhdx-disk", Family::kDiskImage},
    Entry{"application/x-vmdk-disk", Family::kDiskImage},
    Entry{"application/x-qemu-disk", Family::kDiskImage},
    Entry{"application/x-raw-disk-image", Family::kDiskImage},
    Entry{"application/pdf", Family::kPdf},
    Entry{"application/postscript", Family::kDocument},
    Entry{"application/rtf", Family::kDocument},
    Entry{"text/rtf", Family::kDocument},
    Entry{"application/msword", Family::kDocument},
    Entry{"application/x-ole-storage", Family::kDocument},
    Entry{"application/cdfv2", Family::kDocument},
    Entry{"application/onenote", Family::kDocument},
    Entry{"application/epub+zip", Family::kDocument},
    Entry{"application/vnd.ms-outlook", Family::kMessage},
    Entry{"application/vnd.ms-tnef", Family::kMessage},
    Entry{"application/vnd.ms-office.macro", Family::kMacroDocument},
    Entry{"application/xml", Family::kText},
    Entry{"application/json", Family::kText},
    Entry{"application/x-pem-file", Family::kCrypto},
    Entry{"application/pgp", Family::kCrypto},
    Entry{"application/pgp-signature", Family::kCrypto},
    Entry{"application/pgp-encrypted", Family::kCrypto},
    Entry{"application/pgp-keys", Family::kCrypto},
    Entry{"application/pkcs7-mime", Family::kCrypto},
    Entry{"application/pkcs7-signature", Family::kCrypto},
    Entry{"application/x-pkcs7-signature", Family::kCrypto},
    Entry{"application/x-pkcs7-mime", Family::kCrypto},
    Entry{"text/html", Family::kHtml},
    Entry{"application/xhtml+xml", Family::kHtml},
    Entry{"image/svg+xml", Family::kImage},
};

struct Prefix {
  std::string_view prefix;
  Family family;
};
constexpr std::array kPrefixes{
    Prefix{"image/", Family::kImage},
    Prefix{"audio/", Family::kAudio},
    Prefix{"video/", Family::kVideo},
    Prefix{"font/", Family::kFont},
    Prefix{"message/", Family::kMessage},
    Prefix{"text/", Family::kText},
    Prefix{"application/vnd.openxmlformats-officedocument.", Family::kDocument},
    Prefix{"application/vnd.oasis.opendocument.", Family::kDocument},
    Prefix{"application/vnd.ms-excel", Family::kDocument},
    Prefix{"application/vnd.ms-powerpoint", Family::kDocument},
    Prefix{"application/vnd.ms-word", Family::kDocument},
    Prefix{"application/vnd.ms-visio", Family::kDocument},
    Prefix{"application/vnd.ms-project", Family::kDocument},
    Prefix{"application/vnd.visio", Family::kDocument},
};

}  // namespace

Family FamilyOf(std::string_view type) {
  const auto known = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const Entry& entry) { return entry.type == type; });
  if (known != kTypes.end()) return known->family;
  if (type.find("macroenabled") != std::string_view::npos) return Family::kMacroDocument;
  const auto prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const Prefix& entry) {
    return type.substr(0, entry.prefix.size()) == entry.prefix;
  });
  return prefix == kPrefixes.end() ? Family::kUnknown : prefix->family;
}

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kUnknown:
      return "unknown";
    case Family::kExecutable:
      return "executable";
    case Family::kScript:
      return "script";
    case Family::kShortcut:
      return "shortcut";
    case Family::kArchive:
      return "archive";
    case Family::kDiskImage:
      return "disk image";
    case Family::kDocument:
      return "document";
    case Family::kMacroDocument:
      return "macro document";
    case Family::kPdf:
      return "pdf";
    case Family::kImage:
      return "image";
    case Family::kAudio:
      return "audio";
    case Family::kVideo:
      return "video";
    case Family::kFont:
      return "font";
    case Family::kText:
      return "text";
    case Family::kHtml:
      return "html";
    case Family::kMessage:
      return "message";
    case Family::kCrypto:
      return "signature or key";
  }
  return "unknown";
}

}  // namespace lazaret::mail
