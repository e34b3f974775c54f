#include "app/lazaret/suggest.h"

#include "tests/support/catch.h"

using lazaret::cli::Nearest;

TEST_CASE("cli: a mistyped word finds the nearest known one", "[cli]") {
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
