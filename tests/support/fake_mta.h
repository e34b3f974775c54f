// The MTA's side of the milter protocol, version 6: sends what it is told, also
// what no MTA would send, and collects the answers. For tests only.
#ifndef LAZARET_TESTS_SUPPORT_FAKE_MTA_H_
#define LAZARET_TESTS_SUPPORT_FAKE_MTA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace lazaret::test {

struct Packet {
  char command = 0;
  std::string data;
};

// Everything the filter said about one message.
struct MtaAnswer {
  char final = 0;     // c a r t y d 4, or 0 when the connection was lost
  std::string reply;  // of y
  std::vector<std::pair<std::string, std::string>> added;
  std::vector<std::pair<std::string, std::uint32_t>> removed;  // in the order asked for
  std::string held;                                            // quarantine reason
  int progress = 0;
};

struct MtaMessage {
  std::string from = "<a@sender.test>";
  std::vector<std::string> to = {"<b@rcpt.test>"};
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::size_t chunk = 65'535;
};

inline constexpr std::uint32_t kPostfixActions = 0x1ff;
inline constexpr std::uint32_t kPostfixSteps = 0x1fffff;

class FakeMta {
 public:
  // `path` of a unix socket, or "inet:PORT@HOST", "inet6:PORT@HOST" (loopback whatever the host).
  // Waits for the socket to appear, at most ten seconds.
  explicit FakeMta(const std::string& path);

  // Options, macros, connect and helo. False when the filter closed or refused.
  bool Greet(std::uint32_t actions = kPostfixActions, std::uint32_t steps = kPostfixSteps);
  bool Negotiate(std::uint32_t actions = kPostfixActions, std::uint32_t steps = kPostfixSteps);
  // The final reply to connect: 'c', or 'y'/'t' with `reply`.
  MtaAnswer SendConnect();

  // MAIL, RCPT, DATA, content, end of message. Stops at the first refusal.
  MtaAnswer Send(const MtaMessage& message);
  // Up to and without the end of message.
  MtaAnswer SendUntilEnd(const MtaMessage& message);
  MtaAnswer EndMessage();
  void Abort();
  void Quit();
  // The MTA dies.
  void Drop() { socket_.Reset(); }

  bool SendRaw(std::string_view bytes);
  bool SendPacket(char command, std::string_view data);
  void SendMacros(char command, const std::vector<std::string>& names_and_values);
  // Waits for the reply to one command, edits collected. final 0 when lost or after ten seconds.
  MtaAnswer Wait();
  std::optional<Packet> Read(int millis);
  // True when the filter closed the connection within the time.
  bool ClosedWithin(int millis);

  std::uint32_t steps() const { return steps_; }
  std::uint32_t actions() const { return actions_; }
  // Macro stages the filter asked for, as raw bytes after the option words.
  const std::string& symbols() const { return symbols_; }

 private:
  bool NoReply(std::uint32_t step) const { return (steps_ & step) != 0; }
  MtaAnswer Ask(char command, std::string_view data, std::uint32_t no_reply_step);

  base::UniqueFd socket_;
  std::uint32_t steps_ = 0;
  std::uint32_t actions_ = 0;
  std::string symbols_;
};

}  // namespace lazaret::test

#endif  // LAZARET_TESTS_SUPPORT_FAKE_MTA_H_
