#include "app/lazaret/ask_supervisor.h"

#include "app/process/frames.h"
#include "base/bytes.h"

namespace lazaret::cli {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kAnswerMillis = 5'000;

}  // namespace

base::Result<std::string> AskSupervisor(const config::Config& config, const std::string& command) {
  const std::string path = config.paths.run + "/lazaretd.sock";
  LAZARET_ASSIGN(const base::UniqueFd socket, process::ConnectSeqpacket(path));
  Frame request;
  request.type = FrameType::kControlRequest;
  base::ByteWriter out;
  out.String(command);
  request.payload = out.Take();
  LAZARET_TRY(process::SendFrame(socket.get(), request));
  LAZARET_ASSIGN(const Frame reply,
                 process::ReceiveFrame(socket.get(), base::Deadline::AfterMillis(kAnswerMillis)));
  base::ByteReader in(reply.payload);
  const bool fine = in.U8() == 1;
  std::string text = in.String(process::kMaxFrameBytes);
  if (reply.type != FrameType::kControlReply || !in.AtEnd() || !fine) {
    return base::Error{base::ErrorCode::kPermission,
                       path + ": " + (text.empty() ? "wrong answer" : text)};
  }
  return text;
}

}  // namespace lazaret::cli
