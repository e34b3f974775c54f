#include "mail/filetype/containers.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/text.h"
#include "mail/filetype/office_streams.h"
#include "mail/filetype/ole_file.h"

namespace lazaret::mail {
namespace {

struct OoxmlKind {
  std::string_view folder;
  const char* type;
  const char* macro_type;
};
constexpr std::array kOoxml{
    OoxmlKind{"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
              "application/vnd.ms-word.document.macroenabled.12"},
    OoxmlKind{"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
              "application/vnd.ms-excel.sheet.macroenabled.12"},
    OoxmlKind{"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
              "application/vnd.ms-powerpoint.presentation.macroenabled.12"},
    OoxmlKind{"visio/", "application/vnd.ms-visio.drawing.main+xml",
              "application/vnd.ms-visio.drawing.macroenabled.main+xml"},
};

constexpr const char* kOle = "application/x-ole-storage";

struct OleStream {
  std::string_view name;
  const char* type;
};
constexpr std::array kOleStreams{
    OleStream{"WordDocument", "application/msword"},
    OleStream{"Workbook", "application/vnd.ms-excel"},
    OleStream{"PowerPoint Document", "application/vnd.ms-powerpoint"},
    OleStream{"__properties_version1.0", "application/vnd.ms-outlook"},
    OleStream{"VisioDocument", "application/vnd.visio"},
};

bool EndsWith(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

constexpr std::size_t kManifestLook = 1U << 20;

class ZipLook {
 public:
  void See(const ContainerMember& member) {
    std::string name = base::AsciiLower(member.name);
    std::replace(name.begin(), name.end(), '\\', '/');
    if (name == "[content_types].xml") {
      content_types_ = true;
      SeeContentTypes(base::AsciiLower(member.content.substr(0, kManifestLook)));
    }
    macro_ |= EndsWith(name, "vbaproject.bin") || name.compare(0, 15, "xl/macrosheets/") == 0;
    if (name == "mimetype") mimetype_ = std::string(base::TrimAscii(member.content.substr(0, 128)));
    if (const std::size_t dot = name.rfind('.'); dot != std::string::npos) {
      extensions_.insert(name.substr(dot));
    }
    manifest_ |= name == "meta-inf/manifest.mf";
    encrypted_ |=
        name == "meta-inf/manifest.xml" &&
        member.content.substr(0, kManifestLook).find("encryption-data") != std::string_view::npos;
    android_ |= name == "androidmanifest.xml";
    class_ |= EndsWith(name, ".class");
    dex_ |= name == "classes.dex";
    for (std::size_t i = 0; i < kOoxml.size(); ++i) {
      if (name.compare(0, kOoxml[i].folder.size(), kOoxml[i].folder) == 0) folders_[i] = true;
    }
  }

  ZipKind Result() const {
    const bool macro = HasMacro();
    // A macro project alone is enough: programs repair a missing [Content_Types].xml.
    for (std::size_t i = 0; i < kOoxml.size(); ++i) {
      if (folders_[i] && (content_types_ || macro)) {
        return {macro ? kOoxml[i].macro_type : kOoxml[i].type, true};
      }
    }
    if (mimetype_.compare(0, 12, "application/") == 0 && base::IsValidUtf8(mimetype_)) {
      return {base::AsciiLower(mimetype_), true, encrypted_};
    }
    if (android_ || dex_) return {"application/vnd.android.package-archive", false};
    if (manifest_ || class_) return {"application/java-archive", false};
    return {"application/zip", false};
  }

 private:
  // Parts may have any name: their types tell VBA projects and Excel 4.0 macro sheets. A type that
  // is only the default of an extension no part has says nothing.
  void SeeContentTypes(std::string_view lower) {
    for (const char* word : {"macroenabled", "vbaproject", "macrosheet"}) {
      for (std::size_t at = lower.find(word); at != std::string_view::npos;
           at = lower.find(word, at + 1)) {
        const std::size_t tag = lower.rfind('<', at);
        const std::string_view element = lower.substr(tag == std::string_view::npos ? 0 : tag);
        constexpr std::string_view kDefault = "<default ";
        constexpr std::string_view kExtension = "extension=\"";
        const std::size_t extension = element.find(kExtension);
        if (element.substr(0, kDefault.size()) != kDefault || extension > element.find('>')) {
          macro_ = true;
          return;
        }
        const std::string_view value = element.substr(extension + kExtension.size());
        macro_extensions_.insert("." + std::string(value.substr(0, value.find('"'))));
      }
    }
  }

  bool HasMacro() const {
    return macro_ || std::any_of(extensions_.begin(), extensions_.end(),
                                 [&](const auto& one) { return macro_extensions_.count(one) > 0; });
  }

  std::set<std::string> extensions_;        // of all members, with the dot
  std::set<std::string> macro_extensions_;  // whose default type is that of a macro
  bool content_types_ = false;
  bool macro_ = false;
  bool manifest_ = false;
  bool encrypted_ = false;
  bool android_ = false;
  bool class_ = false;
  bool dex_ = false;
  std::string mimetype_;
  std::array<bool, kOoxml.size()> folders_{};
};

std::string Utf16(std::string_view ascii) {
  std::string out;
  for (const char c : ascii) {
    out += c;
    out += '\0';
  }
  return out;
}

bool HasStream(std::string_view content, std::string_view name) {
  return content.find(Utf16(name)) != std::string_view::npos;
}

// {000C10xx-0000-0000-C000-000000000046}: 84 is a package, 82 a transform, 86 a patch.
bool IsInstaller(std::string_view class_id) {
  constexpr std::string_view kRest("\x10\x0C\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", 15);
  if (class_id.size() != 16 || class_id.substr(1) != kRest) return false;
  const char kind = class_id.front();
  return kind == '\x84' || kind == '\x82' || kind == '\x86';
}

}  // namespace

ZipKind ClassifyZip(const std::vector<ContainerMember>& members) {
  ZipLook look;
  for (const ContainerMember& member : members) look.See(member);
  return look.Result();
}

OleKind ClassifyOle(std::string_view content) {
  OfficeLook look;
  if (const auto file = OleFile::Open(content)) {
    if (IsInstaller(file->entries().front().class_id)) return {"application/x-msi", false};
    look = LookIntoOffice(*file);
  }
  const bool package = HasStream(content, "EncryptedPackage");
  const bool encrypted = look.encrypted || package;
  if (package) return {kOle, encrypted};
  if (look.macro_sheet || HasStream(content, "_VBA_PROJECT")) {
    return {"application/vnd.ms-office.macro", encrypted};
  }
  for (const OleStream& stream : kOleStreams) {
    if (HasStream(content, stream.name)) return {stream.type, encrypted};
  }
  return {kOle, encrypted};
}

}  // namespace lazaret::mail
