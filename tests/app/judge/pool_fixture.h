// A generation zygote and its workers, played by the test, and a pool that takes them.
#ifndef LAZARET_TESTS_APP_JUDGE_POOL_FIXTURE_H_
#define LAZARET_TESTS_APP_JUDGE_POOL_FIXTURE_H_

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/judge/generation_codec.h"
#include "app/judge/worker_pool.h"
#include "app/process/frames.h"
#include "base/bytes.h"
#include "tests/support/catch.h"

namespace lazaret::test {

using process::Frame;
using process::FrameType;

inline judge::GenerationInfo TestGeneration() {
  judge::GenerationInfo info;
  info.id = std::string(64, 'a');
  info.bundle_sha256 = std::string(64, 'b');
  info.engine = "test";
  info.confinement = "namespace";
  return info;
}

// Plays a generation zygote with one worker; `answer` gets the job and the worker's socket.
class FakeZygote {
 public:
  explicit FakeZygote(const std::string& path, char bundle = 'b', char id = 'a') {
    auto socket = process::ConnectSeqpacket(path);
    REQUIRE(socket.ok());
    socket_ = std::move(socket).value();
    Frame hello;
    hello.type = FrameType::kGenerationHello;
    judge::GenerationInfo info = TestGeneration();
    info.bundle_sha256 = std::string(64, bundle);
    info.id = std::string(64, id);
    hello.payload = judge::EncodeGeneration(info);
    REQUIRE(process::SendFrame(socket_.get(), hello).ok());
  }
  base::UniqueFd AddWorker(std::uint32_t id) {
    auto pair = process::SeqpacketPair();
    REQUIRE(pair.ok());
    Frame ready;
    ready.type = FrameType::kWorkerReady;
    base::ByteWriter out;
    out.U32(id);
    out.U8(3);
    ready.payload = out.Take();
    REQUIRE(process::SendFrame(socket_.get(), ready, {pair->first.get()}).ok());
    return std::move(pair->second);
  }
  void Close() { socket_.Reset(); }
  // As a zygote does that saw it end.
  void SayGone(std::uint32_t id) {
    Frame gone;
    gone.type = FrameType::kWorkerGone;
    base::ByteWriter out;
    out.U32(id);
    out.String("signal 11");
    gone.payload = out.Take();
    REQUIRE(process::SendFrame(socket_.get(), gone).ok());
  }
  // The next frame from the pool.
  base::Result<Frame> Next() {
    return process::ReceiveFrame(socket_.get(), base::Deadline::AfterMillis(5000));
  }

 private:
  base::UniqueFd socket_;
};

struct Fixture {
  char folder[64] = "/tmp/lazaret-pool-XXXXXX";
  std::string path;
  std::unique_ptr<judge::WorkerPool> pool;
  base::UniqueFd message;

  explicit Fixture(judge::PoolOptions options = {}) {
    REQUIRE(::mkdtemp(folder) != nullptr);
    path = std::string(folder) + "/workers.sock";
    options.socket_path = path;
    if (options.max_waiting == judge::PoolOptions().max_waiting) options.max_waiting = 2;
    auto made = judge::WorkerPool::Listen(options);
    REQUIRE(made.ok());
    pool = std::move(made).value();
    auto fd = base::SealedMemfd("message", "Subject: x\r\n\r\n");
    REQUIRE(fd.ok());
    message = std::move(fd).value();
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    pool.reset();
    ::rmdir(folder);
  }
  judge::Job JobFor(std::int64_t millis) const {
    judge::Job job;
    job.message_fd = message.get();
    job.message_bytes = 14;
    job.uid.fill(1);
    job.deadline = base::Deadline::AfterMillis(millis);
    return job;
  }
  judge::Outcome Run(std::int64_t millis) {
    return pool->Run(JobFor(millis), [] {});
  }
  // Until the pool's status is as wanted; each look gives its threads a turn.
  template <typename Condition>
  bool Eventually(Condition holds) {
    const base::Deadline patience = base::Deadline::AfterMillis(5000);
    while (!holds(pool->Status())) {
      if (patience.Expired()) return false;
      std::this_thread::yield();
    }
    return true;
  }
};

inline Frame AnswerTo(const Frame& job, const std::string& bytes, bool retiring) {
  Frame frame;
  frame.type = FrameType::kResult;
  frame.uid = job.uid;
  frame.nonce = job.nonce;
  base::ByteWriter payload;
  payload.U64(bytes.size());
  payload.U64(1);
  payload.U8(retiring ? 1 : 0);
  frame.payload = payload.Take();
  return frame;
}

inline std::string CleanAnalysis() {
  policy::Analysis analysis;
  analysis.tree.push_back({});
  analysis.looked.push_back("clamav");
  return policy::EncodeAnalysis(analysis);
}

inline void AnswerJob(int worker, const Frame& job, bool retiring,
                      const std::string& bytes = CleanAnalysis()) {
  auto fd = base::SealedMemfd("result", bytes);
  if (!fd.ok()) return;
  static_cast<void>(process::SendFrame(worker, AnswerTo(job, bytes, retiring), {fd->get()}).ok());
}

inline void AnswerOne(int worker, bool retiring) {
  auto job = process::ReceiveFrame(worker, base::Deadline::AfterMillis(5000));
  if (job.ok()) AnswerJob(worker, *job, retiring);
}

// The frame with the same descriptor many times, more than SendFrame would send.
inline void SendWithDescriptors(int socket, const Frame& frame, std::size_t count) {
  const std::string bytes = process::EncodeFrame(frame);
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  std::vector<char> control(CMSG_SPACE(sizeof(int) * count));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * count);
  const std::vector<int> fds(count, socket);
  std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * count);
  static_cast<void>(::sendmsg(socket, &message, MSG_NOSIGNAL));
}

inline bool IsError(const judge::Outcome& outcome) {
  return outcome.failed && !outcome.analysis.findings.empty() &&
         outcome.analysis.findings.front().cls == policy::Class::kError;
}

}  // namespace lazaret::test

#endif  // LAZARET_TESTS_APP_JUDGE_POOL_FIXTURE_H_
