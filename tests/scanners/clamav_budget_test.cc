// All calls for one message share one budget, and a limit is said once.
#include <time.h>

#include <algorithm>

#include "mail/reader.h"
#include "scanners/clamav/canonical.h"
#include "scanners/clamav/clamav_scanner.h"
#include "scanners/clamav/scan_call.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {
namespace {

constexpr std::size_t kMember = 4U << 20;

double CpuSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename Function>
double Cost(const Function& function) {
  const double start = CpuSeconds();
  function();
  return CpuSeconds() - start;
}

// Sixteen members that unpack to far more than may be scanned.
std::string Bomb() {
  const std::string zeros(kMember, '\0');
  const std::string packed = DeflatedZeros(kMember);
  std::vector<Member> members;
  for (int i = 0; i < 16; ++i)
    members.push_back({"lib" + std::to_string(i) + ".dll", zeros, false, packed});
  return Zip(members);
}

ClamavOptions SmallLimits() {
  ClamavOptions options;
  options.max_scan_bytes = 24U << 20;
  options.max_file_bytes = 8U << 20;
  return options;
}

std::size_t CountOf(const Findings& findings, std::string_view code) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [code](const policy::Finding& finding) { return finding.code == code; }));
}

}  // namespace

TEST_CASE("clamav: an archive bomb is paid for once") {
  const auto engine = MakeEngine({}, SmallLimits());
  const std::string message = Multipart({Part("bomb.zip", Bomb())});
  static_cast<void>(Judge(*engine->engine, TextMail("warm\r\n")));
  const auto tree = mail::ReadMessage(message, mail::ReadLimits(), base::Deadline());
  REQUIRE(tree.ok());
  const double once = Cost([&] {
    CallOptions options;
    options.max_millis = 60'000;
    options.max_bytes = SmallLimits().max_scan_bytes;
    static_cast<void>(CallLibrary(engine->engine->raw(), ReceivedLine() + message, options,
                                  [](const Layer&) { return std::nullopt; }));
  });
  base::Result<Findings> result = Findings{};
  const double whole = Cost([&] { result = JudgeTree(*engine->engine, *tree); });
  INFO(Show(result) << " one call " << once << " s, whole plan " << whole << " s");
  REQUIRE(result.ok());
  REQUIRE(result->size() == 1);
  CHECK(result->front().code == "scan.unscannable.maxscansize");
  CHECK(whole < 2 * once);
}

TEST_CASE("clamav: what lies beside an archive bomb is looked at") {
  const auto engine = MakeEngine({}, SmallLimits());
  const std::string bomb = Part("bomb.zip", Bomb());
  const std::string marker = Part("e.zip", EicarZip());
  for (const std::string& message : {Multipart({bomb, marker}), Multipart({marker, bomb}),
                                     Multipart({bomb, marker}, "signed")}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
    CHECK(CountOf(*result, "scan.unscannable.maxscansize") == 1);
  }
}

TEST_CASE("clamav: a limit reached by many objects is one finding with their number") {
  ClamavOptions options;
  options.max_file_bytes = 100'000;
  const auto engine = MakeEngine({}, options);
  const std::string large(60'000, '\x01');
  std::vector<Member> members;
  for (int i = 0; i < 3; ++i)
    members.push_back(
        {std::to_string(i), std::string(150'000, '\0'), false, DeflatedZeros(150'000)});
  const auto result = Judge(*engine->engine, Multipart({Part("a.zip", Zip(members))}));
  INFO(Show(result));
  REQUIRE(result.ok());
  REQUIRE(CountOf(*result, "scan.unscannable.maxfilesize") == 1);
  CHECK(result->size() == 1);
}

TEST_CASE("clamav: objects that do not fit into the budget of bytes are said, with their number") {
  ClamavOptions options;
  options.max_scan_bytes = 2U << 20;
  options.max_file_bytes = 2U << 20;
  const auto engine = MakeEngine({}, options);
  const std::string message = TextMail("text\r\n");
  std::vector<std::string> contents;
  for (char c = 'a'; c < 'f'; ++c) contents.push_back(std::string(300'000, c));
  const auto judge = [&](std::size_t count) {
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < count; ++i)
      nodes.push_back({0, mail::ArtifactKind::kPart, "a.bin", contents[i]});
    return JudgeTree(*engine->engine, TreeOf(message, nodes));
  };
  const auto below = judge(2);
  INFO(Show(below));
  REQUIRE(below.ok());
  CHECK(below->empty());
  const auto above = judge(5);
  INFO(Show(above));
  REQUIRE(above.ok());
  REQUIRE(CountOf(*above, "scan.unscannable.maxscansize") == 1);
  CHECK(above->front().count == 3);
}

TEST_CASE("clamav: the deadline of the message ends a call that is on its way") {
  const auto engine = MakeEngine();
  const std::string html = "<html><p>" + std::string(32U << 20, 'x') + "</p></html>";
  const std::string message = TextMail(html, "text/html");
  const auto tree = TreeOf(message, {});
  ClamavScanner scanner(*engine->engine);
  scanner.Begin(policy::JobFacts());
  const auto result = scanner.Finish(tree, base::Deadline::AfterMillis(20));
  INFO(Show(result));
  CHECK_FALSE(result.ok());
  scanner.Begin(policy::JobFacts());
  CHECK(scanner.Finish(TreeOf("Subject: a\r\n\r\ntext\r\n", {}), base::Deadline()).ok());
}

}  // namespace lazaret::scanners::test
