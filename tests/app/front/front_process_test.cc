// The real lazaret-front, started as the supervisor starts it, without an analyzer.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "app/config/config.h"
#include "app/process/frames.h"
#include "app/process/spawn.h"
#include "base/bytes.h"
#include "tests/support/catch.h"
#include "tests/support/fake_mta.h"

namespace lazaret::front {
namespace {

constexpr int kWaitMillis = 20'000;

class FrontProcess {
 public:
  FrontProcess() {
    std::string pattern = "/tmp/lazaret-front-test-XXXXXX";
    if (mkdtemp(pattern.data()) != nullptr) root_ = pattern;
    // An empty file: what the machine has in /etc/lazaret is not read.
    std::ofstream(root_ + "/empty.yaml") << "\n";
    auto config = config::LoadConfig(root_ + "/empty.yaml",
                                     {"paths.root=" + root_, "milter.listen=unix:" + socket(),
                                      "limits.deadline_seconds=10", "rules.shipped=false"});
    if (!config.ok()) FAIL(config.error().text);
    for (const std::string& path : {config->paths.etc, config->paths.state, config->paths.run}) {
      std::filesystem::create_directories(path);
    }
    auto bundle = config::ReadBundle(*config, "");
    if (!bundle.ok()) FAIL(bundle.error().text);
    auto config_fd = base::SealedMemfd("config", config::EncodeConfig(*config));
    auto bundle_fd = base::SealedMemfd("bundle", config::EncodeBundle(*bundle));
    auto pair = process::SeqpacketPair();
    REQUIRE((config_fd.ok() && bundle_fd.ok() && pair.ok()));
    control_ = std::move(pair->first);
    process::SpawnOptions options;
    options.program = LAZARET_FRONT_PROGRAM;
    options.fds = {config_fd->get(), bundle_fd->get(), pair->second.get()};
    auto child = process::Spawn(options);
    REQUIRE(child.ok());
    child_ = std::move(*child);
  }
  ~FrontProcess() {
    process::SignalChild(child_, SIGKILL);
    process::WaitChild(child_, base::Deadline::AfterMillis(kWaitMillis));
    std::filesystem::remove_all(root_);
  }

  std::string socket() const { return root_ + "/milter/milter.sock"; }

  base::Result<process::Frame> Receive() {
    return process::ReceiveFrame(control_.get(), base::Deadline::AfterMillis(kWaitMillis));
  }
  std::string Status() {
    process::Frame request;
    request.type = process::FrameType::kStatusRequest;
    REQUIRE(process::SendFrame(control_.get(), request).ok());
    const auto reply = Receive();
    REQUIRE(reply.ok());
    REQUIRE(reply->type == process::FrameType::kStatusReply);
    base::ByteReader in(reply->payload);
    return in.String(60'000);
  }
  void LeaveAlone() { control_.Reset(); }
  void Signal(int number) { process::SignalChild(child_, number); }
  std::optional<int> WaitExit() {
    return process::WaitChild(child_, base::Deadline::AfterMillis(kWaitMillis));
  }

 private:
  std::string root_;
  base::UniqueFd control_;
  process::Child child_;
};

TEST_CASE("front: without a worker mail gets 451 and a record, and the status says why") {
  FrontProcess front;
  const auto ready = front.Receive();
  REQUIRE(ready.ok());
  REQUIRE(ready->type == process::FrameType::kRoleReady);
  test::FakeMta mta(front.socket());
  REQUIRE(mta.Greet());
  test::MtaMessage message;
  message.headers = {{"Subject", " s"}};
  message.body = "body\r\n";
  const test::MtaAnswer answer = mta.Send(message);
  CHECK(answer.final == 'y');
  CHECK(answer.reply.substr(0, 10) == "451 4.7.1 ");
  const std::string status = front.Status();
  CHECK(status.find("\"ready\":false") != std::string::npos);
  CHECK(status.find("\"messages_class_error_total\":1") != std::string::npos);
  CHECK(status.find("\"messages_action_tempfail_total\":1") != std::string::npos);
}

TEST_CASE("front: TERM, or the end of the supervisor, ends it in order") {
  FrontProcess front;
  REQUIRE(front.Receive().ok());
  SECTION("TERM") { front.Signal(SIGTERM); }
  SECTION("the supervisor is gone") { front.LeaveAlone(); }
  const auto status = front.WaitExit();
  REQUIRE(status);
  CHECK(*status == 0);
}

}  // namespace
}  // namespace lazaret::front
