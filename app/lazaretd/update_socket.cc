#include "app/lazaretd/update_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lazaret::supervisor {
namespace {

constexpr std::size_t kClients = 16;             // at once; further ones wait to be accepted
constexpr std::size_t kLongestWord = 32;         // stops a peer that sends without end
constexpr std::int64_t kPatienceMillis = 5'000;  // stops one that connects and says nothing
constexpr mode_t kMode = 0666;
constexpr int kBacklog = 16;

}  // namespace

UpdateWord ReadUpdateWord(std::string_view bytes) {
  UpdateWord word;
  char end = '\n';
  std::string_view text = bytes;
  if (!text.empty() && (text.front() == 'z' || text.front() == 'n')) {
    end = text.front() == 'z' ? '\0' : '\n';
    const std::size_t at = text.find(end);
    word.complete = at != std::string_view::npos;
    text = text.substr(1, word.complete ? at - 1 : std::string_view::npos);
  } else {
    // No end is sent after a plain word.
    for (const std::string_view known : {"RELOAD", "PING"}) {
      if (text.substr(0, known.size()) == known) text = known;
    }
    word.complete = text == "RELOAD" || text == "PING" || text.find('\n') != text.npos;
  }
  if (!word.complete) return word;
  word.reload = text == "RELOAD";
  if (word.reload) word.answer = std::string("RELOADING") + end;
  if (text == "PING") word.answer = std::string("PONG") + end;
  return word;
}

base::Result<UpdateSocket> UpdateSocket::Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return base::Error{base::ErrorCode::kInvalid, path + ": longer than 107 bytes"};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  UpdateSocket made;
  made.listener_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlink(path.c_str());
  const int fd = made.listener_.get();
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), kMode) != 0 || ::listen(fd, kBacklog) != 0)
    return base::ErrnoError(path);
  return made;
}

void UpdateSocket::AddPollEntries(std::vector<pollfd>& entries) const {
  if (listener_.valid() && clients_.size() < kClients)
    entries.push_back({listener_.get(), POLLIN, 0});
  for (const Client& client : clients_) entries.push_back({client.socket.get(), POLLIN, 0});
}

base::Deadline UpdateSocket::next() const {
  return clients_.empty() ? base::Deadline() : clients_.front().until;
}

void UpdateSocket::Accept() {
  while (listener_.valid() && clients_.size() < kClients) {
    base::UniqueFd socket(
        ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) return;
    clients_.push_back({std::move(socket), "", base::Deadline::AfterMillis(kPatienceMillis)});
  }
}

bool UpdateSocket::Serve() {
  Accept();
  bool reload = false;
  for (auto client = clients_.begin(); client != clients_.end();) {
    char bytes[kLongestWord];
    const ssize_t got = ::recv(client->socket.get(), bytes, sizeof bytes, 0);
    if (got > 0) client->said.append(bytes, static_cast<std::size_t>(got));
    const UpdateWord word = ReadUpdateWord(client->said);
    // A few bytes always fit into a socket that nothing was sent to yet.
    if (word.complete && !word.answer.empty())
      ::send(client->socket.get(), word.answer.data(), word.answer.size(), MSG_NOSIGNAL);
    reload = reload || word.reload;
    const bool waits = got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    const bool over =
        word.complete || !waits || client->said.size() > kLongestWord || client->until.Expired();
    client = over ? clients_.erase(client) : std::next(client);
  }
  return reload;
}

}  // namespace lazaret::supervisor
