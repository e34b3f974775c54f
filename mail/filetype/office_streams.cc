#include "mail/filetype/office_streams.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/text.h"

namespace lazaret::mail {
namespace {

constexpr std::size_t kWorkbookLook = 256U << 10;  // sheet list: behind fonts and styles
constexpr std::size_t kShortLook = 512;            // holds a FilePass record in any case
constexpr std::size_t kMaxLongLooks = 64;          // stops floods of streams named Workbook

constexpr std::uint16_t kFilePass = 0x002F;
constexpr std::uint16_t kBoundSheet = 0x0085;
constexpr std::uint16_t kMacroSheetStream = 0x0040;

bool IsBeginning(std::uint16_t record) {
  return record == 0x0009 || record == 0x0209 || record == 0x0409 || record == 0x0809;
}

std::uint16_t Word(std::string_view bytes, std::size_t at) {
  return at > bytes.size() ? std::uint16_t{0} : base::ByteReader(bytes.substr(at)).U16();
}

bool DocumentEncrypted(std::string_view head) {
  constexpr std::uint16_t kEncrypted = 0x0100;
  return (Word(head, 10) & kEncrypted) != 0;
}

bool PresentationEncrypted(std::string_view head) {
  return head.size() >= 16 && head.substr(12, 4) == "\xDF\xC4\xD1\xF3";
}

}  // namespace

OfficeLook LookIntoWorkbook(std::string_view head) {
  OfficeLook look;
  if (!IsBeginning(Word(head, 0))) return look;
  for (std::size_t at = 0; at + 4 <= head.size();) {
    const std::uint16_t record = Word(head, at);
    const std::size_t length = Word(head, at + 2);
    const std::string_view data = head.substr(at + 4, length);
    look.encrypted |= record == kFilePass;
    look.macro_sheet |= record == kBoundSheet && data.size() > 5 && data[5] == 1;
    look.macro_sheet |= IsBeginning(record) && Word(data, 2) == kMacroSheetStream;
    at += 4 + length;
  }
  // What stands behind a password cannot be told.
  if (look.encrypted) look.macro_sheet = false;
  return look;
}

OfficeLook LookIntoOffice(const OleFile& file) {
  OfficeLook all;
  std::size_t long_looks = 0;
  for (const OleEntry& entry : file.entries()) {
    if (!entry.stream) continue;
    const std::string name = base::AsciiLower(entry.name);
    if (name == "workbook" || name == "book") {
      const bool full = long_looks++ < kMaxLongLooks;
      const std::string head = file.Head(entry, full ? kWorkbookLook : kShortLook);
      const OfficeLook look = LookIntoWorkbook(head);
      all.encrypted |= look.encrypted;
      all.macro_sheet |= look.macro_sheet;
    } else if (name == "worddocument") {
      all.encrypted |= DocumentEncrypted(file.Head(entry, kShortLook));
    } else if (name == "current user") {
      all.encrypted |= PresentationEncrypted(file.Head(entry, kShortLook));
    } else if (name == "encryptedpackage" || name == "\tdrmcontent") {
      all.encrypted = true;
    }
  }
  return all;
}

bool LooksLikeWorkbook(std::string_view content) {
  if (!IsBeginning(Word(content, 0)) || content.size() < 12) return false;
  const std::size_t length = Word(content, 2);
  if (length < 4 || length > 16 || content.size() < length + 8) return false;
  const std::uint16_t kind = Word(content, 6);
  return kind == 0x0005 || kind == 0x0010 || kind == 0x0020 || kind == kMacroSheetStream ||
         kind == 0x0100;
}

}  // namespace lazaret::mail
