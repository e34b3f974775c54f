#include "mail/filetype/containers.h"

#include <algorithm>
#include <array>

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
      macro_ |= base::AsciiLower(member.content.substr(0, 256U << 10)).find("macroenabled") !=
                std::string::npos;
    }
    macro_ |= EndsWith(name, "vbaproject.bin");
    if (name == "mimetype") mimetype_ = std::string(base::TrimAscii(member.content.substr(0, 128)));
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
    // A macro project alone is enough: programs repair a missing [Content_Types].xml.
    for (std::size_t i = 0; i < kOoxml.size(); ++i) {
      if (folders_[i] && (content_types_ || macro_)) {
        return {macro_ ? kOoxml[i].macro_type : kOoxml[i].type, true};
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

}  // namespace

ZipKind ClassifyZip(const std::vector<ContainerMember>& members) {
  ZipLook look;
  for (const ContainerMember& member : members) look.See(member);
  return look.Result();
}

OleKind ClassifyOle(std::string_view content) {
  OfficeLook look;
  if (const auto file = OleFile::Open(content)) look = LookIntoOffice(*file);
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
