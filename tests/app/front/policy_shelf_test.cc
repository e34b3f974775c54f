#include "app/front/policy_shelf.h"

#include "tests/support/catch.h"

namespace lazaret::front {
namespace {

TEST_CASE("policies: the first is in force until another that is known takes its place") {
  PolicyShelf shelf;
  CHECK(shelf.InForce() == nullptr);
  shelf.Add("a", {});
  shelf.Add("b", {});
  CHECK(shelf.InForceBundle() == "a");
  CHECK_FALSE(shelf.SwitchTo("c"));
  CHECK(shelf.InForceBundle() == "a");
  CHECK(shelf.SwitchTo("b"));
  CHECK(shelf.InForce() == shelf.Find("b"));
  CHECK(shelf.Find("a") != nullptr);
}

TEST_CASE("policies: old ones are forgotten, but not those in force, of live generations, or new") {
  PolicyShelf shelf;
  const auto add = [&shelf](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) shelf.Add("p" + std::to_string(i), {});
  };
  add(0, PolicyShelf::kNewest);
  shelf.Forget({});
  CHECK(shelf.Find("p0") != nullptr);
  CHECK(shelf.Find("p1") != nullptr);
  add(PolicyShelf::kNewest, PolicyShelf::kNewest + 3);
  shelf.Forget({"p1"});
  CHECK(shelf.Find("p0") != nullptr);
  CHECK(shelf.Find("p1") != nullptr);
  CHECK(shelf.Find("p2") == nullptr);
  CHECK(shelf.Find("p3") != nullptr);
}

}  // namespace
}  // namespace lazaret::front
