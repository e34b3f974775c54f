#include "tests/bench/mta_side.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lazaret::bench {
namespace {

constexpr std::uint32_t kVersion = 6;
constexpr std::uint32_t kActions = 0x1ff;
constexpr std::uint32_t kAllSteps = 0x1fffff;
// Steps the filter does not want, and steps it does not answer.
constexpr std::uint32_t kNoConnect = 0x1, kNoHelo = 0x2, kNoData = 0x200;
constexpr std::uint32_t kSilentHeader = 0x80, kSilentConnect = 0x1000, kSilentHelo = 0x2000,
                        kSilentMail = 0x4000, kSilentRcpt = 0x8000, kSilentData = 0x10000,
                        kSilentEoh = 0x40000, kSilentBody = 0x80000;
constexpr std::uint32_t kLeadingSpace = 0x100000;
constexpr std::size_t kChunk = 65'535;
constexpr std::size_t kGather = 64U << 10;
constexpr int kConnectTries = 2000;  // a full backlog of a unix socket refuses at once
constexpr int kReplySeconds = 120;

void AddBig(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::uint32_t FromBig(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string Text(std::string_view text) { return std::string(text) + '\0'; }

int TryConnect(const sockaddr* address, socklen_t length) {
  for (int tries = 0;; ++tries) {
    const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, address, length) == 0) return fd;
    ::close(fd);
    if ((errno != EAGAIN && errno != ECONNREFUSED) || tries > kConnectTries) return -1;
    ::usleep(1000);
  }
}

int Connect(const std::string& socket) {
  const std::string place = socket.substr(socket.find(':') + 1);
  if (socket.rfind("unix:", 0) == 0) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    place.copy(address.sun_path, sizeof address.sun_path - 1);
    return TryConnect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(place.c_str())));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = TryConnect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

std::string WithCrlf(const std::string& text) {
  std::string out;
  out.reserve(text.size() + text.size() / 32);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
    out += text[i];
  }
  return out;
}

}  // namespace

MailFile ReadMail(const std::string& path) {
  auto content = base::ReadFile(path, 1U << 30);
  if (!content.ok()) {
    std::fprintf(stderr, "%s\n", content.error().text.c_str());
    std::exit(2);
  }
  MailFile mail;
  mail.name = path.substr(path.rfind('/') + 1);
  const std::string raw = WithCrlf(*content);
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t end = std::min(raw.find("\r\n", at), raw.size());
    const std::string line = raw.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (line.empty()) {
      at = end + 2;
      break;
    }
    if ((line[0] == ' ' || line[0] == '\t') && !mail.headers.empty()) {
      mail.headers.back().value += "\n" + line;
    } else if (colon != std::string::npos) {
      mail.headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
    } else {
      break;
    }
    at = end + 2;
  }
  mail.body = raw.substr(std::min(at, raw.size()));
  return mail;
}

MtaSide::MtaSide(const std::string& socket) : socket_(Connect(socket)) {
  timeval patience{};
  patience.tv_sec = kReplySeconds;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void MtaSide::Put(char command, std::string_view data) {
  AddBig(out_, static_cast<std::uint32_t>(data.size() + 1));
  out_ += command;
  out_ += data;
  if (out_.size() > kGather) Flush();
}

void MtaSide::PutMacros(char command, const std::vector<std::string>& names_and_values) {
  std::string data(1, command);
  for (const std::string& text : names_and_values) data += Text(text);
  Put('D', data);
}

bool MtaSide::Flush() {
  std::string_view left = out_;
  while (!left.empty()) {
    const ssize_t sent = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    left.remove_prefix(static_cast<std::size_t>(sent));
  }
  out_.clear();
  return true;
}

bool MtaSide::Read(char* to, std::size_t size) {
  while (in_.size() - in_at_ < size) {
    if (in_at_ == in_.size()) in_.clear(), in_at_ = 0;
    char buffer[4096];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    in_.append(buffer, static_cast<std::size_t>(got));
  }
  in_.copy(to, size, in_at_);
  in_at_ += size;
  return true;
}

char MtaSide::Reply() {
  if (!Flush()) return 0;
  for (;;) {
    char head[5];
    if (!Read(head, sizeof head)) return 0;
    std::string data(FromBig(head) - 1, '\0');
    if (!Read(data.data(), data.size())) return 0;
    if (std::strchr("+-2behimqlp", head[4]) != nullptr) continue;
    if (head[4] == 'y') return data[0] == '4' ? '4' : '5';
    return head[4] == 'O' ? (steps_ = FromBig(data.data() + 8), 'O') : head[4];
  }
}

bool MtaSide::GoesOn(std::uint32_t no_reply_step) {
  return (steps_ & no_reply_step) != 0 || Reply() == 'c';
}

bool MtaSide::Greet() {
  if (!socket_.valid()) return false;
  std::string options;
  AddBig(options, kVersion);
  AddBig(options, kActions);
  AddBig(options, kAllSteps);
  Put('O', options);
  if (Reply() != 'O') return false;
  if ((steps_ & kNoConnect) == 0) {
    PutMacros('C', {"j", "mx.example.com", "{daemon_name}", "mx.example.com", "v", "Postfix"});
    Put('C', Text("client.example.net") + '4' + "\x30\x39" + Text("192.0.2.25"));
    if (!GoesOn(kSilentConnect)) return false;
  }
  if ((steps_ & kNoHelo) != 0) return true;
  Put('H', Text("client.example.net"));
  return GoesOn(kSilentHelo) && Flush();
}

bool MtaSide::PutHeaders(const MailFile& mail) {
  for (const MailFile::Header& header : mail.headers) {
    const bool cut = (steps_ & kLeadingSpace) == 0 && header.value.rfind(' ', 0) == 0;
    Put('L', Text(header.name) + Text(header.value.substr(cut ? 1 : 0)));
    if (!GoesOn(kSilentHeader)) return false;
  }
  Put('N', "");
  return GoesOn(kSilentEoh);
}

bool MtaSide::PutBody(const std::string& body) {
  for (std::size_t at = 0; at < body.size(); at += kChunk) {
    Put('B', std::string_view(body).substr(at, kChunk));
    if ((steps_ & kSilentBody) != 0) continue;
    const char reply = Reply();
    if (reply == 's') return true;
    if (reply != 'c') return false;
  }
  return true;
}

char MtaSide::Send(const MailFile& mail, const std::string& queue_id) {
  PutMacros('M', {"i", queue_id, "{mail_addr}", "sender@example.net"});
  Put('M', Text("<sender@example.net>"));
  if (!GoesOn(kSilentMail)) return 0;
  PutMacros('R', {"i", queue_id, "{rcpt_addr}", "user@example.com"});
  Put('R', Text("<user@example.com>"));
  if (!GoesOn(kSilentRcpt)) return 0;
  if ((steps_ & kNoData) == 0) {
    PutMacros('T', {"i", queue_id});
    Put('T', "");
    if (!GoesOn(kSilentData)) return 0;
  }
  if (!PutHeaders(mail) || !PutBody(mail.body)) return 0;
  PutMacros('E', {"i", queue_id});
  Put('E', "");
  return Reply();
}

void MtaSide::Quit() {
  Put('Q', "");
  Flush();
  socket_.Reset();
}

}  // namespace lazaret::bench
