#include "app/config/key_table.h"
#include "base/fd.h"
#include "tests/support/catch.h"

using namespace lazaret;

namespace {

std::string Page() {
  const auto text =
      base::ReadFile(std::string(LAZARET_SOURCE_DIR) + "/docs/config-keys.md", 1U << 20);
  REQUIRE(text.ok());
  return *text;
}

}  // namespace

TEST_CASE("config: docs/config-keys.md has one row for each key", "[config][docs]") {
  const std::string page = Page();
  for (const config::Key& key : config::AllKeys()) {
    INFO(key.name);
    const std::string row = "\n| `" + std::string(key.name) + "` |";
    const std::size_t at = page.find(row);
    REQUIRE(at != std::string::npos);
    CHECK(page.find(row, at + 1) == std::string::npos);
  }
}

TEST_CASE("config: docs/config-keys.md has no row for a key that does not exist",
          "[config][docs]") {
  const std::string page = Page();
  std::size_t rows = 0;
  for (std::size_t at = page.find("\n| `"); at != std::string::npos;
       at = page.find("\n| `", at + 1)) {
    ++rows;
  }
  CHECK(rows == config::AllKeys().size());
}
