#include "app/process/frames.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::process;

namespace {

Frame SomeFrame() {
  Frame frame;
  frame.type = FrameType::kJob;
  frame.uid.fill(3);
  frame.generation.fill(4);
  frame.nonce = 77;
  frame.payload = "payload";
  return frame;
}

}  // namespace

TEST_CASE("frames: a frame and its descriptors arrive whole", "[app][frames]") {
  auto pair = SeqpacketPair();
  REQUIRE(pair.ok());
  auto memfd = base::SealedMemfd("x", "content");
  REQUIRE(memfd.ok());
  REQUIRE(SendFrame(pair->first.get(), SomeFrame(), {memfd->get()}).ok());
  auto got = ReceiveFrame(pair->second.get(), base::Deadline::AfterMillis(1000));
  REQUIRE(got.ok());
  CHECK(got->type == FrameType::kJob);
  CHECK(got->nonce == 77);
  CHECK(got->payload == "payload");
  REQUIRE(got->fds.size() == 1);
  CHECK(*base::ReadFdWhole(got->fds[0].get(), 100, "x") == "content");
}

TEST_CASE("frames: a cut, long, foreign or unknown frame is refused", "[app][frames]") {
  const std::string good = EncodeFrame(SomeFrame());
  REQUIRE(DecodeFrame(good).ok());
  for (std::size_t length = 0; length < good.size(); ++length) {
    REQUIRE_FALSE(DecodeFrame(std::string_view(good).substr(0, length)).ok());
  }
  CHECK_FALSE(DecodeFrame(good + "x").ok());
  for (const std::size_t at : {0U, 4U, 12U}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] + 1);
    CHECK_FALSE(DecodeFrame(bad).ok());
  }
  std::string unknown_type = good;
  unknown_type[6] = static_cast<char>(0xee);
  CHECK_FALSE(DecodeFrame(unknown_type).ok());
}

TEST_CASE("frames: the largest frame passes, one byte more is refused", "[app][frames]") {
  auto pair = SeqpacketPair();
  REQUIRE(pair.ok());
  Frame frame = SomeFrame();
  frame.payload.assign(kMaxFrameBytes - kFrameHeaderBytes, 'x');
  CHECK(SendFrame(pair->first.get(), frame).ok());
  CHECK(ReceiveFrame(pair->second.get(), base::Deadline::AfterMillis(1000)).ok());
  frame.payload += 'x';
  CHECK_FALSE(SendFrame(pair->first.get(), frame).ok());
  const std::string too_long(kMaxFrameBytes + 1, 'x');
  REQUIRE(::send(pair->first.get(), too_long.data(), too_long.size(), 0) > 0);
  const auto got = ReceiveFrame(pair->second.get(), base::Deadline::AfterMillis(1000));
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().code == base::ErrorCode::kInvalid);
}

TEST_CASE("frames: a gone peer and a silent peer are told apart", "[app][frames]") {
  auto pair = SeqpacketPair();
  REQUIRE(pair.ok());
  CHECK(ReceiveFrame(pair->second.get(), base::Deadline::AfterMillis(5)).error().code ==
        base::ErrorCode::kTimeout);
  pair->first.Reset();
  CHECK(ReceiveFrame(pair->second.get(), base::Deadline::AfterMillis(1000)).error().code ==
        base::ErrorCode::kUnavailable);
  CHECK(SendFrame(pair->second.get(), SomeFrame()).error().code == base::ErrorCode::kUnavailable);
}

TEST_CASE("frames: a full socket is told from a gone peer and from a fault of our own",
          "[app][frames]") {
  auto pair = SeqpacketPair();
  REQUIRE(pair.ok());
  base::Status sent = base::Ok();
  for (int i = 0; i < 100'000 && sent.ok(); ++i)
    sent = TrySendFrame(pair->first.get(), SomeFrame());
  REQUIRE_FALSE(sent.ok());
  CHECK(sent.error().code == base::ErrorCode::kTimeout);
  auto other = SeqpacketPair();
  REQUIRE(other.ok());
  CHECK(TrySendFrame(other->first.get(), SomeFrame(), {-1}).error().code ==
        base::ErrorCode::kInternal);
  other->second.Reset();
  CHECK(TrySendFrame(other->first.get(), SomeFrame()).error().code ==
        base::ErrorCode::kUnavailable);
}

TEST_CASE("frames: a named socket replaces a stale file and refuses a live one", "[app][frames]") {
  char folder[] = "/tmp/lazaret-frames-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/s";
  {
    auto first = ListenSeqpacket(path, 0600);
    REQUIRE(first.ok());
    CHECK_FALSE(ListenSeqpacket(path, 0600).ok());
    auto client = ConnectSeqpacket(path);
    REQUIRE(client.ok());
    const auto peer = PeerOf(client->get());
    REQUIRE(peer.ok());
    CHECK(peer->uid == ::geteuid());
  }
  CHECK(ListenSeqpacket(path, 0600).ok());
  CHECK_FALSE(ListenSeqpacket(std::string(200, 'x'), 0600).ok());
  ::unlink(path.c_str());
  ::rmdir(folder);
}
