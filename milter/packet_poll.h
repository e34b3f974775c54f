// Inside milter/ only. Bounds how long libmilter waits for the rest of a packet that has begun.
#ifndef LAZARET_MILTER_PACKET_POLL_H_
#define LAZARET_MILTER_PACKET_POLL_H_

#include <cstdint>

namespace lazaret::milter {

// From now on, for all sessions of the process: where libmilter would wait `session_seconds` (what
// it was given by smfi_settimeout) for bytes of one socket, it waits `packet_seconds`. Each wait
// counts for itself, so a peer that trickles bytes is bounded by the packet's length, not by this.
void BoundPacketWaits(std::uint32_t session_seconds, std::uint32_t packet_seconds);

// Threads that wait for one peer right now: so, or for it to take an answer. From any thread.
int PacketWaits();

}  // namespace lazaret::milter

#endif  // LAZARET_MILTER_PACKET_POLL_H_
