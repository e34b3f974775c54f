// Every file name that some reader could give to a part: filename and name parameters in plain,
// RFC 2231 and RFC 2047 form, best first, without doubles.
#ifndef LAZARET_MAIL_MIME_NAMES_H_
#define LAZARET_MAIL_MIME_NAMES_H_

#include <string>
#include <vector>

#include "mail/mime/entity.h"

namespace lazaret::mail {

struct ClaimedNames {
  std::vector<std::string> names;
  bool duplicate = false;  // one form given twice with different values
  bool repeated = false;   // one form given twice with one value
  bool broken = false;     // RFC 2231 gaps or bad escapes
  bool unknown_charset = false;
  bool extension_conflict = false;  // two readings end in extensions of different meaning
};

ClaimedNames CollectNames(const Entity& entity);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_NAMES_H_
