// What one header block says about its entity, as view 0 reads it: the last of doubled fields
// counts, the first of doubled parameters (GMime's choice; the other readings are differences).
#ifndef LAZARET_MAIL_MIME_ENTITY_H_
#define LAZARET_MAIL_MIME_ENTITY_H_

#include <string>
#include <string_view>

#include "mail/mime/header.h"
#include "mail/mime/parameters.h"

namespace lazaret::mail {

struct Entity {
  HeaderBlock header;
  bool has_type = false;
  StructuredValue type;         // main is "text/plain" when none is given
  StructuredValue disposition;  // main is empty when none is given
  std::string encoding;         // transfer encoding, lower case, comments removed; empty = none
  std::string charset;          // lower case, empty = none
};

// Reads the header of the entity whose bytes are [begin, end).
Entity ReadEntity(std::string_view bytes, std::size_t begin, std::size_t end);

// The last field of that name, or nullptr.
const RawField* LastField(const HeaderBlock& block, std::string_view name);

}  // namespace lazaret::mail

#endif  // LAZARET_MAIL_MIME_ENTITY_H_
