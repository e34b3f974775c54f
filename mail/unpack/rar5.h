// Which members of a RAR 5 archive need a password (RAR 5.0 archive format, "File encryption
// record"). libarchive does not say and hands out the locked bytes as content. Pure and linear.
#ifndef LAZARET_MAIL_UNPACK_RAR5_H_
#define LAZARET_MAIL_UNPACK_RAR5_H_

#include <set>
#include <string>
#include <string_view>

namespace lazaret::mail {

// Names as stored (UTF-8); empty for other content.
std::set<std::string> LockedRar5Members(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_RAR5_H_
