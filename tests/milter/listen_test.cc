// Where the real adapter listens, and where it must not.
#include <signal.h>

#include "tests/milter/filter_process.h"
#include "tests/support/catch.h"
#include "tests/support/fake_mta.h"

namespace lazaret::test {
namespace {

bool Serves(const FilterProcess& filter) {
  FakeMta mta(filter.socket());
  MtaMessage message;
  message.headers = {{"Subject", " x"}};
  return mta.Greet() && mta.Send(message).final == 'c';
}

TEST_CASE("listen: inet and inet6 serve, stop in order, and free the port") {
  for (const bool v6 : {false, true}) {
    FilterChoices choices;
    choices.listen = FreeInetListen(v6);
    if (choices.listen.empty()) {
      WARN("no loopback of this family on this machine");
      REQUIRE(v6);
      continue;
    }
    CAPTURE(choices.listen);
    {
      FilterProcess filter(choices);
      REQUIRE(Serves(filter));
      filter.Signal(SIGTERM);
      CHECK(filter.ExitWithin(10'000) == 0);
    }
    FilterProcess again(choices);
    CHECK(Serves(again));
  }
}

TEST_CASE("listen: a second filter on an inet port in use is refused, the first goes on") {
  FilterChoices choices;
  choices.listen = FreeInetListen(false);
  FilterProcess first(choices);
  REQUIRE(Serves(first));
  FilterProcess second(choices);
  CHECK(second.ExitWithin(10'000) == 3);
  CHECK(Serves(first));
}

TEST_CASE("listen: a second filter on a live unix socket is refused, the first goes on") {
  FilterProcess first;
  REQUIRE(Serves(first));
  FilterChoices choices;
  choices.listen = "unix:" + first.socket();
  FilterProcess second(choices);
  CHECK(second.ExitWithin(10'000) == 3);
  CHECK(Serves(first));
}

TEST_CASE("listen: the socket file of a filter that was killed is taken over") {
  FilterProcess first;
  REQUIRE(Serves(first));
  first.Signal(SIGKILL);
  REQUIRE(first.ExitWithin(10'000) == 128 + SIGKILL);
  FilterChoices choices;
  choices.listen = "unix:" + first.socket();
  FilterProcess second(choices);
  FakeMta mta(first.socket());
  CHECK(mta.Greet());
}

}  // namespace
}  // namespace lazaret::test
