#include "app/analyzer/addresses.h"

#include "tests/support/catch.h"

using lazaret::analyzer::AddressesOf;
using Addresses = std::vector<std::string>;

TEST_CASE("addresses: mailboxes with and without display names", "[app][analyzer]") {
  CHECK(AddressesOf("a@x.test") == Addresses{"a@x.test"});
  CHECK(AddressesOf("Ann Example <a@x.test>, b@y.test") == Addresses{"a@x.test", "b@y.test"});
  CHECK(AddressesOf("friends: a@x.test, <b@y.test>;") == Addresses{"a@x.test", "b@y.test"});
}

TEST_CASE("addresses: commas and addresses in quoted names and comments do not count",
          "[app][analyzer]") {
  CHECK(AddressesOf("\"Bank, <safe@bank.test>\" <thief@evil.test>") ==
        Addresses{"thief@evil.test"});
  CHECK(AddressesOf("a@x.test (see b@y.test)") == Addresses{"a@x.test"});
}

TEST_CASE("addresses: a value without an address gives none", "[app][analyzer]") {
  CHECK(AddressesOf("").empty());
  CHECK(AddressesOf("undisclosed-recipients:;").empty());
  CHECK(AddressesOf("<>").empty());
  CHECK(AddressesOf("\"unterminated").empty());
}

TEST_CASE("addresses: a flood stops at the limit", "[app][analyzer]") {
  std::string flood;
  for (std::size_t i = 0; i < lazaret::analyzer::kMaxAssumedAddresses + 5; ++i)
    flood += "a@x.test,";
  CHECK(AddressesOf(flood).size() == lazaret::analyzer::kMaxAssumedAddresses);
}
