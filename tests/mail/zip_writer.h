// Builds small archives for tests: stored ZIP members with chosen name bytes and flags.
#ifndef LAZARET_TESTS_MAIL_ZIP_WRITER_H_
#define LAZARET_TESTS_MAIL_ZIP_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct ZipMember {
  std::string name;  // bytes
  std::string content;
  std::uint16_t flags = 0;  // 0x800: name is UTF-8; 1: encrypted
};

std::string MakeZip(const std::vector<ZipMember>& members);

// A ustar archive of plain files.
std::string MakeTar(const std::vector<ZipMember>& members);

// A message with one base64 attachment of that name.
std::string MailWith(std::string_view name, std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_TESTS_MAIL_ZIP_WRITER_H_
