#include "tests/support/fake_mta.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/clock.h"

namespace lazaret::test {
namespace {

constexpr int kWaitMillis = 10'000;
constexpr std::uint32_t kVersion = 6;
constexpr std::uint32_t kNoReplyHeader = 0x80;
constexpr std::uint32_t kNoReplyConnect = 0x1000;
constexpr std::uint32_t kNoReplyHelo = 0x2000;
constexpr std::uint32_t kNoReplyMail = 0x4000;
constexpr std::uint32_t kNoReplyRcpt = 0x8000;
constexpr std::uint32_t kNoReplyData = 0x10000;
constexpr std::uint32_t kNoReplyEoh = 0x40000;
constexpr std::uint32_t kNoReplyBody = 0x80000;

std::string Big(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

std::uint32_t FromBig(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && i < bytes.size(); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

std::string Text(std::string_view text) { return std::string(text) + '\0'; }

std::string FirstString(std::string_view data) {
  return std::string(data.substr(0, data.find('\0')));
}

// name NUL value NUL
std::pair<std::string, std::string> TwoStrings(std::string_view data) {
  const std::string first = FirstString(data);
  if (first.size() + 1 >= data.size()) return {first, ""};
  return {first, FirstString(data.substr(first.size() + 1))};
}

base::UniqueFd ConnectTo(const sockaddr* address, socklen_t length) {
  base::UniqueFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), address, length) != 0) fd.Reset();
  return fd;
}

// "inet:PORT@..." and "inet6:PORT@...", reached through loopback.
base::UniqueFd ConnectInet(const std::string& listen) {
  const auto port = static_cast<std::uint16_t>(std::stoi(listen.substr(listen.find(':') + 1)));
  if (listen.rfind("inet6:", 0) == 0) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    v6.sin6_addr = in6addr_loopback;
    return ConnectTo(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ConnectTo(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

base::UniqueFd ConnectOnce(const std::string& path) {
  if (path.rfind("inet", 0) == 0) return ConnectInet(path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return ConnectTo(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

FakeMta::FakeMta(const std::string& path) {
  const base::Deadline until = base::Deadline::AfterMillis(kWaitMillis);
  while (!socket_.valid() && !until.Expired()) {
    socket_ = ConnectOnce(path);
    if (!socket_.valid()) poll(nullptr, 0, 5);
  }
}

bool FakeMta::SendRaw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool FakeMta::SendPacket(char command, std::string_view data) {
  std::string packet = Big(static_cast<std::uint32_t>(data.size() + 1));
  packet += command;
  packet += data;
  return SendRaw(packet);
}

void FakeMta::SendMacros(char command, const std::vector<std::string>& names_and_values) {
  std::string data(1, command);
  for (const std::string& text : names_and_values) data += Text(text);
  SendPacket('D', data);
}

std::optional<Packet> FakeMta::Read(int millis) {
  const base::Deadline until = base::Deadline::AfterMillis(millis);
  std::string bytes;
  std::size_t wanted = 4;
  while (bytes.size() < wanted) {
    pollfd wait{socket_.get(), POLLIN, 0};
    if (poll(&wait, 1, until.PollMillis()) <= 0) return std::nullopt;
    char buffer[4096];
    const std::size_t room = std::min(sizeof buffer, wanted - bytes.size());
    const ssize_t got = recv(socket_.get(), buffer, room, 0);
    if (got <= 0) return std::nullopt;
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (bytes.size() == 4) wanted = 4 + FromBig(bytes);
  }
  if (bytes.size() < 5) return std::nullopt;
  return Packet{bytes[4], bytes.substr(5)};
}

bool FakeMta::ClosedWithin(int millis) {
  pollfd wait{socket_.get(), POLLIN, 0};
  if (poll(&wait, 1, millis) <= 0) return false;
  char byte = 0;
  return recv(socket_.get(), &byte, 1, MSG_PEEK) <= 0;
}

MtaAnswer FakeMta::Wait() {
  MtaAnswer answer;
  while (auto packet = Read(kWaitMillis)) {
    switch (packet->command) {
      case 'h':
        answer.added.push_back(TwoStrings(packet->data));
        break;
      case 'm':
        answer.removed.emplace_back(FirstString(packet->data.substr(4)), FromBig(packet->data));
        break;
      case 'q':
        answer.held = FirstString(packet->data);
        break;
      case 'p':
        ++answer.progress;
        break;
      case 'y':
        answer.reply = FirstString(packet->data);
        [[fallthrough]];
      default:
        answer.final = packet->command;
        return answer;
    }
  }
  return answer;
}

MtaAnswer FakeMta::Ask(char command, std::string_view data, std::uint32_t no_reply_step) {
  if (!SendPacket(command, data)) return {};
  if (NoReply(no_reply_step)) {
    MtaAnswer going_on;
    going_on.final = 'c';
    return going_on;
  }
  return Wait();
}

bool FakeMta::Negotiate(std::uint32_t actions, std::uint32_t steps) {
  SendPacket('O', Big(kVersion) + Big(actions) + Big(steps));
  const auto packet = Read(kWaitMillis);
  if (!packet || packet->command != 'O' || packet->data.size() < 12) return false;
  actions_ = FromBig(std::string_view(packet->data).substr(4));
  steps_ = FromBig(std::string_view(packet->data).substr(8));
  symbols_ = packet->data.substr(12);
  return true;
}

MtaAnswer FakeMta::SendConnect() {
  SendMacros('C', {"{daemon_name}", "inbound", "{client_addr}", "192.0.2.7"});
  return Ask(
      'C',
      "client.test" + std::string(1, '\0') + "4" + std::string("\x30\x39", 2) + Text("192.0.2.7"),
      kNoReplyConnect);
}

bool FakeMta::Greet(std::uint32_t actions, std::uint32_t steps) {
  if (!Negotiate(actions, steps)) return false;
  if (SendConnect().final != 'c') return false;
  SendMacros('H', {"{tls_version}", "TLSv1.3", "{cipher}", "TEST", "{cipher_bits}", "256"});
  return Ask('H', Text("helo.test"), kNoReplyHelo).final == 'c';
}

MtaAnswer FakeMta::SendUntilEnd(const MtaMessage& message) {
  SendMacros('M', {"{auth_authen}", "alice"});
  MtaAnswer answer = Ask('M', Text(message.from), kNoReplyMail);
  for (const std::string& to : message.to) {
    if (answer.final == 'c') answer = Ask('R', Text(to), kNoReplyRcpt);
  }
  SendMacros('T', {"i", "QUEUE1"});
  if (answer.final == 'c') answer = Ask('T', "", kNoReplyData);
  for (const auto& [name, value] : message.headers) {
    if (answer.final == 'c') answer = Ask('L', Text(name) + Text(value), kNoReplyHeader);
  }
  if (answer.final == 'c') answer = Ask('N', "", kNoReplyEoh);
  for (std::size_t at = 0; at < message.body.size() && answer.final == 'c'; at += message.chunk) {
    answer = Ask('B', message.body.substr(at, message.chunk), kNoReplyBody);
  }
  return answer;
}

MtaAnswer FakeMta::EndMessage() {
  SendMacros('E', {"i", "QUEUE1"});
  return SendPacket('E', "") ? Wait() : MtaAnswer{};
}

MtaAnswer FakeMta::Send(const MtaMessage& message) {
  const MtaAnswer answer = SendUntilEnd(message);
  return answer.final == 'c' ? EndMessage() : answer;
}

void FakeMta::Abort() { SendPacket('A', ""); }

void FakeMta::Quit() {
  SendPacket('Q', "");
  Drop();
}

}  // namespace lazaret::test
