// The files inside a TNEF stream (MS-OXTNEF 2.1; "winmail.dat"): attachments with every name they
// have, bodies, embedded messages. Pure; views point into the stream.
#ifndef LAZARET_MAIL_UNPACK_TNEF_H_
#define LAZARET_MAIL_UNPACK_TNEF_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct TnefFile {
  // Valid UTF-8, best first; none for bodies. Shared by the contents of one attachment.
  std::shared_ptr<const std::vector<std::string>> names;
  std::string_view content;  // an embedded message is a TNEF stream again
};

struct Tnef {
  bool whole = false;  // read to its end; else cut or damaged, and `files` is what came before
  std::vector<TnefFile> files;
};

// At most `max_files` files: stops floods of attributes and of empty values. More is not whole.
Tnef ReadTnef(std::string_view content, std::size_t max_files = std::size_t{1} << 16);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_TNEF_H_
