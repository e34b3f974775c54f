// Message bytes -> artifacts of kind message and part, with names, declared types, decoded content
// and differences (RFC 5322, 2045, 2046, 2047, 2231). Every message artifact is a container: its
// content is empty, its parts hold the bytes, its sha256 is that of the whole message text. A part
// that is declared as a message but does not begin like one is a leaf.
#ifndef LAZARET_MAIL_MIME_MIME_READER_H_
#define LAZARET_MAIL_MIME_MIME_READER_H_

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "mail/mime/delimiters.h"
#include "mail/model/tree_builder.h"

namespace lazaret::mail {

// Fills an empty builder. kTimeout when the deadline passes; bad mail is never an error.
base::Status ReadMime(TreeBuilder& tree, const MimeLimits& limits, base::Deadline deadline);

// The content of the leaf `id`, whatever it was declared as, whether it came from a part or an
// archive: a message or an mbox (RFC 4155) in it becomes message artifacts below the leaf, files in
// its text (uuencode, begin-base64, yEnc) become parts below it. Leaves whose text was searched for
// files already are not searched again. Every byte that is read once more counts as decoded.
base::Status ReadEmbeddedText(TreeBuilder& tree, std::uint32_t id, const MimeLimits& limits,
                              base::Deadline deadline);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_MIME_READER_H_
