// The hash chain: each event's hash covers the one before, so that a change, a removal or a swap of
// any event but the last ones shows. A removed tail cannot show from the file alone: note the head
// that verify prints elsewhere.
#ifndef LAZARET_DB_AUDIT_CHAIN_H_
#define LAZARET_DB_AUDIT_CHAIN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/result.h"
#include "db/verdict_store.h"

namespace lazaret::db {

// SHA-256(previous hash || seq as 8 bytes big-endian || kind as one byte || body).
base::Sha256Digest ChainHash(const base::Sha256Digest& previous, std::uint64_t seq, EventKind kind,
                             std::string_view body);

// Gives the record its place after `last` and moves `last` on.
void Seal(ChainedRecord& record, ChainPosition& last);

struct ChainReport {
  bool whole = false;
  ChainPosition first;           // where the walk began: nothing, or the anchor
  ChainPosition head;            // last event that is in order
  std::uint64_t events = 0;      // in order
  std::uint64_t forgotten = 0;   // events with personal values removed
  std::uint64_t broken_seq = 0;  // when not whole: the event at fault, and why
  std::string why;
};

// Walks the whole store. An error means that it could not be read; a broken chain is a report.
// Per event: its number, hash, canonical form, personal values, and that its index columns are the
// ones its body gives. An anchor must be named by a kept forget event, or lie before a kept event
// that one names (a removal on its way), and so must the verdict or
// the time of every event whose personal values are gone, by a forget event after it.
base::Result<ChainReport> VerifyChain(VerdictStore& store);

}  // namespace lazaret::db

#endif  // LAZARET_DB_AUDIT_CHAIN_H_
