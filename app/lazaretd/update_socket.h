// The socket that freshclam's NotifyClamd speaks to, in the words clamd(8) knows: RELOAD, answered
// by RELOADING, and PING, answered by PONG; each alone, as zRELOAD with a NUL or as nRELOAD with a
// newline. Anybody on the machine may say them: they only make the supervisor look at the signature
// files, which it does for a change on disk as well. One thread, driven by a poll loop; nobody who
// connects can make it wait.
#ifndef LAZARET_APP_LAZARETD_UPDATE_SOCKET_H_
#define LAZARET_APP_LAZARETD_UPDATE_SOCKET_H_

#include <poll.h>

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace lazaret::supervisor {

struct UpdateWord {
  bool complete = false;  // else more has to come
  bool reload = false;
  std::string answer;  // with its end; empty for a word that is not known
};
UpdateWord ReadUpdateWord(std::string_view bytes);

class UpdateSocket {
 public:
  // Replaces a socket that a dead process left.
  static base::Result<UpdateSocket> Listen(const std::string& path);
  UpdateSocket() = default;
  UpdateSocket(UpdateSocket&&) = default;
  UpdateSocket& operator=(UpdateSocket&&) = default;

  void AddPollEntries(std::vector<pollfd>& entries) const;
  base::Deadline next() const;
  // Answers whoever has spoken; true when one of them said RELOAD.
  bool Serve();

 private:
  struct Client {
    base::UniqueFd socket;
    std::string said;
    base::Deadline until;
  };
  void Accept();

  base::UniqueFd listener_;
  std::list<Client> clients_;
};

}  // namespace lazaret::supervisor

#endif  // LAZARET_APP_LAZARETD_UPDATE_SOCKET_H_
