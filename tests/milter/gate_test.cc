// Peers that connect and do not negotiate, against the real adapter.
#include <memory>
#include <vector>

#include "tests/milter/filter_process.h"
#include "tests/support/catch.h"
#include "tests/support/fake_mta.h"

namespace lazaret::test {
namespace {

constexpr int kSoon = 5'000;  // milliseconds

// Postfix's negotiation: 13 bytes follow the length.
std::string Negotiation() {
  return std::string("\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff", 17);
}

bool Serves(const FilterProcess& filter) {
  FakeMta mta(filter.socket());
  MtaMessage message;
  message.headers = {{"Subject", " x"}};
  return mta.Greet() && mta.Send(message).final == 'c';
}

TEST_CASE(
    "gate: silent peers are closed in time, cost no thread, and others are served meanwhile") {
  FilterChoices choices;
  choices.half_open_seconds = 1;
  FilterProcess filter(choices);
  REQUIRE(Serves(filter));
  const int threads = filter.Threads();
  std::vector<std::unique_ptr<FakeMta>> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(std::make_unique<FakeMta>(filter.socket()));
    REQUIRE(silent.back()->SendRaw(std::string_view("\0\0", 2)));
  }
  CHECK(Serves(filter));
  // libmilter's own pool may have grown by a few; not by one a peer.
  CHECK(filter.Threads() < threads + 20);
  for (auto& mta : silent) CHECK(mta->ClosedWithin(kSoon));
  CHECK(Serves(filter));
}

TEST_CASE("gate: above its limit of silent peers the oldest is closed, at the limit none") {
  FilterChoices choices;
  choices.half_open_seconds = 60;
  choices.half_open_peers = 3;
  FilterProcess filter(choices);
  std::vector<std::unique_ptr<FakeMta>> silent;
  for (int i = 0; i < 3; ++i) silent.push_back(std::make_unique<FakeMta>(filter.socket()));
  CHECK_FALSE(silent[0]->ClosedWithin(300));
  silent.push_back(std::make_unique<FakeMta>(filter.socket()));
  CHECK(silent[0]->ClosedWithin(kSoon));
  CHECK_FALSE(silent[1]->ClosedWithin(300));
}

TEST_CASE("gate: a negotiation that arrives byte by byte is passed on whole") {
  FilterProcess filter;
  FakeMta mta(filter.socket());
  for (const char c : Negotiation()) REQUIRE(mta.SendRaw({&c, 1}));
  const auto answer = mta.Read(kSoon);
  REQUIRE(answer);
  CHECK(answer->command == 'O');
}

TEST_CASE("gate: a first packet of no length or of an absurd one is closed at once") {
  FilterProcess filter;
  FakeMta none(filter.socket());
  REQUIRE(none.SendRaw(std::string_view("\0\0\0\0", 4)));
  CHECK(none.ClosedWithin(kSoon));
  FakeMta absurd(filter.socket());
  REQUIRE(absurd.SendRaw("GET / HTTP/1.0\r\n\r\n"));
  CHECK(absurd.ClosedWithin(kSoon));
  CHECK(Serves(filter));
}

TEST_CASE("gate: a session that stops inside a packet is closed in time, one between two is not") {
  FilterChoices choices;
  choices.half_open_seconds = 1;
  FilterProcess filter(choices);
  FakeMta between(filter.socket());
  REQUIRE(between.Greet());
  std::vector<std::unique_ptr<FakeMta>> halves;
  for (const std::string_view half :
       {std::string_view("\0\0", 2), std::string_view("\0\0\0\x09M<a", 8)}) {
    for (int i = 0; i < 10; ++i) {
      halves.push_back(std::make_unique<FakeMta>(filter.socket()));
      REQUIRE(halves.back()->Greet());
      REQUIRE(halves.back()->SendRaw(half));
    }
  }
  for (auto& mta : halves) CHECK(mta->ClosedWithin(kSoon));
  CHECK_FALSE(between.ClosedWithin(1'000));
  MtaMessage message;
  message.headers = {{"Subject", " x"}};
  CHECK(between.Send(message).final == 'c');
  CHECK(Serves(filter));
}

TEST_CASE("gate: peers that come and go are forgotten") {
  FilterProcess filter;
  for (int i = 0; i < 500; ++i) FakeMta(filter.socket()).Drop();
  CHECK(Serves(filter));
}

}  // namespace
}  // namespace lazaret::test
