#include "app/lazaretd/update_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tests/support/catch.h"

namespace lazaret::supervisor {
namespace {

using namespace std::string_literals;

struct Place {
  std::string folder;
  Place() {
    char name[] = "/tmp/lazaret-update-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    folder = name;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { std::filesystem::remove_all(folder); }
  std::string Socket() const { return folder + "/freshclam.sock"; }
  base::UniqueFd Connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, Socket().c_str(), Socket().size());
    base::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return client;
  }
};

void Say(const base::UniqueFd& client, const std::string& words) {
  REQUIRE(::send(client.get(), words.data(), words.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(words.size()));
}

// What came back; "closed" when nothing will any more.
std::string Heard(const base::UniqueFd& client) {
  char bytes[64];
  const ssize_t got = ::recv(client.get(), bytes, sizeof bytes, 0);
  // A reset is what closing leaves of words that nobody read.
  if (got == 0 || (got < 0 && errno == ECONNRESET)) return "closed";
  return got < 0 ? "" : std::string(bytes, static_cast<std::size_t>(got));
}

TEST_CASE("update: clamd's words in all three forms, each with its own end") {
  struct Case {
    std::string said;
    bool complete;
    bool reload;
    std::string answer;
  };
  const Case cases[] = {
      {"RELOAD", true, true, "RELOADING\n"},
      {"RELOAD\n", true, true, "RELOADING\n"},
      {"nRELOAD\n", true, true, "RELOADING\n"},
      {"zRELOAD\0"s, true, true, "RELOADING\0"s},
      {"PING", true, false, "PONG\n"},
      {"zPING\0"s, true, false, "PONG\0"s},
      {"nPING\n", true, false, "PONG\n"},
      {"", false, false, ""},
      {"RELO", false, false, ""},
      {"zRELOAD", false, false, ""},
      {"nRELOAD\0"s, false, false, ""},
      {"nRELOADX\n", true, false, ""},
      {"zRELOADX\0"s, true, false, ""},
      {"SHUTDOWN\n", true, false, ""},
      {"zSHUTDOWN\0"s, true, false, ""},
  };
  for (const Case& one : cases) {
    INFO(one.said);
    const UpdateWord word = ReadUpdateWord(one.said);
    CHECK(word.complete == one.complete);
    CHECK(word.reload == one.reload);
    CHECK(word.answer == one.answer);
  }
}

TEST_CASE("update: a word may come in pieces, and its speaker is let go after the answer") {
  const Place place;
  auto socket = UpdateSocket::Listen(place.Socket());
  REQUIRE(socket.ok());
  const base::UniqueFd client = place.Connect();
  Say(client, "zREL");
  CHECK_FALSE(socket->Serve());
  CHECK(Heard(client).empty());
  Say(client, "OAD\0"s);
  CHECK(socket->Serve());
  CHECK(Heard(client) == "RELOADING\0"s);
  CHECK(Heard(client) == "closed");
  CHECK_FALSE(socket->Serve());
}

TEST_CASE("update: one who says nothing, too much or nonsense brings no reload") {
  const Place place;
  auto socket = UpdateSocket::Listen(place.Socket());
  REQUIRE(socket.ok());
  const base::UniqueFd silent = place.Connect();
  CHECK_FALSE(socket->Serve());
  CHECK_FALSE(socket->next().never());
  const base::UniqueFd endless = place.Connect();
  Say(endless, "z" + std::string(200, 'A'));
  CHECK_FALSE(socket->Serve());
  CHECK_FALSE(socket->Serve());
  CHECK(Heard(endless) == "closed");
  CHECK(Heard(silent).empty());
  base::UniqueFd gone = place.Connect();
  gone.Reset();
  CHECK_FALSE(socket->Serve());
}

TEST_CASE("update: no more than some are listened to at once, the others wait") {
  const Place place;
  auto socket = UpdateSocket::Listen(place.Socket());
  REQUIRE(socket.ok());
  std::vector<base::UniqueFd> silent;
  for (int i = 0; i < 16; ++i) silent.push_back(place.Connect());
  CHECK_FALSE(socket->Serve());
  const base::UniqueFd late = place.Connect();
  Say(late, "RELOAD");
  CHECK_FALSE(socket->Serve());
  silent.pop_back();
  CHECK_FALSE(socket->Serve());
  CHECK(socket->Serve());
  CHECK(Heard(late) == "RELOADING\n");
}

TEST_CASE("update: a socket that a dead process left is replaced") {
  const Place place;
  {
    auto first = UpdateSocket::Listen(place.Socket());
    REQUIRE(first.ok());
  }
  CHECK(UpdateSocket::Listen(place.Socket()).ok());
  CHECK_FALSE(UpdateSocket::Listen("/" + std::string(200, 'a')).ok());
}

}  // namespace
}  // namespace lazaret::supervisor
