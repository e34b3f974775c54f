#include <signal.h>
#include <sys/stat.h>

#include <memory>
#include <vector>

#include "tests/milter/filter_process.h"
#include "tests/support/catch.h"
#include "tests/support/fake_mta.h"

namespace lazaret::test {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

MtaMessage Wanting(const std::string& action) {
  MtaMessage message;
  message.headers = {{"Subject", " hello"}, {"Want", " " + action}};
  message.body = "body\r\n";
  return message;
}

TEST_CASE("filter: asks for edits, few replies, exact header values and its own macros") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Negotiate());
  CHECK((mta.actions() & 0x31) == 0x31);  // add, change, quarantine
  CHECK((mta.steps() & 0x100000) != 0);   // HDR_LEADSPC
  CHECK((mta.steps() & 0x80) != 0);       // NR_HDR
  CHECK((mta.steps() & 0x1000) == 0);     // connect is answered: a full filter says so there
  CHECK(Contains(mta.symbols(), "{auth_authen}"));
  CHECK(Contains(mta.symbols(), "{daemon_name}"));
}

TEST_CASE("filter: a stop that comes before it serves ends it in order") {
  FilterChoices choices;
  choices.stop_first = true;
  FilterProcess filter(choices);
  const auto status = filter.ExitWithin(5000);
  REQUIRE(status);
  CHECK(*status == 0);
}

TEST_CASE("filter: a signal that we have not taken yet does not stop libmilter by itself") {
  FilterChoices choices;
  choices.deaf = true;
  FilterProcess filter(choices);
  FakeMta first(filter.socket());
  REQUIRE(first.Greet());
  filter.Signal(SIGTERM);
  // libmilter's own thread would end it as soon as its listener looks up.
  CHECK_FALSE(filter.ExitWithin(1000));
  FakeMta second(filter.socket());
  REQUIRE(second.Greet());
  CHECK(second.Send(Wanting("accept")).final == 'c');
}

TEST_CASE("filter: an MTA that does not allow edits is refused in negotiation") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  CHECK_FALSE(mta.Negotiate(0x1));
}

TEST_CASE("filter: a message is rebuilt exactly and accepted only at its end") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  MtaMessage message;
  message.headers = {{"Subject", " folded\n\tline"}, {"X-Sp", "    three"}};
  message.body = std::string("a\0b\r\n", 5);
  const MtaAnswer answer = mta.Send(message);
  CHECK(answer.final == 'c');
  const std::string event = filter.NextEvent();
  const std::string whole = "Subject: folded\r\n\tline\r\nX-Sp:    three\r\n\r\n" + message.body;
  CHECK(Contains(event, "head=" + base::Hex(whole)));
  CHECK(Contains(event, "from=a@sender.test to=1 user=alice queue=QUEUE1"));
  REQUIRE(answer.added.size() == 1);
  CHECK(answer.added[0].second == " verdictid  Evil: 1");
}

TEST_CASE("filter: without exact header values the blank is put back") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet(kPostfixActions, kPostfixSteps & ~0x100000U));
  MtaMessage message;
  message.headers = {{"Subject", "hello"}};
  const MtaAnswer answer = mta.Send(message);
  CHECK(answer.final == 'c');
  CHECK(Contains(filter.NextEvent(), "head=" + base::Hex("Subject: hello\r\n\r\n")));
  REQUIRE(answer.added.size() == 1);
  CHECK(answer.added[0].second == "verdictid  Evil: 1");
}

TEST_CASE("filter: each action has its answer") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  const MtaAnswer reject = mta.Send(Wanting("reject"));
  CHECK(reject.final == 'y');
  CHECK(reject.reply == "550 5.7.1 refused 100%%  250 not this ?[31m");
  CHECK(reject.added.empty());
  const MtaAnswer tempfail = mta.Send(Wanting("tempfail"));
  CHECK(tempfail.reply == "451 4.7.1 later");
  const MtaAnswer hold = mta.Send(Wanting("hold"));
  CHECK(hold.final == 'c');
  CHECK(hold.held == "lazaret verdictid");
  const MtaAnswer tag = mta.Send(Wanting("tag"));
  CHECK(tag.final == 'c');
  CHECK(tag.held.empty());
  CHECK(tag.added.size() == 1);
}

