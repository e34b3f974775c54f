#include "db/audit/event_codec.h"

#include "db/audit/cbor.h"
#include "db/audit/event_archive.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

std::string Hexed(const CborWriter& writer) { return base::Hex(writer.bytes()); }

}  // namespace

TEST_CASE("cbor: heads are the shortest form of RFC 8949 appendix A", "[db][cbor]") {
  const std::pair<std::uint64_t, const char*> cases[] = {{0, "00"},
                                                         {23, "17"},
                                                         {24, "1818"},
                                                         {255, "18ff"},
                                                         {256, "190100"},
                                                         {65535, "19ffff"},
                                                         {65536, "1a00010000"},
                                                         {0xFFFFFFFF, "1affffffff"},
                                                         {1ULL << 32, "1b0000000100000000"},
                                                         {UINT64_MAX, "1bffffffffffffffff"}};
  for (const auto& one : cases) {
    CborWriter writer;
    writer.Uint(one.first);
    CHECK(Hexed(writer) == one.second);
    CborReader reader(writer.bytes());
    CHECK(reader.Uint(UINT64_MAX) == one.first);
    CHECK(reader.AtEnd());
  }
  CborWriter writer;
  writer.Int(-1);
  writer.Int(INT64_MIN);
  writer.Int(100);
  CHECK(Hexed(writer) == "203b7fffffffffffffff1864");
  CborReader reader(writer.bytes());
  CHECK(reader.Int() == -1);
  CHECK(reader.Int() == INT64_MIN);
  CHECK(reader.Int() == 100);
  CHECK(reader.AtEnd());
}

TEST_CASE("cbor: longer heads, indefinite lengths, other types and short input are refused",
          "[db][cbor]") {
  const std::string wrong[] = {{"\x18\x17", 2},
                               {"\x19\x00\xff", 3},
                               {"\x1a\x00\x00\xff\xff", 5},
                               {"\x1f", 1},
                               {"\x1c", 1},
                               {"\x20", 1},
                               {"\x60", 1},
                               {"\xf6", 1},
                               {"\xc0\x01", 2},
                               {"\x19\x01", 2},
                               {"", 0}};
  for (const std::string& bytes : wrong) {
    CborReader reader(bytes);
    CHECK(reader.Uint(UINT64_MAX) == 0);
    CHECK_FALSE(reader.ok());
  }
  CborReader text("\x62\xc3\x28");
  CHECK(text.Text(10).empty());
  CHECK_FALSE(text.ok());
  CborReader over(
      "\x63"
      "abc");
  over.Text(2);
  CHECK_FALSE(over.ok());
  CborReader at(
      "\x63"
      "abc");
  CHECK(at.Text(3) == "abc");
  CborReader many("\x9a\xff\xff\xff\xff");
  CHECK(many.Array(SIZE_MAX) == 0);
  CHECK_FALSE(many.ok());
  CborReader below(std::string_view("\x3b\x80\x00\x00\x00\x00\x00\x00\x00", 9));
  below.Int();
  CHECK_FALSE(below.ok());
}

TEST_CASE("codec: a decision comes back with every field", "[db][codec]") {
  const DecisionEvent event = SampleDecision(7);
  const EncodedEvent encoded = EncodeEvent(event);
  const auto decoded = DecodeEvent(EventKind::kDecision, encoded.body, encoded.personal);
  REQUIRE(decoded.ok());
  const auto& back = std::get<DecisionEvent>(*decoded);
  CHECK(back.verdict_id == event.verdict_id);
  CHECK(back.time == event.time);
  CHECK(back.node == event.node);
  CHECK(back.envelope.sender == event.envelope.sender);
  CHECK(back.envelope.recipients == event.envelope.recipients);
  CHECK(back.envelope.client_address == event.envelope.client_address);
  CHECK(back.envelope.client_name == event.envelope.client_name);
  CHECK(back.envelope.helo == event.envelope.helo);
  CHECK(back.envelope.auth_user == event.envelope.auth_user);
  CHECK(back.envelope.daemon_name == event.envelope.daemon_name);
  CHECK(back.envelope.queue_id == event.envelope.queue_id);
  CHECK(back.envelope.message_id == event.envelope.message_id);
  CHECK(back.envelope.direction == event.envelope.direction);
  CHECK(back.envelope.tls.cipher == event.envelope.tls.cipher);
  CHECK(back.envelope.tls.bits == 256);
  CHECK(back.envelope.tls.cert_issuer == "CN=ca");
  CHECK(back.message_sha256 == event.message_sha256);
  CHECK(back.body_sha256 == event.body_sha256);
  CHECK(back.message_bytes == 4711);
  REQUIRE(back.analysis.tree.size() == 2);
  CHECK(back.analysis.tree[1].claimed_name == "offer.zip");
  CHECK(back.analysis.tree[1].sha256 == event.analysis.tree[1].sha256);
  CHECK(back.analysis.looked == event.analysis.looked);
  CHECK(back.analysis.not_looked[0].reason == "no time left");
  CHECK(back.analysis.timing[1].micros == 9000);
  CHECK(back.analysis.detectors[0].distinct == 2);
  CHECK(back.analysis.subject == event.analysis.subject);
  REQUIRE(back.verdict.findings.size() == 2);
  CHECK(back.verdict.findings[1].span->end == 29);
  CHECK(back.verdict.findings[1].proposed == policy::Action::kReject);
  CHECK(back.verdict.findings[1].evidence == "4111 **** **** 1111");
  REQUIRE(back.verdict.recipients.size() == 2);
  CHECK(back.verdict.recipients[1].recipient == "Carol@Other.test");
  CHECK(back.verdict.recipients[1].action == policy::Action::kHold);
  CHECK(back.verdict.recipients[1].steps.size() == 2);
  CHECK(back.verdict.reason == event.verdict.reason);
  CHECK(back.engine == event.engine);
  CHECK(back.smtp_reply == event.smtp_reply);
  CHECK(back.millis == 42);
}

