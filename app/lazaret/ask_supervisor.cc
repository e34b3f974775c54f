#include "app/lazaret/ask_supervisor.h"

#include "app/process/frames.h"
#include "base/bytes.h"
#include "base/text.h"

namespace lazaret::cli {
namespace {

using process::Frame;
using process::FrameType;

constexpr std::int64_t kAnswerMillis = 5'000;

std::string SocketOf(const config::Config& config) { return config.paths.run + "/lazaretd.sock"; }

constexpr std::size_t kShownBytes = 4096;

}  // namespace

std::string WhyNoAnswer(const std::string& command, const base::Error& error) {
  const std::string shown = base::EscapeLine(error.text, kShownBytes);
  if (error.code != base::ErrorCode::kPermission) return "no daemon answers: " + shown;
  const bool asks_only = command == "status" || command == "stats";
  return (asks_only ? "only root and members of group lazaret may ask the daemon: "
                    : "only root may " + command + ": ") +
         shown;
}

base::Result<SupervisorAnswer> AskSupervisorWithin(const config::Config& config,
                                                   const std::string& command,
                                                   std::int64_t millis) {
  LAZARET_ASSIGN(const base::UniqueFd socket, process::ConnectSeqpacket(SocketOf(config)));
  Frame request;
  request.type = FrameType::kControlRequest;
  base::ByteWriter out;
  out.String(command);
  request.payload = out.Take();
  LAZARET_TRY(process::SendFrame(socket.get(), request));
  LAZARET_ASSIGN(const Frame reply,
                 process::ReceiveFrame(socket.get(), base::Deadline::AfterMillis(millis)));
  base::ByteReader in(reply.payload);
  SupervisorAnswer answer;
  answer.ok = in.U8() == 1;
  answer.text = in.String(process::kMaxFrameBytes);
  if (reply.type != FrameType::kControlReply || !in.AtEnd())
    return base::Error{base::ErrorCode::kInvalid, SocketOf(config) + ": wrong answer"};
  return answer;
}

base::Result<std::string> AskSupervisor(const config::Config& config, const std::string& command) {
  LAZARET_ASSIGN(SupervisorAnswer answer, AskSupervisorWithin(config, command, kAnswerMillis));
  if (!answer.ok)
    return base::Error{base::ErrorCode::kPermission, SocketOf(config) + ": " + answer.text};
  return std::move(answer.text);
}

}  // namespace lazaret::cli