TEST_CASE("filter: a 5xx code on a tempfail is replaced, never dropped") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  const MtaAnswer answer = mta.Send(Wanting("wrong-class"));
  CHECK(answer.final == 'y');
  CHECK(answer.reply.substr(0, 10) == "451 4.7.1 ");
}

TEST_CASE("filter: an action that is not built, or a handler that throws, ends in a tempfail") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  CHECK(mta.Send(Wanting("strip")).reply.substr(0, 3) == "451");
  FakeMta second(filter.socket());
  REQUIRE(second.Greet());
  CHECK(second.Send(Wanting("throw")).final == 't');
}

TEST_CASE("filter: an edit that fails is a tempfail, and its verdict is never acknowledged") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  CHECK(mta.Send(Wanting("bad-edit")).reply.substr(0, 9) == "451 4.3.0");
  CHECK(Contains(filter.NextEvent(), "head="));
  CHECK(mta.Send(Wanting("tempfail")).reply == "451 4.7.1 later");
  CHECK(Contains(filter.NextEvent(), "head="));  // an acknowledgement would come first
}

TEST_CASE("filter: forged X-Lazaret fields are removed from the last one down") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  MtaMessage message;
  for (int i = 0; i < 50; ++i) message.headers.emplace_back("X-LAZARET-Id", " forged");
  message.headers.emplace_back("x-lazaret-class", " clean");
  message.headers.emplace_back("Subject", " s");
  const MtaAnswer answer = mta.Send(message);
  CHECK(answer.final == 'c');
  REQUIRE(answer.removed.size() == 51);
  CHECK(answer.removed[0] == std::pair<std::string, std::uint32_t>("x-lazaret-class", 1));
  CHECK(answer.removed[1] == std::pair<std::string, std::uint32_t>("X-LAZARET-Id", 50));
  CHECK(answer.removed[50] == std::pair<std::string, std::uint32_t>("X-LAZARET-Id", 1));
  CHECK(Contains(filter.NextEvent(), "head=" + base::Hex("Subject: s\r\n\r\n")));
}

TEST_CASE("filter: more forged fields than are removed refuse the message") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  for (const int count : {99, 100, 101}) {
    MtaMessage message;
    for (int i = 0; i < count; ++i) message.headers.emplace_back("X-Lazaret-Id", " forged");
    const MtaAnswer answer = mta.Send(message);
    if (count > 100) {
      CHECK(answer.final == 'y');
      CHECK(answer.reply == "550 5.7.1 Message header has too many X-Lazaret fields");
      CHECK(answer.removed.empty());
    } else {
      CHECK(answer.final == 'c');
      CHECK(answer.removed.size() == static_cast<std::size_t>(count));
    }
  }
}

TEST_CASE("filter: a refusal is answered as the handler says, but never with an acceptance") {
  FilterChoices choices;
  choices.message_bytes = 100;
  FilterProcess filter(choices);
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  MtaMessage message;
  message.body = std::string(200, 'x');
  CHECK(mta.Send(message).reply == "552 5.3.4 Message too large");
  CHECK(filter.NextEvent() == "refused 552 5.3.4");
  message.from = "<careless@sender.test>";
  CHECK(mta.Send(message).reply == "552 5.3.4 Message too large");
  CHECK(filter.NextEvent() == "ack refusalid next-command");
}

