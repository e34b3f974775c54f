#include "app/analyzer/generation_runs.h"

#include <signal.h>
#include <unistd.h>

#include "app/analyzer/generation_zygote.h"
#include "base/bytes.h"
#include "tests/support/catch.h"

namespace lazaret::analyzer {
namespace {

using process::FrameType;

constexpr std::int64_t kPatienceMillis = 10'000;

GenerationRuns::Bundle BundleNamed(const std::string& name) {
  config::GenerationBundle bundle;
  bundle.documents.push_back({config::DocumentKind::kSiteRules, name, name, name});
  return std::make_shared<const config::GenerationBundle>(std::move(bundle));
}

void Say(const base::UniqueFd& pipe, FrameType type, const std::string& text) {
  process::Frame frame;
  frame.type = type;
  base::ByteWriter out;
  out.String(text);
  frame.payload = out.Take();
  static_cast<void>(process::SendFrame(pipe.get(), frame).ok());
}

// Plays a generation zygote as its bundle is named: until its pipe closes, unless it is broken.
void Play(const config::GenerationBundle& bundle, base::UniqueFd pipe) {
  const std::string& name = bundle.documents.front().name;
  if (name == "broken") {
    Say(pipe, FrameType::kNotReady, "broken.yaml:1:2: why");
    ::_exit(kExitConfiguration);
  }
  if (name == "dies") ::_exit(3);
  Say(pipe, FrameType::kRoleReady, name);
  Say(pipe, FrameType::kGenerationReady, "id of " + name);
  static_cast<void>(process::ReceiveFrame(pipe.get(), base::Deadline()).ok());
  ::_exit(0);
}

struct Fixture {
  explicit Fixture(const std::string& first) : runs(Play, EventsOf(*this), BundleNamed(first)) {
    runs.StartDue();
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    const base::Deadline patience = base::Deadline::AfterMillis(kPatienceMillis);
    while (!runs.Stop() && !patience.Expired()) ::poll(nullptr, 0, 1);
    CHECK_FALSE(patience.Expired());
  }

  static GenerationRuns::Events EventsOf(Fixture& fixture) {
    GenerationRuns::Events events;
    events.ready = [&fixture] { ++fixture.ready; };
    events.not_ready = [&fixture](const std::string& text) { fixture.complaints.push_back(text); };
    events.all_ready = [&fixture](const std::string& id) { fixture.ids.push_back(id); };
    events.candidate = [&fixture](bool ok, const std::string& text) {
      fixture.candidates.push_back((ok ? "ready: " : "failed: ") + text);
    };
    return events;
  }

  template <typename Condition>
  bool Until(Condition holds) {
    const base::Deadline patience = base::Deadline::AfterMillis(kPatienceMillis);
    while (!holds()) {
      if (patience.Expired()) return false;
      runs.StartDue();
      std::vector<pollfd> entries;
      runs.AddPollEntries(entries);
      ::poll(entries.data(), entries.size(), 5);
      runs.Read();
      code = std::max(code, runs.Reap());
    }
    return true;
  }
  bool UntilCandidate() {
    return Until([this] { return !candidates.empty(); });
  }

  int ready = 0;
  int code = -1;
  std::vector<std::string> complaints;
  std::vector<std::string> candidates;
  std::vector<std::string> ids;
  GenerationRuns runs;
};

std::string Sha(const std::string& name) { return config::BundleSha256(*BundleNamed(name)); }

TEST_CASE("generations: a candidate that is ready takes the place of the one in force") {
  Fixture f("old");
  REQUIRE(f.Until([&] { return f.ready == 1; }));
  const pid_t old = f.runs.current_pid();
  f.runs.StartCandidate(BundleNamed("new"));
  REQUIRE(f.UntilCandidate());
  CHECK(f.candidates == std::vector<std::string>{"ready: id of new"});
  CHECK(f.runs.current_pid() == old);
  f.runs.PutInForce(Sha("new"));
  const pid_t fresh = f.runs.current_pid();
  CHECK(fresh != old);
  // The old one ends when the front tells it to, and is not started again.
  CHECK(::kill(old, 0) == 0);
  ::kill(old, SIGKILL);
  REQUIRE(f.Until([old] { return ::kill(old, 0) != 0; }));
  CHECK(f.runs.current_pid() == fresh);
}

TEST_CASE("generations: a candidate that does not compile says why once and changes nothing") {
  Fixture f("old");
  REQUIRE(f.Until([&] { return f.ready == 1; }));
  const pid_t old = f.runs.current_pid();
  f.runs.StartCandidate(BundleNamed("broken"));
  REQUIRE(f.UntilCandidate());
  f.runs.PutInForce(Sha("old"));
  f.runs.StartCandidate(BundleNamed("new"));
  REQUIRE(f.Until([&] { return f.candidates.size() == 2; }));
  CHECK(f.candidates[0] == "failed: broken.yaml:1:2: why");
  CHECK(f.candidates[1] == "ready: id of new");
  CHECK(f.runs.current_pid() == old);
  CHECK(f.complaints.empty());
  CHECK(f.code == -1);
}

TEST_CASE("generations: a candidate that ends without a word failed") {
  Fixture f("old");
  f.runs.StartCandidate(BundleNamed("dies"));
  REQUIRE(f.UntilCandidate());
  CHECK(f.candidates == std::vector<std::string>{"failed: the new generation ended: exit code 3"});
}

TEST_CASE("generations: one put in force after it died is started again with its own bundle") {
  Fixture f("old");
  REQUIRE(f.Until([&] { return f.ready == 1; }));
  f.runs.StartCandidate(BundleNamed("dies"));
  REQUIRE(f.UntilCandidate());
  const pid_t old = f.runs.current_pid();
  f.runs.PutInForce(Sha("dies"));
  CHECK(f.runs.current_pid() != old);
  // The engine was ready before, so its end is no reason to leave: it is tried again.
  REQUIRE(f.Until([&] { return f.runs.current_pid() >= 0; }));
  CHECK(f.code == -1);
}

TEST_CASE("generations: the id of the one in force is told when all its workers are ready") {
  Fixture f("old");
  REQUIRE(f.Until([&] { return !f.ids.empty(); }));
  CHECK(f.ids == std::vector<std::string>{"id of old"});
}

TEST_CASE("generations: after another engine took over none is started again") {
  Fixture f("old");
  REQUIRE(f.Until([&] { return f.ready == 1; }));
  const pid_t old = f.runs.current_pid();
  f.runs.StartCandidate(BundleNamed("new"));
  REQUIRE(f.UntilCandidate());
  f.runs.Leave();
  CHECK_FALSE(f.runs.HasLeft());
  CHECK(::kill(old, 0) == 0);  // it has messages, and ends when the front tells it to
  ::kill(old, SIGKILL);
  REQUIRE(f.Until([&] { return f.runs.HasLeft(); }));
  CHECK(f.runs.current_pid() < 0);
  CHECK(f.runs.NextStart().never());
  CHECK(f.code == -1);
}

TEST_CASE("generations: the first one with a fault ends all") {
  Fixture f("broken");
  REQUIRE(f.Until([&] { return f.code >= 0; }));
  CHECK(f.code == kExitConfiguration);
  CHECK(f.complaints == std::vector<std::string>{"broken.yaml:1:2: why"});
}

}  // namespace
}  // namespace lazaret::analyzer
