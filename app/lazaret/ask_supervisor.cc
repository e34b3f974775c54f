#include "app/lazaret/ask_supervisor.h"

#include "app/process/frames.h"
#include "base/bytes.h"

namespace lazaret::cli {

using process::Frame;
using process::FrameType;

base::Result<SupervisorAnswer> AskSupervisor(const std::string& socket_path,
                                             const std::string& command, std::int64_t millis) {
  LAZARET_ASSIGN(const base::UniqueFd socket, process::ConnectSeqpacket(socket_path));
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
    return base::Error{base::ErrorCode::kInvalid, socket_path + ": wrong answer"};
  return answer;
}

}  // namespace lazaret::cli