TEST_CASE("filter: no memory in a callback without an answer is a tempfail at the end") {
#ifdef LAZARET_TEST_NO_SHORT_MEMORY
  return;
#endif
  FilterProcess filter;
  for (const bool in_header : {true, false}) {
    // With steps 0 the MTA waits for an answer to each.
    for (const std::uint32_t steps : {kPostfixSteps, 0U}) {
      FakeMta mta(filter.socket());
      REQUIRE(mta.Greet(kPostfixActions, steps));
      MtaMessage message;
      const std::string large(kShortMemoryBytes, 'x');
      message.headers = {{"Subject", in_header ? large : " s"}, {"After", " a"}};
      message.body = in_header ? "body\r\n" : large;
      const MtaAnswer answer = mta.Send(message);
      CHECK(answer.final == 'y');
      CHECK(answer.reply.substr(0, 9) == "451 4.3.0");
      CHECK(filter.NextEvent() == "refused 451 4.3.0");
      // The session goes on, its answers in step.
      CHECK(mta.Send(Wanting("accept")).final == 'c');
      CHECK(filter.NextEvent() == "ack refusalid next-command");
      CHECK(Contains(filter.NextEvent(), "judge "));
      mta.Drop();
      CHECK(filter.NextEvent() == "ack verdictid close");
    }
  }
}

