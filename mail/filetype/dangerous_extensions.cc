#include "mail/filetype/dangerous_extensions.h"

#include <algorithm>
#include <array>

namespace lazaret::mail {
namespace {

constexpr std::string_view kExecutables[] = {
    "exe",        "scr", "com",  "pif",  "cpl",         "dll",          "ocx",  "sys",
    "drv",        "msi", "msix", "msp",  "mst",         "msu",          "appx", "appxbundle",
    "msixbundle", "xll", "jar",  "jnlp", "apk",         "gadget",       "vsto", "chm",
    "hlp",        "air", "deb",  "rpm",  "application", "appinstaller", "xbap", "a3x",
    "app",        "msm", "vxd",  "ex_",  "appimage"};
constexpr std::string_view kScripts[] = {
    "bat",     "cmd",      "ps1",    "psm1",    "psd1",    "ps1xml", "psc1", "vbs",         "vbe",
    "vb",      "js",       "jse",    "wsf",     "wsh",     "wsc",    "sct",  "hta",         "msh",
    "ws",      "sh",       "csh",    "ksh",     "ahk",     "au3",    "pyw",  "applescript", "scpt",
    "command", "workflow", "shb",    "shs",     "ps2",     "ps2xml", "psc2", "psdm1",       "cdxml",
    "msh1",    "msh2",     "mshxml", "msh1xml", "msh2xml", "mjs",    "htc",  "bash",        "zsh",
    "nsh",     "pyc",      "pyo",    "pyz",     "pyzw"};
constexpr std::string_view kShortcuts[] = {"lnk",           "url",
                                           "website",       "scf",
                                           "inf",           "reg",
                                           "iqy",           "oqy",
                                           "rqy",           "dqy",
                                           "slk",           "rdp",
                                           "udl",           "settingcontent-ms",
                                           "appref-ms",     "library-ms",
                                           "search-ms",     "searchconnector-ms",
                                           "msc",           "mcf",
                                           "desklink",      "mapimail",
                                           "theme",         "themepack",
                                           "diagcab",       "grp",
                                           "job",           "ins",
                                           "isp",           "webpnp",
                                           "prf",           "pcd",
                                           "cnt",           "xnk",
                                           "contact",       "desktop",
                                           "deskthemepack", "wsb",
                                           "printerexport", "diagcfg",
                                           "diagpkg",       "ppkg",
                                           "bgi",           "terminal",
                                           "inetloc",       "fileloc"};
constexpr std::string_view kContainers[] = {"iso", "img",    "vhd", "vhdx", "vmdk", "udf",
                                            "one", "onepkg", "dmg", "wim",  "ace",  "cab",
                                            "arj", "lzh",    "pst", "ost"};
constexpr std::string_view kMacros[] = {
    "docm", "dotm",  "xlsm",  "xltm",  "xlam", "xlsb", "pptm", "potm", "ppsm", "ppam",
    "sldm", "accde", "accda", "accdr", "mde",  "mda",  "mdb",  "ade",  "adp",  "xla",
    "ppa",  "vsdm",  "wll",   "pub",   "mdt",  "mdw",  "mdz",  "xlm",  "vssm", "vstm"};
// Outlook refuses these; honest mail of programmers, scientists and designers has them too.
constexpr std::string_view kDoubtful[] = {"py",  "pl",  "bas", "prg", "fxp",  "plg",   "osd",
                                          "its", "hpj", "ops", "xsl", "xslt", "vbp",   "vsmacros",
                                          "vsw", "mad", "maf", "mag", "mam",  "maq",   "mar",
                                          "mas", "mat", "mau", "mav", "maw",  "webloc"};

template <std::size_t N>
bool In(const std::string_view (&list)[N], std::string_view extension) {
  return std::find(std::begin(list), std::end(list), extension) != std::end(list);
}

// "a.{3050F4D8-98B5-11CF-BB82-00AA00BDCE0B}": Windows opens the file by the class and hides the
// ending.
bool IsClassId(std::string_view extension) {
  constexpr std::string_view kForm = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";
  if (extension.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const char c = extension[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (kForm[i] == 'x' ? !hex : c != kForm[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<DangerLevel> DangerOf(std::string_view extension) {
  if (In(kExecutables, extension)) return DangerLevel::kExecutable;
  if (In(kScripts, extension)) return DangerLevel::kScript;
  if (In(kShortcuts, extension)) return DangerLevel::kShortcut;
  if (In(kContainers, extension)) return DangerLevel::kContainer;
  if (In(kMacros, extension)) return DangerLevel::kMacro;
  if (In(kDoubtful, extension)) return DangerLevel::kDoubtful;
  if (IsClassId(extension)) return DangerLevel::kShortcut;
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
    case DangerLevel::kDoubtful:
      return "possible program";
  }
  return "unknown";
}

}  // namespace lazaret::mail