TEST_CASE("codec: no personal value stands in the body", "[db][codec]") {
  const EncodedEvent encoded = EncodeEvent(SampleDecision(7));
  for (const char* value :
       {"Alice7@", "bob@lazaret", "Carol@", "192.0.2.7", "mail.example.org", "helo.example",
        "id@example.org", "Your offer", "CN=alice", "offer.zip", "4111 ****"}) {
    INFO(value);
    CHECK(encoded.body.find(value) == std::string::npos);
    CHECK(encoded.personal.find(value) != std::string::npos);
  }
}

TEST_CASE("codec: the same value twice has two hashes, and two encodings differ", "[db][codec]") {
  ReleaseEvent event;
  event.recipients = {"a@b.test", "a@b.test"};
  const EncodedEvent encoded = EncodeEvent(event);
  const auto values = DecodePersonal(encoded.personal);
  REQUIRE(values);
  REQUIRE(values->size() == 2);
  CHECK((*values)[0]->salt != (*values)[1]->salt);
  CHECK(EncodeEvent(event).body != encoded.body);
}

TEST_CASE("codec: a forgotten value reads as such, a changed one is refused", "[db][codec]") {
  const EncodedEvent encoded = EncodeEvent(SampleDecision(7));
  auto values = DecodePersonal(encoded.personal).value();
  values[0].reset();
  const auto some = DecodeEvent(EventKind::kDecision, encoded.body, EncodePersonal(values));
  REQUIRE(some.ok());
  CHECK(std::get<DecisionEvent>(*some).envelope.sender == kForgotten);
  CHECK(std::get<DecisionEvent>(*some).envelope.helo == "helo.example.org");
  REQUIRE(DecodeEvent(EventKind::kDecision, encoded.body, "").ok());

  values[1]->value = "eve@lazaret.test";
  CHECK_FALSE(DecodeEvent(EventKind::kDecision, encoded.body, EncodePersonal(values)).ok());
  auto fewer = DecodePersonal(encoded.personal).value();
  fewer.pop_back();
  CHECK_FALSE(DecodeEvent(EventKind::kDecision, encoded.body, EncodePersonal(fewer)).ok());
  auto more = DecodePersonal(encoded.personal).value();
  more.emplace_back();
  CHECK_FALSE(DecodeEvent(EventKind::kDecision, encoded.body, EncodePersonal(more)).ok());
}

TEST_CASE("codec: every cut and every changed head of a body is refused or read as itself",
          "[db][codec]") {
  const EncodedEvent encoded = EncodeEvent(SampleDecision(7));
  for (std::size_t length = 0; length < encoded.body.size(); ++length) {
    CHECK_FALSE(DecodeEvent(EventKind::kDecision, encoded.body.substr(0, length), "").ok());
  }
  CHECK_FALSE(DecodeEvent(EventKind::kDecision, encoded.body + '\0', "").ok());
  CHECK_FALSE(DecodeEvent(EventKind::kUpdate, encoded.body, "").ok());
  CHECK_FALSE(DecodeEvent(static_cast<EventKind>(9), encoded.body, "").ok());
}

TEST_CASE("codec: hostile bytes stay in personal fields and become valid UTF-8 elsewhere",
          "[db][codec]") {
  DecisionEvent event = SampleDecision(1);
  event.envelope.sender = std::string("\xff\x00\x1b[31m@x", 9);
  event.verdict.reason = "bad \xff byte";
  event.verdict.recipients[0].recipient = "someone.else@lazaret.test";
  const EncodedEvent encoded = EncodeEvent(event);
  const auto decoded = DecodeEvent(EventKind::kDecision, encoded.body, encoded.personal);
  REQUIRE(decoded.ok());
  const auto& back = std::get<DecisionEvent>(*decoded);
  CHECK(back.envelope.sender == event.envelope.sender);
  CHECK(back.verdict.reason == "bad \xEF\xBF\xBD byte");
  CHECK(back.verdict.recipients[0].recipient == "someone.else@lazaret.test");
  CHECK(DecodeEvent(EventKind::kDecision, encoded.body, "").ok());
}

