#include "milter/message_store.h"

#include "tests/support/catch.h"

namespace lazaret::milter {
namespace {

constexpr std::uint64_t kInString = 64U << 10;
constexpr std::uint64_t kMemory = 200'000;
constexpr std::uint64_t kMost = 500'000;

StoreOptions Options() {
  StoreOptions options;
  options.memory_bytes = kMemory;
  options.message_bytes = kMost;
  options.spool_dir = "/tmp";
  return options;
}

std::string Content(std::uint64_t bytes) {
  std::string content(bytes, '\0');
  for (std::uint64_t at = 0; at < bytes; ++at) content[at] = static_cast<char>('a' + at * 7 % 26);
  return content;
}

// As packets bring it, the first `head` bytes being header.
base::Result<StoredMessage> Store(const std::string& content, std::size_t packet) {
  MessageStore store(Options());
  constexpr std::size_t kHead = 10;
  LAZARET_TRY(store.Append(std::string_view(content).substr(0, kHead)));
  store.BeginBody();
  for (std::size_t at = kHead; at < content.size(); at += packet)
    LAZARET_TRY(store.Append(std::string_view(content).substr(at, packet)));
  return store.Finish();
}

void CheckWhole(std::uint64_t bytes, std::size_t packet, bool in_memory) {
  CAPTURE(bytes, packet);
  const std::string content = Content(bytes);
  const auto stored = Store(content, packet);
  REQUIRE(stored.ok());
  CHECK(stored->bytes == bytes);
  CHECK(base::IsSealed(stored->fd.get()) == in_memory);
  CHECK(*base::ReadFdWhole(stored->fd.get(), kMost, "message") == content);
  CHECK(stored->sha256 == base::Sha256(content));
  CHECK(stored->body_sha256 == base::Sha256(content.substr(10)));
}

TEST_CASE("message store: every size comes out as it went in, below, at and above each step") {
  for (const std::size_t packet : {std::size_t{1000}, std::size_t{65'535}, std::size_t{300'000}}) {
    for (const std::uint64_t step : {std::uint64_t{11}, kInString, kInString + packet, kMemory}) {
      for (const std::uint64_t bytes : {step - 1, step, step + 1})
        CheckWhole(bytes, packet, bytes <= kMemory);
    }
    CheckWhole(kMost, packet, false);
  }
}

TEST_CASE("message store: one byte above the limit is an error, and stays one") {
  MessageStore store(Options());
  REQUIRE(store.Append(Content(kMost)).ok());
  CHECK(store.Append("x").error().code == base::ErrorCode::kLimit);
  CHECK(store.Append("").error().code == base::ErrorCode::kLimit);
  CHECK(store.Finish().error().code == base::ErrorCode::kLimit);
}

TEST_CASE("message store: a spool that is not there is an error once memory is used up") {
  StoreOptions options = Options();
  options.spool_dir = "/nonexistent/spool";
  MessageStore store(options);
  REQUIRE(store.Append(Content(kMemory)).ok());
  CHECK_FALSE(store.Append("x").ok());
  CHECK_FALSE(store.Finish().ok());
}

TEST_CASE("message store: nothing at all is an empty message") {
  MessageStore store(Options());
  const auto stored = store.Finish();
  REQUIRE(stored.ok());
  CHECK(stored->bytes == 0);
  CHECK(stored->sha256 == base::Sha256(""));
  CHECK(stored->body_sha256 == base::Sha256(""));
}

}  // namespace
}  // namespace lazaret::milter
