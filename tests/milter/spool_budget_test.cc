// The spool's byte budget, alone and as sessions meet it.
#include "milter/spool_budget.h"

#include <thread>
#include <vector>

#include "milter/session.h"
#include "tests/support/catch.h"

namespace lazaret::milter {
namespace {

constexpr std::uint64_t kMemory = 1000;
constexpr std::uint64_t kBudget = 10'000;

class NoMacros : public Macros {
 public:
  const char* Get(const char*) const override { return nullptr; }
};

class SilentHandler : public MessageHandler {
 public:
  Disposition Judge(const Transaction&, const std::function<void()>&) override { return {}; }
  void OnAcknowledged(std::string_view, NextSign) override {}
  Disposition Refused(const Refusal&) override { return {}; }
  void OnRefusedAtMail(const policy::Envelope&, const Reply& reply) override {
    refused += reply.code + " " + reply.enhanced + ";";
  }
  void OnAborted() override {}
  std::string refused;
};

struct Fixture {
  SessionOptions Options() {
    SessionOptions options;
    options.store.memory_bytes = kMemory;
    options.store.message_bytes = 100'000;
    options.store.spool_dir = "/tmp";
    options.store.spool = &budget;
    return options;
  }
  std::string Mail(Session& session, const std::string& argument) {
    const auto refusal = session.MailFrom("<a@b>", {argument}, macros);
    return refusal ? refusal->code + " " + refusal->enhanced : "go on";
  }
  // A message of so many bytes, the empty line included.
  std::variant<Transaction, Refusal> Whole(Session& session, std::size_t bytes) {
    REQUIRE_FALSE(session.RcptTo("<c@d>", macros));
    session.Data(macros);
    session.EndOfHeaders(macros);
    session.Body(std::string(bytes - 2, 'x'));
    return session.EndOfMessage(macros);
  }

  NoMacros macros;
  SilentHandler handler;
  SpoolBudget budget{kBudget};
};

TEST_CASE("spool budget: a share is granted below and at the budget, not above") {
  SpoolBudget budget(100);
  SpoolShare first(&budget);
  CHECK(first.GrowTo(99));
  SpoolShare second(&budget);
  CHECK_FALSE(second.GrowTo(2));
  CHECK(second.GrowTo(1));
  CHECK_FALSE(first.GrowTo(100));
  CHECK(budget.used() == 100);
  second.ShrinkTo(0);
  CHECK(first.GrowTo(100));
  SpoolShare moved = std::move(first);
  CHECK(budget.used() == 100);
  moved = SpoolShare();
  CHECK(budget.used() == 0);
  CHECK_FALSE(SpoolShare(&budget).GrowTo(UINT64_MAX));
}

TEST_CASE("spool budget: many threads never hold more than it, and leave nothing") {
  SpoolBudget budget(1000);
  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&budget, &over] {
      for (int round = 0; round < 20'000; ++round) {
        SpoolShare share(&budget);
        share.GrowTo(static_cast<std::uint64_t>(round % 600));
        if (budget.used() > 1000) over = true;
      }
    });
  }
  for (std::thread& one : threads) one.join();
  CHECK_FALSE(over);
  CHECK(budget.used() == 0);
}

TEST_CASE("spool budget: SIZE reserves at MAIL, and is refused with 452 when there is no room") {
  Fixture f;
  Session first(f.Options(), f.handler);
  Session second(f.Options(), f.handler);
  CHECK(f.Mail(first, "SIZE=9000") == "go on");
  CHECK(f.budget.used() == 9000);
  CHECK(f.Mail(second, "SIZE=1001") == "452 4.3.1");
  CHECK(f.handler.refused == "452 4.3.1;");
  CHECK(f.Mail(second, "SIZE=1000") == "go on");  // stays in memory
  first.Abort();
  CHECK(f.budget.used() == 0);
  CHECK(f.Mail(second, "SIZE=10000") == "go on");
  CHECK(f.Mail(first, "SIZE=1001") == "452 4.3.1");
  second.Close();
  CHECK(f.budget.used() == 0);
  CHECK(f.Mail(first, "SIZE=10001") == "452 4.3.1");
}

TEST_CASE("spool budget: a message holds what it is until it is judged, whatever it announced") {
  Fixture f;
  Session session(f.Options(), f.handler);
  REQUIRE(f.Mail(session, "SIZE=9000") == "go on");
  {
    const auto ended = f.Whole(session, 3000);
    REQUIRE(std::holds_alternative<Transaction>(ended));
    CHECK(f.budget.used() == 3000);
  }
  CHECK(f.budget.used() == 0);
  REQUIRE(f.Mail(session, "SIZE=9000") == "go on");
  const auto small = f.Whole(session, 500);
  REQUIRE(std::holds_alternative<Transaction>(small));
  CHECK(f.budget.used() == 0);
}

TEST_CASE("spool budget: without SIZE the end of the message is refused above it, not at it") {
  Fixture f;
  Session session(f.Options(), f.handler);
  REQUIRE(f.Mail(session, "BODY=8BITMIME") == "go on");
  {
    const auto at = f.Whole(session, kBudget);
    CHECK(std::holds_alternative<Transaction>(at));
  }
  REQUIRE(f.Mail(session, "SIZE=5") == "go on");
  const auto above = f.Whole(session, kBudget + 1);
  const auto* refusal = std::get_if<Refusal>(&above);
  REQUIRE(refusal != nullptr);
  CHECK(refusal->reply.code + " " + refusal->reply.enhanced == "452 4.3.1");
  CHECK(f.budget.used() == 0);
}

}  // namespace
}  // namespace lazaret::milter
