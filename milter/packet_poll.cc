// A peer that stops inside a packet would hold one of libmilter's threads until its timeout, the
// one that idle sessions have too. libmilter waits for the rest of a packet by poll(2) of that one
// socket with that whole timeout, through the dynamic linker; this library defines poll and
// shortens such a wait. Between packets libmilter waits with all its sessions in one call, which is
// left alone. docs/decisions/003-accept-gate.md.
#include "milter/packet_poll.h"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <ctime>

namespace lazaret::milter {
namespace {

constexpr int kMillis = 1000;
constexpr long kNanosPerMilli = 1'000'000;

std::atomic<int> g_session_millis = 0;
std::atomic<int> g_packet_millis = 0;
std::atomic<int> g_packet_waits = 0;

}  // namespace

void BoundPacketWaits(std::uint32_t session_seconds, std::uint32_t packet_seconds) {
  g_session_millis = static_cast<int>(session_seconds) * kMillis;
  g_packet_millis = static_cast<int>(std::min(session_seconds, packet_seconds)) * kMillis;
}

int PacketWaits() { return g_packet_waits; }

namespace {

bool IsInsidePacket(const pollfd* fds, nfds_t count, int millis) {
  return count == 1 && millis > 0 && millis == g_session_millis && (fds[0].events & POLLIN) != 0;
}

int Poll(pollfd* fds, nfds_t count, int millis) {
  timespec time{};
  time.tv_sec = millis / kMillis;
  time.tv_nsec = (millis % kMillis) * kNanosPerMilli;
  return ppoll(fds, count, millis < 0 ? nullptr : &time, nullptr);
}

// A peer that does not read its answers.
bool IsForAnswer(const pollfd* fds, nfds_t count, int millis) {
  return count == 1 && millis > 0 && millis == g_session_millis && (fds[0].events & POLLOUT) != 0;
}

int PollForPeer(pollfd* fds, int millis) {
  ++g_packet_waits;
  const int ready = Poll(fds, 1, millis);
  --g_packet_waits;
  return ready;
}

int PollAsLibmilterWaits(pollfd* fds, nfds_t count, int millis) {
  if (IsInsidePacket(fds, count, millis)) return PollForPeer(fds, g_packet_millis);
  if (IsForAnswer(fds, count, millis)) return PollForPeer(fds, millis);
  return Poll(fds, count, millis);
}

}  // namespace
}  // namespace lazaret::milter

// Under its own name the C library declares that it only writes to `fds`.
extern "C" __attribute__((visibility("default"))) int LazaretPoll(pollfd* fds, nfds_t count,
                                                                  int millis) __asm__("poll");

int LazaretPoll(pollfd* fds, nfds_t count, int millis) {
  return lazaret::milter::PollAsLibmilterWaits(fds, count, millis);
}