TEST_CASE("filter: what throws or is refused leaves no session and no message counted") {
  FilterChoices choices;
  choices.sessions = 2;
  FilterProcess filter(choices);
  for (int i = 0; i < 5; ++i) {
    FakeMta refused(filter.socket());
    CHECK_FALSE(refused.Negotiate(0x1));
    FakeMta thrown(filter.socket());
    bool greeted = thrown.Greet();
    // The close of the session before may not have been seen yet.
    for (int attempt = 0; attempt < 50 && !greeted; ++attempt) {
      thrown = FakeMta(filter.socket());
      greeted = thrown.Greet();
    }
    REQUIRE(greeted);
    CHECK(thrown.Send(Wanting("throw")).final == 't');
    CHECK(Contains(filter.NextEvent(), "judge "));
  }
  filter.Signal(SIGTERM);
  // A message that still counted would be waited for.
  CHECK(filter.ExitWithin(10'000) == 0);
}

TEST_CASE("filter: SIZE above the limit is refused at MAIL, and said") {
  FilterChoices choices;
  choices.message_bytes = 1000;
  FilterProcess filter(choices);
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  REQUIRE(mta.SendPacket('M', std::string("<a@b>\0SIZE=1001\0", 16 + 0)));
  CHECK(mta.Wait().reply == "552 5.3.4 Message too large");
  CHECK(filter.NextEvent() == "refused-at-mail 552 5.3.4");
}

TEST_CASE("filter: the command after the answer acknowledges, a lost session only closes") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  REQUIRE(mta.Send(Wanting("accept")).final == 'c');
  CHECK(Contains(filter.NextEvent(), "judge "));
  REQUIRE(mta.Send(Wanting("accept")).final == 'c');
  CHECK(filter.NextEvent() == "ack verdictid next-command");
  CHECK(Contains(filter.NextEvent(), "judge "));
  mta.Drop();
  CHECK(filter.NextEvent() == "ack verdictid close");
}

TEST_CASE("filter: progress is sent while the judge is waiting") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  MtaMessage message = Wanting("accept");
  message.headers.emplace_back("Slow", " 1");
  REQUIRE(mta.SendUntilEnd(message).final == 'c');
  REQUIRE(mta.SendPacket('E', ""));
  const auto first = mta.Read(10'000);
  REQUIRE(first);
  CHECK(first->command == 'p');
  filter.Release();
  CHECK(mta.Wait().final == 'c');
}

TEST_CASE("filter: TERM with a message in work gives its reply, then ends; HUP does nothing") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  MtaMessage message = Wanting("accept");
  message.headers.emplace_back("Slow", " 1");
  REQUIRE(mta.SendUntilEnd(message).final == 'c');
  REQUIRE(mta.SendPacket('E', ""));
  CHECK(Contains(filter.NextEvent(), "judge "));
  filter.Signal(SIGHUP);
  filter.Signal(SIGTERM);
  // libmilter alone would cut the message 5 s after the signal.
  CHECK_FALSE(filter.ExitWithin(6'000));
  filter.Release();
  CHECK(mta.Wait().final == 'c');
  CHECK(filter.ExitWithin(10'000) == 0);
}

TEST_CASE("filter: a session above the cap gets 451 at connect, and room comes back") {
  FilterChoices choices;
  choices.sessions = 2;
  FilterProcess filter(choices);
  FakeMta first(filter.socket());
  FakeMta second(filter.socket());
  REQUIRE(first.Greet());
  REQUIRE(second.Greet());
  FakeMta third(filter.socket());
  REQUIRE(third.Negotiate());
  const MtaAnswer refused = third.SendConnect();
  CHECK(refused.final == 'y');
  CHECK(refused.reply.substr(0, 9) == "451 4.3.2");
  third.Drop();
  REQUIRE(second.Send(Wanting("accept")).final == 'c');
  CHECK(Contains(filter.NextEvent(), "judge "));
  second.Drop();
  CHECK(filter.NextEvent() == "ack verdictid close");
  bool greeted = false;
  for (int attempt = 0; attempt < 50 && !greeted; ++attempt) {
    FakeMta fourth(filter.socket());
    greeted = fourth.Greet();
  }
  CHECK(greeted);
}

TEST_CASE("filter: peers that send two bytes and stop do not keep others from being served") {
  FilterProcess filter;
  std::vector<std::unique_ptr<FakeMta>> stuck;
  for (int i = 0; i < 100; ++i) {
    stuck.push_back(std::make_unique<FakeMta>(filter.socket()));
    REQUIRE(stuck.back()->SendRaw(std::string(2, '\0')));
  }
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  CHECK(mta.Send(Wanting("accept")).final == 'c');
}

TEST_CASE("filter: half-open peers cost no thread and are closed in time, others are served") {
  FilterChoices choices;
  choices.half_open_seconds = 1;
  FilterProcess filter(choices);
  FakeMta first(filter.socket());
  REQUIRE(first.Greet());
  const int threads = filter.Threads();
  std::vector<std::unique_ptr<FakeMta>> peers;
  for (int i = 0; i < 50; ++i) {
    peers.push_back(std::make_unique<FakeMta>(filter.socket()));
    REQUIRE(peers.back()->SendRaw(std::string(2, '\0')));
  }
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  CHECK(mta.Send(Wanting("accept")).final == 'c');
  CHECK(filter.Threads() <= threads + 4);
  for (const auto& peer : peers) CHECK(peer->ClosedWithin(3000));
  CHECK(first.Send(Wanting("accept")).final == 'c');
}

TEST_CASE("filter: above the cap of half-open peers the oldest is closed") {
  FilterChoices choices;
  choices.half_open_seconds = 3600;
  choices.half_open_peers = 10;  // the waker's own connections pass through here too
  FilterProcess filter(choices);
  FakeMta oldest(filter.socket());
  REQUIRE(oldest.SendRaw("x"));
  std::vector<std::unique_ptr<FakeMta>> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(std::make_unique<FakeMta>(filter.socket()));
  CHECK(oldest.ClosedWithin(3000));
  CHECK_FALSE(peers.back()->ClosedWithin(100));
}

TEST_CASE("filter: malformed packets never end in an acceptance or a crash") {
  FilterProcess filter;
  for (const std::string& bytes : {std::string("\0\0\0\0", 4), std::string("\0\0\0\1Z", 5),
                                   std::string("\0\0\0\1M", 5), std::string("\xff\xff\xff\xffO", 5),
                                   std::string("\0\0\0\1E", 5), std::string("\0\0\0\5Oabcd", 9)}) {
    FakeMta mta(filter.socket());
    mta.SendRaw(bytes);
    mta.Drop();
  }
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  CHECK(mta.Send(Wanting("accept")).final == 'c');
}

TEST_CASE("filter: the socket has its mode and lies in a folder others cannot enter") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  REQUIRE(mta.Greet());
  struct stat info {};
  REQUIRE(stat(filter.socket().c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0660);
  const std::string folder = filter.socket().substr(0, filter.socket().rfind('/'));
  REQUIRE(stat(folder.c_str(), &info) == 0);
  CHECK((info.st_mode & 0007) == 0);
}

}  // namespace
}  // namespace lazaret::test
