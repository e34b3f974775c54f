// Events to and from their two stored columns: the body, canonical CBOR that the chain hashes, and
// the personal values that the body names only by SHA-256(salt || value). docs/formats.md gives the
// bytes.
#ifndef LAZARET_DB_AUDIT_EVENT_CODEC_H_
#define LAZARET_DB_AUDIT_EVENT_CODEC_H_

#include <string>
#include <string_view>

#include "base/result.h"
#include "db/event.h"

namespace lazaret::db {

struct EncodedEvent {
  std::string body;
  // Array of [salt, value], one for each non-empty personal field in the order of the body. A
  // forgotten one is an empty array; the empty string stands for "all forgotten".
  std::string personal;
};

// Ill-formed UTF-8 in text fields is replaced; personal fields keep their bytes.
// `analysis.findings` and `analysis.assumed` of a decision are not stored.
EncodedEvent EncodeEvent(Event event);

// Strict: kCorrupt for anything EncodeEvent would not write, and for a personal value that is not
// the one the body names. Forgotten values read as kForgotten.
base::Result<Event> DecodeEvent(EventKind kind, std::string_view body, std::string_view personal);

}  // namespace lazaret::db

#endif  // LAZARET_DB_AUDIT_EVENT_CODEC_H_
