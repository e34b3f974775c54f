// From an event to everything that is stored about it, except its place in the chain.
#ifndef LAZARET_DB_AUDIT_INDEX_H_
#define LAZARET_DB_AUDIT_INDEX_H_

#include <string>
#include <string_view>

#include "db/event.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// The columns an event is found by. Pure: verify derives them again from what was decoded.
IndexRows DeriveIndex(const Event& event);

// An address as the index holds it: lower case; "<>" for the null sender, "" for a forgotten one.
std::string AddressKey(std::string_view address);
// What follows the last '@' of an address key, or "".
std::string DomainKey(std::string_view address_key);

// Encodes the event and derives its index and history keys; seq and hash are left open.
ChainedRecord PrepareRecord(Event event);

}  // namespace lazaret::db

#endif  // LAZARET_DB_AUDIT_INDEX_H_
