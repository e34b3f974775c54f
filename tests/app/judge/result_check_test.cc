#include "app/judge/result_check.h"

#include "base/bytes.h"
#include "tests/support/catch.h"

using namespace lazaret;

namespace {

process::Uid TestUid() {
  process::Uid uid{};
  uid.fill(7);
  return uid;
}

process::Frame GoodResult(const std::string& bytes, std::uint64_t announced) {
  process::Frame frame;
  frame.type = process::FrameType::kResult;
  frame.uid = TestUid();
  frame.nonce = 9;
  base::ByteWriter payload;
  payload.U64(announced);
  payload.U64(1234);
  payload.U8(0);
  frame.payload = payload.Take();
  auto fd = base::SealedMemfd("test", bytes);
  REQUIRE(fd.ok());
  frame.fds.push_back(std::move(fd).value());
  return frame;
}

std::string SmallAnalysis() {
  policy::Analysis analysis;
  analysis.tree.push_back({});
  analysis.looked.push_back("clamav");
  return policy::EncodeAnalysis(analysis);
}

}  // namespace

TEST_CASE("result check: a good answer is taken", "[app][judge]") {
  const std::string bytes = SmallAnalysis();
  const auto result = judge::CheckResult(GoodResult(bytes, bytes.size()), TestUid(), 9);
  REQUIRE(result.ok());
  CHECK(result->analysis.looked == std::vector<std::string>{"clamav"});
  CHECK(result->cpu_micros == 1234);
  CHECK_FALSE(result->retiring);
}

TEST_CASE("result check: an answer to another message is refused", "[app][judge]") {
  const std::string bytes = SmallAnalysis();
  CHECK_FALSE(judge::CheckResult(GoodResult(bytes, bytes.size()), TestUid(), 10).ok());
  process::Uid other = TestUid();
  other[3] = 0;
  CHECK_FALSE(judge::CheckResult(GoodResult(bytes, bytes.size()), other, 9).ok());
}

TEST_CASE("result check: an unsealed, missing or wrong-sized result is refused", "[app][judge]") {
  const std::string bytes = SmallAnalysis();
  CHECK_FALSE(judge::CheckResult(GoodResult(bytes, bytes.size() + 1), TestUid(), 9).ok());
  process::Frame without = GoodResult(bytes, bytes.size());
  without.fds.clear();
  CHECK_FALSE(judge::CheckResult(without, TestUid(), 9).ok());
  process::Frame unsealed = GoodResult(bytes, bytes.size());
  auto fd = base::NewMemfd("test");
  REQUIRE(fd.ok());
  REQUIRE(base::WriteAll(fd->get(), bytes).ok());
  unsealed.fds[0] = std::move(fd).value();
  CHECK_FALSE(judge::CheckResult(unsealed, TestUid(), 9).ok());
}

TEST_CASE("result check: bytes that are no analysis are refused", "[app][judge]") {
  const std::string bytes = SmallAnalysis() + "x";
  CHECK_FALSE(judge::CheckResult(GoodResult(bytes, bytes.size()), TestUid(), 9).ok());
  CHECK_FALSE(judge::CheckResult(GoodResult("", 0), TestUid(), 9).ok());
}
