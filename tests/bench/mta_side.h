// The MTA's side of one milter connection, fast enough that the filter is what is measured: packets
// that want no reply are gathered and go out together, as Postfix does it. Blocking; one thread.
#ifndef LAZARET_TESTS_BENCH_MTA_SIDE_H_
#define LAZARET_TESTS_BENCH_MTA_SIDE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace lazaret::bench {

struct MailFile {
  struct Header {
    std::string name;
    std::string value;  // with its leading space, lines folded by LF, as a milter gets it
  };
  std::string name;
  std::vector<Header> headers;
  std::string body;
};

// Reads a message; bare line feeds become CRLF. An unreadable file ends the program.
MailFile ReadMail(const std::string& path);

class MtaSide {
 public:
  // `socket` is "unix:PATH" or "inet:PORT@HOST" (loopback whatever the host).
  explicit MtaSide(const std::string& socket);

  // Negotiation, connect and helo. False when the filter refused or closed.
  bool Greet();
  // From MAIL to the reply to the end of the message: that reply's letter, 0 when it was lost.
  char Send(const MailFile& mail, const std::string& queue_id);
  void Quit();

 private:
  void Put(char command, std::string_view data);
  void PutMacros(char command, const std::vector<std::string>& names_and_values);
  bool Flush();
  // The final reply to a command, edits and progress skipped; 0 when it was lost.
  char Reply();
  // Waits for a reply only where the filter said it sends one.
  bool GoesOn(std::uint32_t no_reply_step);
  bool Read(char* to, std::size_t size);
  bool PutHeaders(const MailFile& mail);
  bool PutBody(const std::string& body);

  base::UniqueFd socket_;
  std::string out_;
  std::string in_;
  std::size_t in_at_ = 0;
  std::uint32_t steps_ = 0;
};

}  // namespace lazaret::bench

#endif  // LAZARET_TESTS_BENCH_MTA_SIDE_H_
