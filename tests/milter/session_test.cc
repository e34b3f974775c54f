#include "milter/session.h"

#include <map>

#include "tests/support/catch.h"

namespace lazaret::milter {
namespace {

class MapMacros : public Macros {
 public:
  MapMacros() = default;
  explicit MapMacros(std::map<std::string, std::string> values) : values_(std::move(values)) {}
  const char* Get(const char* name) const override {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : found->second.c_str();
  }

 private:
  std::map<std::string, std::string> values_;
};

class NotingHandler : public MessageHandler {
 public:
  Disposition Judge(const Transaction&, const std::function<void()>&) override { return {}; }
  void OnAcknowledged(std::string_view id, NextSign sign) override {
    signs.push_back(std::string(id) + (sign == NextSign::kClose ? " close" : " next"));
  }
  Disposition Refused(const Refusal&) override { return {}; }
  void OnRefusedAtMail(const policy::Envelope& envelope, const Reply& reply) override {
    refused_at_mail.push_back(envelope.sender + " " + reply.code + " " + reply.enhanced);
  }
  void OnAborted() override { ++aborted; }
  std::vector<std::string> signs;
  std::vector<std::string> refused_at_mail;
  int aborted = 0;
};

MapMacros With(std::map<std::string, std::string> values) { return MapMacros(std::move(values)); }

const MapMacros kNone;

SessionOptions SmallOptions() {
  SessionOptions options;
  options.store.memory_bytes = 1000;
  options.store.message_bytes = 100'000;
  options.store.spool_dir = "/tmp";
  options.header_fields = 10;
  options.recipients = 3;
  return options;
}

struct Fixture {
  explicit Fixture(const SessionOptions& options = SmallOptions()) : session(options, handler) {}

  void Begin(std::string_view from = "<a@b>", std::string_view to = "<c@d>") {
    REQUIRE_FALSE(session.MailFrom(from, {}, kNone));
    REQUIRE_FALSE(session.RcptTo(to, kNone));
    session.Data(kNone);
  }
  std::string Text(const std::variant<Transaction, Refusal>& ended) {
    if (const auto* refusal = std::get_if<Refusal>(&ended)) {
      last_refusal = *refusal;
      return refusal->reply.code + " " + refusal->reply.enhanced;
    }
    const auto& message = std::get<Transaction>(ended).message;
    const auto text = base::ReadFdWhole(message.fd.get(), 64U << 20, "message");
    REQUIRE(text.ok());
    CHECK(message.bytes == text->size());
    CHECK(message.sha256 == base::Sha256(*text));
    const std::size_t body = text->find("\r\n\r\n");
    if (body != std::string::npos) {
      CHECK(message.body_sha256 == base::Sha256(text->substr(body + 4)));
    }
    return *text;
  }
  std::string End() { return Text(session.EndOfMessage(kNone)); }

