#include "db/verdict_store.h"

namespace lazaret::db {

base::Result<ChainPosition> VerdictStore::OldPrefix(const OldBounds& /*bounds*/) {
  return Anchor();
}

base::Result<std::optional<base::UnixTime>> VerdictStore::NewestDecision(
    base::UnixTime /*before*/) {
  return std::optional<base::UnixTime>();
}

base::Result<ChainPosition> VerdictStore::RemoveSome(const ChainPosition& /*through*/) {
  return base::Error{base::ErrorCode::kUnsupported, "verdict log: this store removes no events"};
}

}  // namespace lazaret::db
