// The files inside a TNEF stream (MS-OXTNEF 2.1; "winmail.dat"): attachments with every name they
// have, bodies, embedded messages. Pure; views point into the stream.
#ifndef LAZARET_MAIL_UNPACK_TNEF_H_
#define LAZARET_MAIL_UNPACK_TNEF_H_

#include <string>
#include <string_view>
#include <vector>

namespace lazaret::mail {

struct TnefFile {
  std::vector<std::string> names;  // valid UTF-8, best first; none for bodies
  std::string_view content;        // an embedded message is a TNEF stream again
};

struct Tnef {
  bool whole = false;  // read to its end; else cut or damaged, and `files` is what came before
  std::vector<TnefFile> files;
};

Tnef ReadTnef(std::string_view content);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_UNPACK_TNEF_H_
