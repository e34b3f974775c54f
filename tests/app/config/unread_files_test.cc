#include "app/config/unread_files.h"

#include "tests/app/config/temp_folder.h"
#include "tests/support/catch.h"

using namespace lazaret;

namespace {

std::vector<std::string> UnreadIn(const tests::TempFolder& folder, std::vector<std::string> sets) {
  sets.push_back("paths.root=" + folder.path());
  auto loaded = config::LoadConfigText("", "l.yaml", sets);
  REQUIRE(loaded.ok());
  return config::UnreadFiles(*loaded);
}

}  // namespace

TEST_CASE("unread files: what lies beside rules and lists under another ending is named",
          "[config]") {
  tests::TempFolder folder;
  CHECK(UnreadIn(folder, {}).empty());
  const std::string etc = "etc/lazaret/";
  for (const char* fine : {"rules.d/a.yaml", "rules.d/.hidden.yml", "rules.d/a.yaml~",
                           "rules.d/README", "lists.d/a.txt"})
    folder.Write(etc + fine, "");
  CHECK(UnreadIn(folder, {}).empty());
  const std::string rule = folder.Write(etc + "rules.d/b.yml", "");
  const std::string list = folder.Write(etc + "lists.d/names", "");
  const std::string more = folder.Write("more/c.YAML", "");
  CHECK(UnreadIn(folder, {"rules.paths=" + folder.path() + "/more"}) ==
        std::vector<std::string>{list + ": not read: the name of a list ends in .txt",
                                 rule + ": not read: the name of a file of rules ends in .yaml",
                                 more + ": not read: the name of a file of rules ends in .yaml"});
}

TEST_CASE("unread files: a folder of rubbish is counted, not listed", "[config]") {
  tests::TempFolder folder;
  for (std::size_t i = 0; i < config::kMaxUnreadShown; ++i)
    folder.Write("etc/lazaret/rules.d/" + std::to_string(i), "");
  CHECK(UnreadIn(folder, {}).size() == config::kMaxUnreadShown);
  folder.Write("etc/lazaret/rules.d/last", "");
  const auto said = UnreadIn(folder, {});
  REQUIRE(said.size() == config::kMaxUnreadShown + 1);
  CHECK(said.back() == "... and 1 more files that are not read");
}
