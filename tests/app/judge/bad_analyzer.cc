// Plays lazaret-analyzer for end-to-end tests: one ready worker that answers badly, in the way
// named in the file `mode` beside this program. Whatever it does, nothing may be accepted.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "app/judge/generation_codec.h"
#include "app/process/role.h"
#include "base/bytes.h"

namespace {

using namespace lazaret;
using process::Frame;
using process::FrameType;

std::string ModeBeside(const std::string& program) {
  std::ifstream file(program.substr(0, program.rfind('/')) + "/mode");
  std::string mode;
  file >> mode;
  return mode;
}

base::Result<base::UniqueFd> ConnectFront(const std::string& path) {
  const base::Deadline patience = base::Deadline::AfterMillis(20'000);
  for (;;) {
    auto socket = process::ConnectSeqpacket(path);
    if (socket.ok() || patience.Expired()) return socket;
    ::poll(nullptr, 0, 50);
  }
}

base::Status SayHello(int front, const config::GenerationBundle& bundle) {
  judge::GenerationInfo info;
  info.id = std::string(64, 'b');
  info.bundle_sha256 = config::BundleSha256(bundle);
  info.engine = "a worker that answers badly";
  info.confinement = "none";
  Frame hello;
  hello.type = FrameType::kGenerationHello;
  hello.payload = judge::EncodeGeneration(info);
  return process::SendFrame(front, hello);
}

base::Result<base::UniqueFd> OfferWorker(int front, std::uint32_t id) {
  LAZARET_ASSIGN(auto pair, process::SeqpacketPair());
  Frame ready;
  ready.type = FrameType::kWorkerReady;
  base::ByteWriter out;
  out.U32(id);
  out.U8(0);
  ready.payload = out.Take();
  LAZARET_TRY(process::SendFrame(front, ready, {pair.first.get()}));
  return std::move(pair.second);
}

// A clean answer in all but what `mode` breaks.
base::Status AnswerBadly(int worker, const Frame& job, const std::string& mode) {
  if (mode == "garbage") {
    return ::write(worker, "garbage", 7) == 7 ? base::Ok()
                                              : base::Status(base::ErrnoError("write"));
  }
  policy::Analysis analysis;
  analysis.tree.push_back({});
  analysis.looked = {"clamav", "filetype", "ambiguity", "content_rules", "dlp"};
  if (mode == "not-looked") analysis.looked = {"filetype"};
  std::string bytes = policy::EncodeAnalysis(analysis);
  if (mode == "undecodable") bytes += "x";
  LAZARET_ASSIGN(base::UniqueFd result, base::NewMemfd("result"));
  LAZARET_TRY(base::WriteAll(result.get(), bytes));
  if (mode != "unsealed") LAZARET_TRY(base::SealMemfd(result.get()));
  Frame answer;
  answer.type = FrameType::kResult;
  answer.uid = job.uid;
  answer.nonce = mode == "wrong-nonce" ? job.nonce + 1 : job.nonce;
  base::ByteWriter out;
  out.U64(bytes.size());
  out.U64(1);
  out.U8(0);
  answer.payload = out.Take();
  return process::SendFrame(worker, answer, {result.get()});
}

int Play(process::Role& role, const std::string& front_path, const std::string& mode) {
  auto front = ConnectFront(front_path);
  if (!front.ok() || !SayHello(front->get(), role.bundle()).ok()) return 1;
  std::uint32_t id = 1;
  auto worker = OfferWorker(front->get(), id);
  if (!worker.ok()) return 1;
  role.Tell(FrameType::kRoleReady, mode);
  for (;;) {
    pollfd entries[] = {{role.control(), POLLIN, 0}, {worker->get(), POLLIN, 0}};
    if (::poll(entries, 2, -1) <= 0) continue;
    if (entries[0].revents != 0 && !role.HandleControl([] { return std::string("{}"); })) return 0;
    if (entries[1].revents == 0) continue;
    auto job = process::ReceiveFrame(worker->get(), base::Deadline::AfterMillis(0));
    if (job.ok() && mode == "silent") continue;
    if (job.ok() && mode != "close" && !AnswerBadly(worker->get(), *job, mode).ok()) return 1;
    // The front drops a worker that answered badly; another one is offered in its place.
    auto next = OfferWorker(front->get(), ++id);
    if (!next.ok()) return 1;
    worker = std::move(next);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  auto role = lazaret::process::Role::Start("lazaret-analyzer");
  if (!role.ok()) return 2;
  return Play(**role, argv[2], ModeBeside(argv[0]));
}
