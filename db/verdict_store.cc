#include "db/verdict_store.h"

namespace lazaret::db {

base::Result<ChainPosition> VerdictStore::OldPrefix(base::UnixTime /*before*/,
                                                    std::uint64_t /*limit*/) {
  return Anchor();
}

base::Result<ChainPosition> VerdictStore::RemoveSome(const ChainPosition& /*through*/) {
  return base::Error{base::ErrorCode::kUnsupported, "verdict log: this store removes no events"};
}

}  // namespace lazaret::db
