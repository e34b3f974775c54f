// Corpus pairs: NAME.eml is read, NAME.expect holds one line for each thing that must be in the
// tree's dump ("! line" must not be). A line matches when it is part of a dump line.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"
#include "mail/reader.h"
#include "tests/mail/dump.h"
#include "tests/support/catch.h"

namespace lazaret::mail {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

bool Holds(const std::vector<std::string>& dump, const std::string& wanted) {
  return std::any_of(dump.begin(), dump.end(), [&](const std::string& line) {
    return line.find(wanted) != std::string::npos;
  });
}

void CheckPair(const std::filesystem::path& mail) {
  const auto bytes = base::ReadFile(mail.string(), 1U << 20);
  auto expect_path = mail;
  const auto expect = base::ReadFile(expect_path.replace_extension(".expect").string(), 1U << 20);
  REQUIRE(bytes.ok());
  REQUIRE(expect.ok());
  const auto tree = ReadMessage(*bytes, ReadLimits{}, base::Deadline());
  REQUIRE(tree.ok());
  const std::string dump = DumpTree(*tree);
  const std::vector<std::string> lines = Lines(dump);
  const std::vector<std::string> wanted = Lines(*expect);
  REQUIRE_FALSE(wanted.empty());
  for (const std::string& line : wanted) {
    INFO(mail.filename().string() << "\nwanted: " << line << "\n" << dump);
    if (line.compare(0, 2, "! ") == 0) {
      CHECK_FALSE(Holds(lines, line.substr(2)));
    } else {
      CHECK(Holds(lines, line));
    }
  }
}

TEST_CASE("mail: every corpus message reads as its expectation says") {
  std::size_t pairs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(LAZARET_MAIL_CORPUS)) {
    if (entry.path().extension() != ".eml") continue;
    CheckPair(entry.path());
    ++pairs;
  }
  CHECK(pairs >= 20);
}

}  // namespace
}  // namespace lazaret::mail
