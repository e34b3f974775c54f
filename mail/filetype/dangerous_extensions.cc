#include "mail/filetype/dangerous_extensions.h"

#include <algorithm>
#include <array>

namespace lazaret::mail {
namespace {

constexpr std::string_view kExecutables[] = {
    "exe",        "scr", "com",  "pif",  "cpl",        "dll",    "ocx",  "sys",
    "drv",        "msi", "msix", "msp",  "mst",        "msu",    "appx", "appxbundle",
    "msixbundle", "xll", "jar",  "jnlp", "apk",        "gadget", "vsto", "chm",
    "hlp",        "air", "deb",  "rpm",  "application"};
constexpr std::string_view kScripts[] = {
    "bat", "cmd", "ps1", "psm1",        "psd1", "ps1xml",  "psc1",     "vbs", "vbe", "vb",  "js",
    "jse", "wsf", "wsh", "wsc",         "sct",  "hta",     "msh",      "ws",  "sh",  "csh", "ksh",
    "ahk", "au3", "pyw", "applescript", "scpt", "command", "workflow", "shb", "shs"};
constexpr std::string_view kShortcuts[] = {"lnk",       "url",
                                           "website",   "scf",
                                           "inf",       "reg",
                                           "iqy",       "oqy",
                                           "rqy",       "dqy",
                                           "slk",       "rdp",
                                           "udl",       "settingcontent-ms",
                                           "appref-ms", "library-ms",
                                           "search-ms", "searchconnector-ms",
                                           "msc",       "mcf",
                                           "desklink",  "mapimail",
                                           "theme",     "themepack",
                                           "diagcab",   "grp",
                                           "job",       "ins",
                                           "isp",       "webpnp",
                                           "prf",       "pcd",
                                           "cnt",       "xnk",
                                           "contact",   "desktop"};
constexpr std::string_view kContainers[] = {"iso",    "img", "vhd", "vhdx", "vmdk", "udf", "one",
                                            "onepkg", "dmg", "wim", "ace",  "cab",  "arj", "lzh"};
constexpr std::string_view kMacros[] = {"docm",  "dotm",  "xlsm", "xltm", "xlam", "xlsb",
                                        "pptm",  "potm",  "ppsm", "ppam", "sldm", "accde",
                                        "accda", "accdr", "mde",  "mda",  "mdb",  "ade",
                                        "adp",   "xla",   "ppa",  "vsdm", "wll",  "pub"};

template <std::size_t N>
bool In(const std::string_view (&list)[N], std::string_view extension) {
  return std::find(std::begin(list), std::end(list), extension) != std::end(list);
}

}  // namespace

std::optional<DangerLevel> DangerOf(std::string_view extension) {
  if (In(kExecutables, extension)) return DangerLevel::kExecutable;
  if (In(kScripts, extension)) return DangerLevel::kScript;
  if (In(kShortcuts, extension)) return DangerLevel::kShortcut;
  if (In(kContainers, extension)) return DangerLevel::kContainer;
  if (In(kMacros, extension)) return DangerLevel::kMacro;
  return std::nullopt;
}

std::string_view DangerName(DangerLevel level) {
  switch (level) {
    case DangerLevel::kExecutable:
      return "executable";
    case DangerLevel::kScript:
      return "script";
    case DangerLevel::kShortcut:
      return "shortcut";
    case DangerLevel::kContainer:
      return "container";
    case DangerLevel::kMacro:
      return "macro document";
  }
  return "unknown";
}

}  // namespace lazaret::mail
