#include "tests/mail/zip_writer.h"

#include "base/bytes.h"
#include "base/crypto.h"

namespace lazaret::mail {
namespace {

std::uint32_t Crc32(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

void CommonFields(base::ByteWriter& out, const ZipMember& member) {
  out.U16(20);
  out.U16(member.flags);
  out.U16(0);  // stored
  out.U32(0x50210000);
  out.U32(Crc32(member.content));
  out.U32(static_cast<std::uint32_t>(member.content.size()));
  out.U32(static_cast<std::uint32_t>(member.content.size()));
  out.U16(static_cast<std::uint16_t>(member.name.size()));
  out.U16(0);
}

}  // namespace

std::string MakeZip(const std::vector<ZipMember>& members) {
  base::ByteWriter out;
  base::ByteWriter directory;
  for (const ZipMember& member : members) {
    const auto offset = static_cast<std::uint32_t>(out.bytes().size());
    out.U32(0x04034B50);
    CommonFields(out, member);
    out.Raw(member.name);
    out.Raw(member.content);
    directory.U32(0x02014B50);
    directory.U16(20);
    CommonFields(directory, member);
    directory.U16(0);
    directory.U16(0);
    directory.U16(0);
    directory.U32(0);
    directory.U32(offset);
    directory.Raw(member.name);
  }
  const auto begin = static_cast<std::uint32_t>(out.bytes().size());
  const auto count = static_cast<std::uint16_t>(members.size());
  out.Raw(directory.bytes());
  out.U32(0x06054B50);
  out.U32(0);
  out.U16(count);
  out.U16(count);
  out.U32(static_cast<std::uint32_t>(directory.bytes().size()));
  out.U32(begin);
  out.U16(0);
  return out.Take();
}

std::string MailWith(std::string_view name, std::string_view content) {
  return "From: a@sender.example\r\nSubject: files\r\nContent-Type: multipart/mixed; "
         "boundary=b\r\n\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\n"
         "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"" +
         std::string(name) + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         base::Base64(content) + "\r\n--b--\r\n";
}

}  // namespace lazaret::mail
