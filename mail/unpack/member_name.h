// Names of archive members. Zip says "UTF-8" with a flag or says nothing: then the bytes are in the
// packer's code page, in practice GB18030 or CP437.
#ifndef LAZARET_MAIL_UNPACK_MEMBER_NAME_H_
#define LAZARET_MAIL_UNPACK_MEMBER_NAME_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

// Plausible readings, best first, all valid UTF-8; one for UTF-8 bytes, two for others.
std::vector<std::string> ReadMemberName(std::string_view bytes);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_MEMBER_NAME_H_
