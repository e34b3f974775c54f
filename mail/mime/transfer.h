// Transfer encodings, decoded to their longest reading: nothing that some mail program would still
// decode is dropped, and every place where programs part is marked. base64 RFC 2045 section 6.8,
// quoted-printable section 6.7, the Q form of RFC 2047 section 4.2.
#ifndef LAZARET_MAIL_MIME_TRANSFER_H_
#define LAZARET_MAIL_MIME_TRANSFER_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace lazaret::mail {

struct Decoded {
  std::string bytes;
  std::size_t foreign = 0;  // bytes outside the alphabet that were skipped or kept as they are
  std::size_t first_problem = 0;    // offset of the first of them in the encoded text
  bool data_after_padding = false;  // base64: more data behind "=": readers stop, skip or go on
  bool text_after_padding = false;  // base64: something else stands there (a list footer)
  bool leftover = false;            // base64: the last group is incomplete
  bool url_alphabet = false;        // base64: '-' and '_' stand among the data
  bool truncated = false;           // max_bytes reached
  bool broken() const {
    return foreign > 0 || data_after_padding || text_after_padding || leftover || url_alphabet;
  }
};

// max_bytes bounds the output.
Decoded DecodeBase64(std::string_view text, std::size_t max_bytes);
Decoded DecodeQuotedPrintable(std::string_view text, std::size_t max_bytes);
std::string DecodeQ(std::string_view text);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_TRANSFER_H_
