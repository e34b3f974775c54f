// Whole sessions against the real adapter: what an MTA does between and during messages.
#include <signal.h>

#include <string>

#include "tests/milter/filter_process.h"
#include "tests/support/catch.h"
#include "tests/support/fake_mta.h"

namespace lazaret::test {
namespace {

#ifdef LAZARET_SANITIZED
constexpr long kMaxGrowthKib = 600 * 1024;  // freed memory is kept back by the sanitizer
#else
constexpr long kMaxGrowthKib = 16 * 1024;
#endif

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

MtaMessage Plain(const std::string& body = "body\r\n") {
  MtaMessage message;
  message.headers = {{"Subject", " hello"}};
  message.body = body;
  return message;
}

MtaMessage Slow() {
  MtaMessage message = Plain();
  message.headers.emplace_back("Slow", " 1");
  return message;
}

std::string Packet(char command, const std::string& data) {
  const auto size = static_cast<std::uint32_t>(data.size() + 1);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  return out + command + data;
}

// Progress may come at any time while a message waits.
char FinalOf(FakeMta& mta) { return mta.Wait().final; }

TEST_CASE("sessions: 300 000 header fields in one message stay within memory") {
  FilterChoices choices;
  choices.message_bytes = 8U << 20;
  FilterProcess filter(choices);
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  REQUIRE(mta.Send(Plain()).final == 'c');
  CHECK(Contains(filter.NextEvent(), "judge "));
  const long before = filter.PeakKib();
  REQUIRE(before > 0);
  REQUIRE(mta.SendPacket('M', std::string("<a@b>\0", 6)));
  REQUIRE(FinalOf(mta) == 'c');
  CHECK(filter.NextEvent() == "ack verdictid next-command");
  REQUIRE(mta.SendPacket('R', std::string("<c@d>\0", 6)));
  REQUIRE(FinalOf(mta) == 'c');
  REQUIRE(mta.SendPacket('T', ""));
  REQUIRE(FinalOf(mta) == 'c');
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += Packet('L', std::string("H\0 v\0", 5));
  for (int i = 0; i < 300; ++i) REQUIRE(mta.SendRaw(thousand));
  REQUIRE(mta.SendPacket('N', ""));
  REQUIRE(mta.EndMessage().final == 'c');
  // "H: v" and its line end, three hundred thousand times, and the empty line.
  CHECK(Contains(filter.NextEvent(), " bytes=1800002 "));
  CHECK(filter.PeakKib() - before < kMaxGrowthKib);
}

TEST_CASE("sessions: RSET and a whole message sent while another waits for its verdict") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  REQUIRE(mta.SendUntilEnd(Slow()).final == 'c');
  REQUIRE(mta.SendPacket('E', ""));
  CHECK(Contains(filter.NextEvent(), "judge "));
  // Nothing of this may be read before the answer, or be taken for part of the first message.
  REQUIRE(mta.SendPacket('A', ""));
  REQUIRE(mta.SendPacket('M', std::string("<second@b>\0", 11)));
  REQUIRE(mta.SendPacket('R', std::string("<c@d>\0", 6)));
  REQUIRE(mta.SendPacket('T', ""));
  REQUIRE(mta.SendPacket('L', std::string("Want\0 reject\0", 13)));
  REQUIRE(mta.SendPacket('N', ""));
  REQUIRE(mta.SendPacket('E', ""));
  filter.Release();
  CHECK(FinalOf(mta) == 'c');  // the verdict
  CHECK(FinalOf(mta) == 'c');  // MAIL
  CHECK(FinalOf(mta) == 'c');  // RCPT
  CHECK(FinalOf(mta) == 'c');  // DATA
  CHECK(mta.Wait().reply.substr(0, 9) == "550 5.7.1");
  CHECK(filter.NextEvent() == "ack verdictid next-command");
  CHECK(Contains(filter.NextEvent(), "judge from=second@b "));
}

TEST_CASE("sessions: an MTA that is gone while its message waits gets no mark, nothing is left") {
  FilterProcess filter;
  {
    FakeMta mta(filter.socket());
    REQUIRE(mta.Greet());
    REQUIRE(mta.SendUntilEnd(Slow()).final == 'c');
    REQUIRE(mta.SendPacket('E', ""));
    CHECK(Contains(filter.NextEvent(), "judge "));
  }
  filter.Release();
  filter.Signal(SIGTERM);
  CHECK(filter.ExitWithin(10'000) == 0);
  // The answer could not be given, so nothing acknowledges it.
  CHECK(filter.NextEvent().empty());
}

TEST_CASE("sessions: a message is aborted by RSET, by a second MAIL and by a lost session") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  REQUIRE(mta.SendUntilEnd(Plain()).final == 'c');
  mta.Abort();
  CHECK(filter.NextEvent() == "aborted");
  REQUIRE(mta.SendUntilEnd(Plain()).final == 'c');
  mta.Drop();
  CHECK(filter.NextEvent() == "aborted");
}

TEST_CASE("sessions: many messages in one session, each with its own answer") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  for (int i = 0; i < 60; ++i) {
    MtaMessage message = Plain("number " + std::to_string(i) + "\r\n");
    message.from = "<from" + std::to_string(i) + "@b>";
    const char* wants[] = {" accept", " reject", " hold"};
    message.headers.emplace_back("Want", wants[i % 3]);
    const MtaAnswer answer = mta.Send(message);
    REQUIRE(answer.final == (i % 3 == 1 ? 'y' : 'c'));
    CHECK(answer.held.empty() == (i % 3 != 2));
    if (i > 0) REQUIRE(filter.NextEvent() == "ack verdictid next-command");
    REQUIRE(Contains(filter.NextEvent(), "judge from=from" + std::to_string(i) + "@b to=1 "));
  }
}

TEST_CASE("sessions: macros that are missing or empty are no values") {
  FilterProcess filter;
  for (const std::string& macros :
       {std::string(), std::string("M", 1), std::string("M{auth_authen}\0\0", 16)}) {
    FakeMta mta(filter.socket());
    REQUIRE(mta.Negotiate());
    REQUIRE(mta.SendPacket('C', std::string("h\0U", 3)));
    REQUIRE(FinalOf(mta) == 'c');
    if (!macros.empty()) REQUIRE(mta.SendPacket('D', macros));
    REQUIRE(mta.SendPacket('M', std::string("<a@b>\0", 6)));
    REQUIRE(FinalOf(mta) == 'c');
    REQUIRE(mta.SendPacket('R', std::string("<c@d>\0", 6)));
    REQUIRE(FinalOf(mta) == 'c');
    REQUIRE(mta.SendPacket('T', ""));
    REQUIRE(FinalOf(mta) == 'c');
    REQUIRE(mta.SendPacket('N', ""));
    REQUIRE(mta.SendPacket('E', ""));
    CHECK(FinalOf(mta) == 'c');
    CHECK(Contains(filter.NextEvent(), "judge from=a@b to=1 user= queue= bytes=2 "));
    mta.Drop();
    CHECK(filter.NextEvent() == "ack verdictid close");
  }
}

}  // namespace
}  // namespace lazaret::test
