// Is a text a message or an mbox? By its first lines, whatever it is declared as.
#ifndef LAZARET_MAIL_MIME_FOUND_MESSAGE_H_
#define LAZARET_MAIL_MIME_FOUND_MESSAGE_H_

#include <cstddef>
#include <string_view>
#include <vector>

namespace lazaret::mail {

// A declared message begins like one: text, and its first line a header field (RFC 5322 section
// 2.2) or the "From " line of an mbox (RFC 4155). False for programs and archives that are declared
// as messages: whoever saves such a part gets the file.
bool BeginsLikeMessage(std::string_view text);

// A header block, whatever its first line is, of which a field says how its body is to be taken
// (MIME-Version, Content-Type, Content-Transfer-Encoding), and a body follows.
bool HasMimeHeader(std::string_view text);

// Worth reading as a message although nobody said so: it begins with a header block of which a
// field says how its body is to be taken (MIME-Version, Content-Type, Content-Transfer-Encoding),
// and a body follows. Without such a field the body is what the text shows already.
bool HoldsMessage(std::string_view text);

// It begins with a "From " line and a header field.
bool HoldsMbox(std::string_view text);
// The messages of an mbox, without their "From " lines; at most `most`.
std::vector<std::string_view> SplitMbox(std::string_view text, std::size_t most);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_FOUND_MESSAGE_H_
