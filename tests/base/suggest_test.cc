#include "base/suggest.h"

#include "tests/support/catch.h"

using lazaret::base::Nearest;

TEST_CASE("suggest: a mistyped word finds the nearest known one", "[base]") {
  const std::vector<std::string> known = {"scan", "log", "rules", "check", "status"};
  CHECK(Nearest("chek", known) == "check");
  CHECK(Nearest("chekc", known) == "check");
  CHECK(Nearest("CHECK", known) == "check");
  CHECK(Nearest("rule", known) == "rules");
  CHECK(Nearest("stauts", known) == "status");
  CHECK(Nearest("lgo", known) == "log");
  CHECK(Nearest("frobnicate", known).empty());
  CHECK(Nearest("xyz", known).empty());
  CHECK(Nearest("", known).empty());
  CHECK(Nearest(std::string(100'000, 'c'), known).empty());
}

TEST_CASE("suggest: a long word may have more wrong letters", "[base]") {
  CHECK(Nearest("deadline_secs", {"deadline_seconds"}) == "deadline_seconds");
  CHECK(Nearest("deadline_sec", {"deadline_seconds"}).empty());
  CHECK(Nearest("deadlin", {"deadline_x"}).empty());
}

TEST_CASE("suggest: the hint names the nearest word and all known ones", "[base]") {
  CHECK(lazaret::base::UnknownHint("sendr", {"sender", "tls"}) ==
        "did you mean \"sender\"? known are sender, tls");
  CHECK(lazaret::base::UnknownHint("zzz", {"sender", "tls"}) == "known are sender, tls");
}