  NotingHandler handler;
  Session session;
  std::optional<Refusal> last_refusal;
};

TEST_CASE("session: header and body are rebuilt byte for byte") {
  Fixture f;
  f.Begin();
  f.session.Header("Subject", " a\n\tb");
  f.session.Header("X-Sp", "    three");
  f.session.Header("X-Empty", "");
  f.session.EndOfHeaders(kNone);
  const std::string body("1\0\xff\r\n", 5);
  f.session.Body(body);
  CHECK(f.End() == "Subject: a\r\n\tb\r\nX-Sp:    three\r\nX-Empty:\r\n\r\n" + body);
}

TEST_CASE("session: a line end that already is CRLF stays one") {
  Fixture f;
  f.Begin();
  f.session.Header("A", " x\r\n y\n z");
  CHECK(f.End() == "A: x\r\n y\r\n z\r\n\r\n");
}

TEST_CASE("session: chunks cut anywhere give the same bytes and hashes") {
  const std::string body = "l\xc3\xa4ngere Zeile\r\nzweite\r\n";
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    Fixture f;
    f.Begin();
    f.session.EndOfHeaders(kNone);
    f.session.Body(std::string_view(body).substr(0, cut));
    f.session.Body(std::string_view(body).substr(cut));
    CHECK(f.End() == "\r\n" + body);
  }
}

TEST_CASE("session: no header and no body is still a message") {
  Fixture f;
  f.Begin();
  CHECK(f.End() == "\r\n");
}

TEST_CASE("session: addresses lose their brackets, with and without SMTP") {
  CHECK(StripBrackets("<a@b>") == "a@b");
  CHECK(StripBrackets("root@rel.test") == "root@rel.test");
  CHECK(StripBrackets("<>").empty());
  CHECK(StripBrackets("").empty());
  CHECK(StripBrackets("<").size() == 1);
  CHECK(StripBrackets("<j\xc3\xbcrgen@b\xc3\xbc"
                      "cher.test>") ==
        "j\xc3\xbcrgen@b\xc3\xbc"
        "cher.test");
}

TEST_CASE("session: the envelope holds what the MTA vouches for, unset macros stay empty") {
  Fixture f;
  f.session.Connect("client.test", "192.0.2.1", With({{"{daemon_name}", "outbound"}}));
  f.session.Helo("first", kNone);
  f.session.Helo("second", With({{"{tls_version}", "TLSv1.3"}, {"{cipher_bits}", "256"}}));
  REQUIRE_FALSE(f.session.MailFrom("<>", {"SIZE=100"}, With({{"{auth_authen}", "u"}})));
  REQUIRE_FALSE(f.session.RcptTo("<c@d>", kNone));
  REQUIRE_FALSE(f.session.RcptTo("e@f", With({{"i", "Q1"}})));
  f.session.Data(kNone);
  f.session.Header("Message-ID", " <id@x> ");
  f.session.Header("Message-Id", " <second@x>");
  const auto ended = f.session.EndOfMessage(kNone);
  REQUIRE(std::holds_alternative<Transaction>(ended));
  const policy::Envelope& envelope = std::get<Transaction>(ended).envelope;
  CHECK(envelope.sender.empty());
  CHECK(envelope.recipients == std::vector<std::string>{"c@d", "e@f"});
  CHECK(envelope.client_address == "192.0.2.1");
  CHECK(envelope.client_name == "client.test");
  CHECK(envelope.helo == "second");
  CHECK(envelope.daemon_name == "outbound");
  CHECK(envelope.auth_user == "u");
  CHECK(envelope.tls.version == "TLSv1.3");
  CHECK(envelope.tls.bits == 256);
  CHECK(envelope.queue_id == "Q1");
  CHECK(envelope.message_id == "id@x");
}

TEST_CASE("session: nothing of one message reaches the next, the session's facts do") {
  Fixture f;
  f.session.Connect("h", "192.0.2.1", kNone);
  REQUIRE_FALSE(f.session.MailFrom("<a@b>", {}, With({{"{auth_authen}", "u"}, {"i", "Q1"}})));
  REQUIRE_FALSE(f.session.RcptTo("<c@d>", kNone));
  f.session.Data(kNone);
  f.session.Header("X-Lazaret-Id", " 1");
  f.session.Header("Message-Id", " <one@x>");
  SECTION("after its end") { f.End(); }
  SECTION("after an abort") { f.session.Abort(); }
  SECTION("after a MAIL in the middle") {}
  f.Begin("<second@b>");
  f.session.Header("Subject", " s");
  const auto ended = f.session.EndOfMessage(kNone);
  REQUIRE(std::holds_alternative<Transaction>(ended));
  const policy::Envelope& envelope = std::get<Transaction>(ended).envelope;
  CHECK(envelope.sender == "second@b");
  CHECK(envelope.recipients.size() == 1);
  CHECK(envelope.auth_user.empty());
  CHECK(envelope.queue_id.empty());
  CHECK(envelope.message_id.empty());
  CHECK(envelope.client_address == "192.0.2.1");
  CHECK(f.session.incoming_fields().empty());
  CHECK(f.Text(ended) == "Subject: s\r\n\r\n");
}

TEST_CASE("session: incoming X-Lazaret fields are counted and left out, others stay") {
  Fixture f;
  f.Begin();
  f.session.Header("X-Lazaret-Id", " 1");
  f.session.Header("x-lazaret-id ", " 2");
  f.session.Header("X-LAZARET-Class", " clean");
  f.session.Header("X-Lazare-Id", " stays");
  f.session.Header("X-Lazaret", " stays");
  CHECK(f.End() == "X-Lazare-Id: stays\r\nX-Lazaret: stays\r\n\r\n");
  const auto& fields = f.session.incoming_fields();
  REQUIRE(fields.size() == 2);
  CHECK(fields.at("x-lazaret-id").count == 2);
  CHECK(fields.at("x-lazaret-class").count == 1);
}

TEST_CASE("session: the header field limit holds at, below and above it") {
  for (const int count : {9, 10, 11}) {
    Fixture f;
    f.Begin();
    for (int i = 0; i < count; ++i) f.session.Header("A", " b");
    CHECK((f.End() == "552 5.3.4") == (count > 10));
    if (count > 10) {
      REQUIRE(f.last_refusal);
      CHECK(f.last_refusal->reason == RefusalReason::kHeaderFields);
      CHECK(f.last_refusal->envelope.sender == "a@b");
    }
  }
}

TEST_CASE("session: the recipient limit refuses the recipient, not the message") {
  Fixture f;
  f.Begin();
  f.session.Abort();
  REQUIRE_FALSE(f.session.MailFrom("<a@b>", {}, kNone));
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(f.session.RcptTo("<c@d>", kNone));
  const auto refused = f.session.RcptTo("<c@d>", kNone);
  REQUIRE(refused);
  CHECK(refused->code == "452");
  f.session.Data(kNone);
  CHECK(f.End() == "\r\n");
}

TEST_CASE("session: the size limit holds at, below and above it, in memory and in the spool") {
  for (const std::uint64_t limit : {900U, 50'000U}) {
    for (const int more : {-1, 0, 1}) {
      SessionOptions options = SmallOptions();
      options.store.message_bytes = limit;
      Fixture f(options);
      f.Begin();
      f.session.EndOfHeaders(kNone);
      f.session.Body(std::string(limit - 2 + static_cast<unsigned>(more + 1) - 1, 'x'));
      CHECK((f.End() == "552 5.3.4") == (more > 0));
    }
  }
}

TEST_CASE("session: SIZE above the limit is refused at MAIL, at the limit it is not") {
  Fixture f;
  CHECK_FALSE(f.session.MailFrom("<a@b>", {"BODY=8BITMIME", "SIZE=100000"}, kNone));
  for (const std::string_view size : {"SIZE=100001", "size=99999999999999999999999"}) {
    const auto refused = f.session.MailFrom("<a@b>", {size}, kNone);
    REQUIRE(refused);
    CHECK(refused->code == "552");
  }
  CHECK(f.handler.refused_at_mail == std::vector<std::string>{"a@b 552 5.3.4", "a@b 552 5.3.4"});
  CHECK(f.session.RcptTo("<c@d>", kNone));
  CHECK_FALSE(f.session.MailFrom("<a@b>", {"SIZE=", "SIZE=abc"}, kNone));
}

TEST_CASE("session: X-Lazaret fields above the limit refuse the message, at and below it they go") {
  for (const std::uint32_t count : {99U, 100U, 101U, 5000U}) {
    SessionOptions options = SmallOptions();
    options.header_fields = 10'000;
    options.own_fields = 100;
    Fixture f(options);
    f.Begin();
    for (std::uint32_t i = 0; i < count; ++i) {
      f.session.Header("X-Lazaret-" + std::to_string(i % 7 == 0 ? i : 0), " forged");
    }
    const bool refused = count > 100;
    CHECK((f.End() == "550 5.7.1") == refused);
    std::uint32_t to_remove = 0;
    for (const auto& [name, field] : f.session.incoming_fields()) to_remove += field.count;
    CHECK(to_remove == (refused ? 100U : count));
    // The next message is not held to it.
    f.Begin();
    CHECK(f.End() == "\r\n");
  }
}

TEST_CASE("session: content marked broken ends in a tempfail, and only for this message") {
  Fixture f;
  f.Begin();
  f.session.Header("A", " b");
  f.session.MarkBroken();
  f.session.Header("C", " d");
  CHECK(f.End() == "451 4.3.0");
  REQUIRE(f.last_refusal);
  CHECK(f.last_refusal->reason == RefusalReason::kInternal);
  f.Begin();
  CHECK(f.End() == "\r\n");
}

TEST_CASE("session: facts of the session that broke fail its messages until they are told again") {
  Fixture f;
  f.session.Helo("h", kNone);
  f.session.MarkBroken();
  for (int i = 0; i < 2; ++i) {
    f.Begin();
    CHECK(f.End() == "451 4.3.0");
  }
  f.session.Helo("h", kNone);
  f.Begin();
  CHECK(f.End() == "\r\n");
}

TEST_CASE("session: messages that begin and never end are counted, those that end are not") {
  Fixture f;
  f.Begin();
  f.End();
  f.session.Abort();
  CHECK(f.handler.aborted == 0);
  f.Begin();
  f.session.Abort();
  f.session.Abort();
  CHECK(f.handler.aborted == 1);
  f.Begin();
  f.session.EndOfHeaders(kNone);
  f.session.Body("x");
  f.Begin();  // a MAIL in the middle
  CHECK(f.handler.aborted == 2);
  f.session.Close();
  CHECK(f.handler.aborted == 3);
  f.session.Close();
  CHECK(f.handler.aborted == 3);
  REQUIRE(f.session.MailFrom("<a@b>", {"SIZE=100001"}, kNone));
  f.session.Abort();
  f.Begin();
  f.session.Header("A", " b");
  f.session.EndOfHeaders(kNone);
  f.session.Body(std::string(100'001, 'x'));
  CHECK(f.End() == "552 5.3.4");
  CHECK(f.handler.aborted == 3);
}

TEST_CASE("session: a large message goes through the spool unchanged and read-only") {
  Fixture f;
  f.Begin();
  f.session.Header("Subject", " s");
  f.session.EndOfHeaders(kNone);
  std::string body;
  for (int i = 0; i < 900; ++i) body += "0123456789012345678901234567890123456789\r\n";
  for (std::size_t at = 0; at < body.size(); at += 777) f.session.Body(body.substr(at, 777));
  const auto ended = f.session.EndOfMessage(kNone);
  CHECK(f.Text(ended) == "Subject: s\r\n\r\n" + body);
  CHECK_FALSE(base::WriteAll(std::get<Transaction>(ended).message.fd.get(), "x").ok());
}

TEST_CASE("session: a spool that cannot be written is a 452 at the end, never a message") {
  SessionOptions options = SmallOptions();
  options.store.spool_dir = "/nonexistent/spool";
  Fixture f(options);
  f.Begin();
  f.session.EndOfHeaders(kNone);
  f.session.Body(std::string(5000, 'x'));
  CHECK(f.End() == "452 4.3.1");
  REQUIRE(f.last_refusal);
  CHECK(f.last_refusal->reason == RefusalReason::kSpool);
  CHECK(f.last_refusal->bytes == 5002);
  f.Begin();
  CHECK(f.End() == "\r\n");
}

TEST_CASE("session: events out of order end in a tempfail, never in a message") {
  Fixture f;
  SECTION("end without MAIL") { CHECK(f.End() == "451 4.5.0"); }
  SECTION("RCPT without MAIL") { CHECK(f.session.RcptTo("<c@d>", kNone)); }
  SECTION("no recipient") {
    REQUIRE_FALSE(f.session.MailFrom("<a@b>", {}, kNone));
    f.session.Data(kNone);
    CHECK(f.End() == "451 4.5.0");
  }
  SECTION("header after the header's end") {
    f.Begin();
    f.session.EndOfHeaders(kNone);
    f.session.Header("A", " b");
    CHECK(f.End() == "451 4.5.0");
  }
  SECTION("body before the header's end") {
    f.Begin();
    f.session.Body("x");
    CHECK(f.End() == "451 4.5.0");
  }
  SECTION("two ends") {
    f.Begin();
    CHECK(f.End() == "\r\n");
    CHECK(f.End() == "451 4.5.0");
  }
  f.Begin();
  CHECK(f.End() == "\r\n");
}

TEST_CASE("session: a verdict is acknowledged once, by the next command or by close") {
  Fixture f;
  f.Begin();
  f.End();
  f.session.Answered("v1");
  f.Begin();
  CHECK(f.handler.signs == std::vector<std::string>{"v1 next"});
  f.End();
  f.session.Answered("v2");
  f.session.Close();
  f.session.Close();
  CHECK(f.handler.signs == std::vector<std::string>{"v1 next", "v2 close"});
}

TEST_CASE("session: 300 000 header fields are kept in linear time") {
  SessionOptions options;
  options.store.spool_dir = "/tmp";
  Fixture f(options);
  f.Begin();
  for (int i = 0; i < 300'000; ++i) f.session.Header("X-H", " v");
  const auto ended = f.session.EndOfMessage(kNone);
  REQUIRE(std::holds_alternative<Transaction>(ended));
  CHECK(std::get<Transaction>(ended).message.bytes == 300'000U * 8 + 2);
}

}  // namespace
}  // namespace lazaret::milter
