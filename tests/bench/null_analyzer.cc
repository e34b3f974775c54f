// Stands in for lazaret-analyzer where the front alone is measured: connects to the front as a
// generation zygote does and calls each message clean at once, unread. It is a program of the
// measurements: it lies in no folder of roles, is not installed, and no configuration names it;
// lazaretd starts it only when told by --roles-dir to take its roles from elsewhere.
#include <poll.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "app/config/config.h"
#include "app/judge/generation_codec.h"
#include "app/process/confine.h"
#include "app/process/frames.h"
#include "app/process/role.h"
#include "base/bytes.h"
#include "policy/analysis.h"

using namespace lazaret;

namespace {

using process::Frame;
using process::FrameType;

constexpr int kConnectTries = 300;
constexpr int kRetryMillis = 100;

std::string CleanAnalysis(const config::Config& config) {
  policy::Analysis analysis;
  analysis.tree.push_back({});
  analysis.looked = config.mandatory;
  return policy::EncodeAnalysis(analysis);
}

// Until the front closes the worker's socket.
void Work(const base::UniqueFd& jobs, const std::string& answer) {
  for (;;) {
    auto job = process::ReceiveFrame(jobs.get(), base::Deadline());
    if (!job.ok()) return;
    const auto result = base::SealedMemfd("lazaret-result", answer);
    if (!result.ok()) return;
    Frame frame;
    frame.type = FrameType::kResult;
    frame.uid = job->uid;
    frame.nonce = job->nonce;
    base::ByteWriter out;
    out.U64(answer.size());
    out.U64(0);
    out.U8(0);
    frame.payload = out.Take();
    if (!process::SendFrame(jobs.get(), frame, {result->get()}).ok()) return;
  }
}

base::Result<base::UniqueFd> ConnectFront(const std::string& path) {
  for (int tries = 0;; ++tries) {
    auto socket = process::ConnectSeqpacket(path);
    if (socket.ok() || tries >= kConnectTries) return socket;
    ::poll(nullptr, 0, kRetryMillis);
  }
}

base::Status SayHello(int front, const config::GenerationBundle& bundle) {
  judge::GenerationInfo info;
  info.id = std::string(64, '0');
  info.bundle_sha256 = config::BundleSha256(bundle);
  info.engine = "none: a measurement of the front alone";
  info.confinement = "namespace";
  Frame hello;
  hello.type = FrameType::kGenerationHello;
  hello.payload = judge::EncodeGeneration(info);
  return process::SendFrame(front, hello);
}

base::Status AddWorker(int front, std::uint32_t number, const std::string& answer) {
  LAZARET_ASSIGN(auto pair, process::SeqpacketPair());
  Frame ready;
  ready.type = FrameType::kWorkerReady;
  base::ByteWriter out;
  out.U32(number);
  out.U8(static_cast<std::uint8_t>(process::ConfineLevel::kNamespace));
  ready.payload = out.Take();
  LAZARET_TRY(process::SendFrame(front, ready, {pair.first.get()}));
  std::thread([jobs = std::move(pair.second), answer] { Work(jobs, answer); }).detach();
  return base::Ok();
}

base::Status Serve(process::Role& role, const std::string& front_socket) {
  LAZARET_ASSIGN(const base::UniqueFd front, ConnectFront(front_socket));
  LAZARET_TRY(SayHello(front.get(), role.bundle()));
  const std::string answer = CleanAnalysis(role.config());
  const std::uint32_t workers = std::max(1U, std::thread::hardware_concurrency());
  for (std::uint32_t i = 1; i <= workers; ++i) LAZARET_TRY(AddWorker(front.get(), i, answer));
  role.Tell(FrameType::kRoleReady, "null analyzer");
  for (;;) {
    pollfd entries[] = {{role.control(), POLLIN, 0}, {front.get(), POLLIN, 0}};
    if (::poll(entries, 2, -1) <= 0) continue;
    if (entries[0].revents != 0 && !role.HandleControl([] { return "{\"engine\":\"none\"}"; }))
      return base::Ok();
    if (entries[1].revents == 0) continue;
    auto order = process::ReceiveFrame(front.get(), base::Deadline::AfterMillis(0));
    if (!order.ok() && order.error().code == base::ErrorCode::kUnavailable) return base::Ok();
  }
}

}  // namespace

int main(int argc, char** argv) {
  // What follows is of signatures, of which there are none here.
  if (argc < 3 || std::string(argv[1]) != "--front") return 2;
  auto role = process::Role::Start("null-analyzer");
  if (!role.ok()) return 2;
  const base::Status served = Serve(**role, argv[2]);
  if (served.ok()) return 0;
  std::fprintf(stderr, "%s\n", served.error().text.c_str());
  return 1;
}
