// Frames between processes: SOCK_SEQPACKET, one frame a datagram, at most 64 KiB, descriptors by
// SCM_RIGHTS. docs/formats.md, "Frames". An unknown version or type, a wrong length or an
// unexpected number of descriptors is refused; a refused frame from a worker counts as a dead
// worker.
#ifndef LAZARET_APP_PROCESS_FRAMES_H_
#define LAZARET_APP_PROCESS_FRAMES_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace lazaret::process {

inline constexpr std::uint32_t kFrameMagic = 0x54525A4C;  // "LZRT"
inline constexpr std::uint16_t kFrameVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 56;
// A larger datagram fails between 212 000 and 262 144 bytes; anything big travels as a memory file.
inline constexpr std::size_t kMaxFrameBytes = 64U << 10;
inline constexpr std::size_t kMaxFrameFds = 18;  // result + 16 artifacts, one spare

enum class FrameType : std::uint16_t {
  // generation zygote -> front (or lazaret scan)
  kGenerationHello = 1,  // GenerationInfo
  kWorkerReady = 2,      // u32 worker, u8 level; 1 fd: the front's end of the worker's socket
  kWorkerGone = 3,       // u32 worker, string reason
  kNotReady = 4,         // string reason: no worker can be made ready (canary, confinement)
  // generation zygote -> engine zygote -> supervisor
  kGenerationReady = 5,  // string generation id: all its workers have been ready
  // front -> generation zygote
  kArm = 10,     // u32 worker, i64 monotonic deadline; uid names the job
  kDisarm = 11,  // u32 worker
  kKill = 12,    // u32 worker, string reason
  // also supervisor -> engine zygote
  kRetire = 13,  // u32 0: fork no worker any more, end with the last one
  // front -> worker, worker -> front
  kJob = 20,     // u64 message bytes; 2 fds: message, facts
  kResult = 21,  // u64 result bytes, u64 CPU micros, u8 retiring; 1 fd: sealed result (later: up to
                 // 16 artifacts)
  // role <-> supervisor
  kRoleReady = 30,      // string details
  kStatusRequest = 31,  // empty
  kStatusReply = 32,    // string JSON object
  kDrain = 33,          // u32 milliseconds
  kReload = 34,         // empty; 1 fd: a generation bundle to make ready
  kReloadReply = 35,    // u8 ok, string generation id, or why not
  kInForce = 36,  // string bundle SHA-256, string generation id: the one made ready; an empty id:
                  // back to the one before
  kEngineLoaded = 37,  // string snapshot hash, u64 bytes of memory at most, 0: not loaded, since it
                       // is the one in force
  kKeepSnapshots = 38,  // string hash, string hash: all others can go
  // worker -> its zygote
  kWorkerUp = 40,      // u8 level: confined and canaries passed
  kWorkerFailed = 41,  // string reason: last words, before or after kWorkerUp
  // CLI -> supervisor
  kControlRequest = 50,  // string command
  kControlReply = 51,    // u8 ok, string text
};

using Uid = std::array<std::uint8_t, 16>;            // names one message
using GenerationTag = std::array<std::uint8_t, 16>;  // first bytes of the generation id

struct Frame {
  FrameType type = FrameType::kStatusRequest;
  Uid uid{};
  GenerationTag generation{};
  std::uint64_t nonce = 0;  // a result repeats its job's
  std::string payload;
  std::vector<base::UniqueFd> fds;
};

// kUnavailable when the peer is gone, and only then; kLimit when the payload does not fit or this
// system is short of memory or descriptors. Waits while the socket is full. Never raises SIGPIPE.
// Descriptors are lent: the caller keeps them.
base::Status SendFrame(int socket, const Frame& frame, const std::vector<int>& fds = {});
// The same, but never waits: kTimeout when the socket is full.
base::Status TrySendFrame(int socket, const Frame& frame, const std::vector<int>& fds = {});

// Waits until the deadline. kTimeout; kUnavailable "closed" when the peer is gone; kInvalid for a
// frame that breaks the format (its descriptors are closed); kLimit when this process had no room
// for the frame's descriptors: the frame is lost, its sender is not at fault.
base::Result<Frame> ReceiveFrame(int socket, base::Deadline deadline);

// Encoding alone, for tests and the fuzz target.
std::string EncodeFrame(const Frame& frame);
base::Result<Frame> DecodeFrame(std::string_view bytes);

// A connected pair, both ends close-on-exec.
base::Result<std::pair<base::UniqueFd, base::UniqueFd>> SeqpacketPair();

// Named sockets. Listen replaces a stale socket file, refuses a live one (kUnavailable), and sets
// mode.
base::Result<base::UniqueFd> ListenSeqpacket(const std::string& path, unsigned mode);
base::Result<base::UniqueFd> ConnectSeqpacket(const std::string& path);
struct PeerCredentials {
  int pid = 0;
  unsigned uid = 0;
  unsigned gid = 0;
};
base::Result<PeerCredentials> PeerOf(int socket);

}  // namespace lazaret::process

#endif  // LAZARET_APP_PROCESS_FRAMES_H_