TEST_CASE("codec: many recipients with one plan store it once", "[db][codec]") {
  DecisionEvent event = SampleDecision(1);
  event.envelope.recipients.clear();
  event.verdict.recipients.clear();
  for (int i = 0; i < 1000; ++i) {
    event.envelope.recipients.push_back("user" + std::to_string(i) + "@lazaret.test");
    event.verdict.recipients.push_back(
        SampleRecipient(event.envelope.recipients.back(), policy::Action::kReject, 2));
  }
  const EncodedEvent encoded = EncodeEvent(event);
  CHECK(encoded.body.size() < 1000 * 45);
  const auto decoded = DecodeEvent(EventKind::kDecision, encoded.body, encoded.personal);
  REQUIRE(decoded.ok());
  CHECK(std::get<DecisionEvent>(*decoded).verdict.recipients[999].steps.size() == 2);
}

TEST_CASE("codec: plans that no recipient uses, or in another order, are refused", "[db][codec]") {
  DecisionEvent event = SampleDecision(1);
  event.envelope.recipients = {"a@lazaret.test", "b@lazaret.test"};
  event.verdict.recipients = {SampleRecipient("a@lazaret.test", policy::Action::kReject, 1),
                              SampleRecipient("b@lazaret.test", policy::Action::kAccept, 1)};
  const EncodedEvent encoded = EncodeEvent(event);
  REQUIRE(DecodeEvent(EventKind::kDecision, encoded.body, encoded.personal).ok());
  // Two recipients, each a plan and no address of its own.
  const std::string recipients("\x82\x82\x00\x40\x82\x01\x40", 7);
  const std::size_t at = encoded.body.rfind(recipients);
  REQUIRE(at != std::string::npos);
  for (const std::string& other : {std::string("\x82\x82\x00\x40\x82\x00\x40", 7),
                                   std::string("\x82\x82\x01\x40\x82\x00\x40", 7)}) {
    std::string body = encoded.body;
    body.replace(at, other.size(), other);
    CHECK_FALSE(DecodeEvent(EventKind::kDecision, body, encoded.personal).ok());
  }
}

TEST_CASE("codec: the largest verdict stays small, written and read", "[db][codec]") {
  DecisionEvent event = SampleDecision(1);
  event.envelope.recipients.clear();
  event.verdict.recipients.clear();
  event.verdict.findings.assign(10'000, SampleFinding("x.y", policy::Class::kPolicy));
  const auto shared = SampleRecipient("", policy::Action::kReject, 10'000);
  for (int i = 0; i < 1000; ++i) {
    event.envelope.recipients.push_back("user" + std::to_string(i) + "@lazaret.test");
    event.verdict.recipients.push_back(shared);
    event.verdict.recipients.back().recipient = event.envelope.recipients.back();
  }
  const EncodedEvent encoded = EncodeEvent(std::move(event));
  CHECK(encoded.body.size() < 4U << 20);
  CHECK(encoded.personal.size() < 4U << 20);
  const auto decoded = DecodeEvent(EventKind::kDecision, encoded.body, encoded.personal);
  REQUIRE(decoded.ok());
  const auto& recipients = std::get<DecisionEvent>(*decoded).verdict.recipients;
  REQUIRE(recipients.size() == 1000);
  for (const policy::RecipientVerdict& one : recipients) {
    REQUIRE(one.steps.size() == 10'000);
    REQUIRE(one.steps.SharesWith(recipients[0].steps));
  }
}

TEST_CASE("codec: update, release and forget events come back", "[db][codec]") {
  UpdateEvent update;
  update.verdict_id = "abc";
  update.actor = "sandbox";
  update.cls = policy::Class::kMalicious;
  update.findings = {SampleFinding("x.y", policy::Class::kMalicious)};
  ReleaseEvent release;
  release.actor = "operator";
  release.discarded = true;
  release.note = "spam";
  ForgetEvent forget;
  forget.scope = ForgetScope::kPrefix;
  forget.through_seq = 12;
  forget.through_hash = base::Sha256("x");
  for (const Event& event : {Event(update), Event(release), Event(forget)}) {
    const EncodedEvent encoded = EncodeEvent(event);
    const auto decoded = DecodeEvent(KindOf(event), encoded.body, encoded.personal);
    REQUIRE(decoded.ok());
    CHECK(KindOf(*decoded) == KindOf(event));
    CHECK(EncodeEvent(event).body.size() == encoded.body.size());
  }
}
