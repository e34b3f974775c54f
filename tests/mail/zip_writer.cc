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

std::string MakeTar(const std::vector<ZipMember>& members) {
  constexpr std::size_t kBlock = 512;
  std::string out;
  for (const ZipMember& member : members) {
    std::string header = member.name;
    header.resize(100);
    header += std::string("0000644\0000000000\0000000000\0", 24);
    std::string size(11, '0');
    for (std::size_t left = member.content.size(), at = 11; left > 0; left /= 8) {
      size[--at] = static_cast<char>('0' + left % 8);
    }
    header += size + std::string(1, '\0') + std::string(11, '0') + std::string(1, '\0');
    header += std::string(8, ' ') + "0" + std::string(100, '\0') + std::string("ustar\00000", 8);
    header.resize(kBlock);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    for (std::size_t at = 154; at-- > 148; sum /= 8) header[at] = static_cast<char>('0' + sum % 8);
    header[154] = '\0';
    std::string content = member.content;
    content.resize((content.size() + kBlock - 1) / kBlock * kBlock);
    out += header + content;
  }
  return out + std::string(2 * kBlock, '\0');
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
