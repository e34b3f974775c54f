#include "app/front/poison_list.h"

#include <filesystem>
#include <fstream>

#include "tests/app/config/temp_folder.h"
#include "tests/support/catch.h"

namespace lazaret::front {
namespace {

constexpr std::int64_t kDayMicros = 86'400LL * 1'000'000;
constexpr base::UnixTime kStart{1'000 * kDayMicros};

base::UnixTime Days(std::int64_t days, std::int64_t seconds = 0) {
  return {kStart.micros + days * kDayMicros + seconds * 1'000'000};
}

base::Sha256Digest Message(std::uint8_t number) {
  base::Sha256Digest digest{};
  digest.fill(number);
  return digest;
}

PoisonOptions Options(const tests::TempFolder& folder, std::uint32_t entries = 1000) {
  PoisonOptions options;
  options.path = folder.path() + "/poison.list";
  options.entries = entries;
  return options;
}

TEST_CASE("poison list: the second delivery within seven days is poison, a later one is not") {
  struct Case {
    std::int64_t seconds_beyond;
    bool poison;
  };
  for (const Case& one : {Case{-1, true}, Case{0, true}, Case{1, false}}) {
    PoisonList list({}, kStart);
    CHECK_FALSE(list.Strike(Message(1), Days(0), Days(0)));
    CHECK_FALSE(list.Strike(Message(2), Days(1), Days(1)));
    CHECK(list.Strike(Message(1), Days(7, one.seconds_beyond), Days(7, one.seconds_beyond)) ==
          one.poison);
  }
}

TEST_CASE("poison list: copies that come at the same time count once") {
  PoisonList list({}, kStart);
  CHECK_FALSE(list.Strike(Message(1), Days(0, 0), Days(0, 60)));
  CHECK_FALSE(list.Strike(Message(1), Days(0, 59), Days(0, 70)));
  CHECK(list.Strike(Message(1), Days(0, 70), Days(0, 80)));
}

TEST_CASE("poison list: a restart forgets nothing that is still young") {
  const tests::TempFolder folder;
  {
    PoisonList list(Options(folder), Days(0));
    CHECK_FALSE(list.Strike(Message(1), Days(0), Days(0)));
    CHECK_FALSE(list.Strike(Message(2), Days(3), Days(3)));
  }
  PoisonList list(Options(folder), Days(8));
  CHECK(list.size() == 1);
  CHECK(list.Strike(Message(2), Days(8), Days(8)));
  CHECK_FALSE(list.Strike(Message(1), Days(8), Days(8)));
}

TEST_CASE("poison list: above its bound the oldest is forgotten, also after a restart") {
  const tests::TempFolder folder;
  {
    PoisonList list(Options(folder, 3), Days(0));
    for (std::uint8_t i = 1; i <= 3; ++i) list.Strike(Message(i), Days(0, i), Days(0, i));
    CHECK(list.size() == 3);
    CHECK_FALSE(list.Strike(Message(4), Days(0, 4), Days(0, 4)));
    CHECK(list.size() == 3);
    CHECK(list.Strike(Message(4), Days(0, 4), Days(0, 4)));
    CHECK(list.Strike(Message(2), Days(0, 5), Days(0, 5)));
  }
  PoisonList list(Options(folder, 2), Days(0));
  CHECK(list.size() == 2);
  CHECK_FALSE(list.Strike(Message(1), Days(0, 6), Days(0, 6)));
}

TEST_CASE("poison list: a damaged file costs what stands behind the damage, and is mended") {
  const tests::TempFolder folder;
  const std::string good = base::Hex(base::AsBytes(Message(1)));
  const std::string time = std::to_string(kStart.micros / 1'000'000);
  const std::string head = "lazaret-poison 1\n";
  struct Case {
    std::string text;
    std::size_t kept;
  };
  for (const Case& one : {
           Case{"", 0},
           Case{"lazaret-poison 2\n" + good + " " + time + "\n", 0},
           Case{head + good + " " + time + "\n", 1},
           Case{head + good + " " + time, 0},
           Case{head + good + " " + time + "\nzz\n", 1},
           Case{head + good + " 9999999999999\n", 0},
           Case{head + good + " -1\n", 0},
           Case{head + std::string(100, '\0'), 0},
       }) {
    folder.Write("poison.list", one.text);
    {
      PoisonList list(Options(folder), kStart);
      CHECK(list.size() == one.kept);
      CHECK(list.Strike(Message(1), Days(0), Days(0)) == (one.kept == 1));
    }
    CHECK(PoisonList(Options(folder), kStart).size() == 1);
  }
}

TEST_CASE("poison list: a time in the future counts as now") {
  const tests::TempFolder folder;
  {
    PoisonList list(Options(folder), Days(300));
    list.Strike(Message(1), Days(300), Days(300));
  }
  PoisonList list(Options(folder), Days(0));
  CHECK_FALSE(list.Strike(Message(1), Days(8), Days(8)));
}

TEST_CASE("poison list: a folder that cannot be written still lets it count") {
  PoisonOptions options;
  options.path = "/nonexistent/poison.list";
  PoisonList list(options, kStart);
  CHECK_FALSE(list.Strike(Message(1), Days(0), Days(0)));
  CHECK(list.Strike(Message(1), Days(0), Days(0)));
}

}  // namespace
}  // namespace lazaret::front
