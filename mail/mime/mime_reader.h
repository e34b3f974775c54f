// Message bytes -> artifacts of kind message and part, with names, declared types, decoded content
// and differences (RFC 5322, 2045, 2046, 2047, 2231). Every message artifact is a container: its
// content is empty, its parts hold the bytes, its sha256 is that of the whole message text.
#ifndef LAZARET_MAIL_MIME_MIME_READER_H_
#define LAZARET_MAIL_MIME_MIME_READER_H_

#include "base/clock.h"
#include "base/result.h"
#include "mail/mime/delimiters.h"
#include "mail/model/tree_builder.h"

namespace lazaret::mail {

// Fills an empty builder. kTimeout when the deadline passes; bad mail is never an error.
base::Status ReadMime(TreeBuilder& tree, const MimeLimits& limits, base::Deadline deadline);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_MIME_READER_H_
