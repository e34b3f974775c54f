// libclamav fails open; none of these may read as clean.
#include "scanners/clamav/hit_findings.h"
#include "scanners/clamav/scan_call.h"
#include "tests/scanners/scanners_support.h"
#include "tests/support/catch.h"

namespace lazaret::scanners::test {

TEST_CASE("clamav: a temporary folder that is missing or no folder means could-not-look") {
  const auto engine = MakeEngine();
  const std::string mail = Multipart({Part("a.zip", EicarZip())});
  engine->tmp.Write("file", "x");
  for (const std::string& folder :
       {std::string("/nonexistent/lazaret"), engine->tmp.path() + "/file"}) {
    REQUIRE(engine->engine->UseTempDir(folder).ok());
    const auto hit = Judge(*engine->engine, mail);
    INFO(folder << " -> " << Show(hit));
    CHECK_FALSE((hit.ok() && !HasCode(*hit, "clamav.signature")));
    const auto clean = Judge(*engine->engine, TextMail("Just a line of text.\r\n"));
    INFO(Show(clean));
    CHECK_FALSE(clean.ok());
  }
  REQUIRE(engine->engine->UseTempDir(engine->tmp.path()).ok());
  const auto again = Judge(*engine->engine, TextMail("Just a line of text.\r\n"));
  INFO(Show(again));
  REQUIRE(again.ok());
  CHECK(again->empty());
}

TEST_CASE("clamav: a missing or empty database is an error unless built-in signatures suffice") {
  const Folder empty;
  const Folder tmp;
  ClamavOptions options;
  options.tmp_dir = tmp.path();
  for (const std::string& place : {empty.path(), empty.path() + "/none"}) {
    options.database = place;
    options.builtin_only = false;
    const auto refused = ClamavEngine::Load(options);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == base::ErrorCode::kNotFound);
    options.builtin_only = true;
    CHECK(ClamavEngine::Load(options).ok());
  }
}

TEST_CASE("clamav: a damaged signature file is refused with its folder") {
  const Folder database;
  const Folder tmp;
  database.Write("bad.ndb", "this is no signature\n");
  ClamavOptions options;
  options.database = database.path();
  options.tmp_dir = tmp.path();
  const auto refused = ClamavEngine::Load(options);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == base::ErrorCode::kInvalid);
  CHECK(refused.error().text.find(database.path()) != std::string::npos);
}

TEST_CASE("clamav: a cut xz stream is unscannable, not could-not-look") {
  const auto made = MakeEngine();
  // A whole header and the beginning of a block, nothing behind it.
  const std::string cut(
      "\xFD"
      "7zXZ\x00\x00\x04\xE6\xD6\xB4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2F\xE5\xA3\x01\x0B",
      26);
  const auto result = Judge(*made->engine, Multipart({Part("a.xz", cut)}));
  INFO(Show(result));
  CHECK(result.ok());
}

TEST_CASE("clamav: an encrypted zip is unscannable") {
  const auto engine = MakeEngine();
  const std::string zip = Zip({{"secret.doc", std::string(200, 'q'), true}});
  const auto result = Judge(*engine->engine, Multipart({Part("a.zip", zip)}));
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(HasCode(*result, "scan.unscannable.encrypted"));
  CHECK(AllOf(*result, policy::Class::kUnscannable));
}

TEST_CASE("clamav: a signature behind a heuristic hit is found, before and after it") {
  const auto engine = MakeEngine();
  const std::string locked = Part("a.zip", Zip({{"secret.doc", std::string(200, 'q'), true}}));
  const std::string marker = Part("b.zip", EicarZip());
  for (const std::string& message : {Multipart({locked, marker}), Multipart({marker, locked}),
                                     Multipart({locked, marker}, "signed")}) {
    const auto result = Judge(*engine->engine, message);
    INFO(Show(result));
    REQUIRE(result.ok());
    CHECK(HasCode(*result, "clamav.signature"));
    CHECK(HasCode(*result, "scan.unscannable.encrypted"));
  }
}

TEST_CASE("clamav: the number of files is limited, and reaching it is said") {
  ClamavOptions options;
  options.max_files = 20;
  const auto engine = MakeEngine({}, options);
  const auto with = [](int members) {
    std::vector<Member> list;
    for (int i = 0; i < members; ++i)
      list.push_back({"f" + std::to_string(i), "content number " + std::to_string(i), false});
    return Multipart({Part("a.zip", Zip(list))});
  };
  const auto below = Judge(*engine->engine, with(5));
  INFO(Show(below));
  REQUIRE(below.ok());
  CHECK(below->empty());
  const auto above = Judge(*engine->engine, with(40));
  INFO(Show(above));
  REQUIRE(above.ok());
  CHECK(HasCode(*above, "scan.unscannable.maxfiles"));
}

TEST_CASE("clamav: a message above the size limit is unscannable, at it clean") {
  const std::string message = TextMail(std::string(60'000, 'a') + "\r\n");
  for (const std::int64_t over : {0, 1, 30'000}) {
    ClamavOptions options;
    // The Received line of ours counts for libclamav.
    options.max_file_bytes =
        message.size() + 200 - (over == 0 ? 0 : 200 + static_cast<std::uint64_t>(over));
    options.max_scan_bytes = 10 * message.size();
    const auto engine = MakeEngine({}, options);
    const auto result = Judge(*engine->engine, message);
    INFO(over << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(result->empty() == (over == 0));
    if (over != 0) CHECK(AllOf(*result, policy::Class::kUnscannable));
  }
}

TEST_CASE("clamav: nesting beyond the recursion limit is said") {
  ClamavOptions options;
  options.max_recursion = 8;
  const auto engine = MakeEngine({}, options);
  std::string zip = Zip({{"a.txt", "deep inside", false}});
  for (int i = 0; i < 12; ++i) zip = Zip({{"n.zip", zip, false}});
  const auto result = Judge(*engine->engine, Multipart({Part("a.zip", zip)}));
  INFO(Show(result));
  CHECK((!result.ok() || HasCode(*result, "scan.unscannable.maxrecursion")));
}

TEST_CASE("clamav: parts behind those libclamav counts in a mail are looked at") {
  const auto engine = MakeEngine();
  std::vector<std::string> parts;
  for (int i = 0; i < 1'100; ++i) parts.push_back("\r\npart number " + std::to_string(i) + "\r\n");
  const auto without = Judge(*engine->engine, Multipart(parts));
  INFO(Show(without));
  REQUIRE(without.ok());
  CHECK((without->empty() || AllOf(*without, policy::Class::kUnscannable)));
  parts.push_back(Part("e.com", Eicar()));
  const auto with = Judge(*engine->engine, Multipart(parts));
  INFO(Show(with));
  REQUIRE(with.ok());
  CHECK(HasCode(*with, "clamav.signature"));
}

TEST_CASE("clamav: parts behind too many headers or parameters are looked at") {
  const auto engine = MakeEngine();
  std::string headers;
  for (int i = 0; i < 1'500; ++i) headers += "X-H" + std::to_string(i) + ": v\r\n";
  std::string folded = "X-Folded: a\r\n";
  for (int i = 0; i < 300'000; ++i) folded += " b\r\n";
  std::string parameters = "X-P: a";
  for (int i = 0; i < 2'000; ++i) parameters += "; p" + std::to_string(i) + "=v";
  for (const std::string& head : {headers, folded, parameters + "\r\n"}) {
    const std::string mail = Multipart({Part("e.com", Eicar())});
    for (const std::string& message : {head + mail, Multipart({head + Part("e.com", Eicar())})}) {
      const auto result = Judge(*engine->engine, message);
      INFO(head.substr(0, 20) << " -> " << Show(result));
      CHECK((!result.ok() || HasCode(*result, "clamav.signature")));
    }
  }
}

TEST_CASE("clamav: the number of bytes over all files is limited, at it clean") {
  const std::string zip = Zip(
      {{"a.bin", std::string(400'000, 'a'), false}, {"b.bin", std::string(400'000, 'b'), false}});
  const std::string message = Multipart({Part("a.zip", zip)});
  for (const std::uint64_t limit : {8U << 20, 1U << 20}) {
    ClamavOptions options;
    options.max_scan_bytes = limit;
    const auto engine = MakeEngine({}, options);
    const auto result = Judge(*engine->engine, message);
    INFO(limit << " -> " << Show(result));
    REQUIRE(result.ok());
    CHECK(result->empty() == (limit == 8U << 20));
    if (!result->empty()) CHECK(AllOf(*result, policy::Class::kUnscannable));
  }
}

TEST_CASE("clamav: each limit and each signature changes the snapshot's name") {
  const auto plain = MakeEngine();
  const auto same = MakeEngine();
  CHECK(plain->engine->SnapshotId() == same->engine->SnapshotId());
  const auto changed = [&](auto change) {
    ClamavOptions options;
    change(options);
    return MakeEngine({}, options)->engine->SnapshotId() != plain->engine->SnapshotId();
  };
  CHECK(changed([](ClamavOptions& options) { options.max_scan_bytes /= 2; }));
  CHECK(changed([](ClamavOptions& options) { options.max_file_bytes /= 2; }));
  CHECK(changed([](ClamavOptions& options) { options.max_files /= 2; }));
  CHECK(changed([](ClamavOptions& options) { options.max_recursion -= 1; }));
  CHECK(changed([](ClamavOptions& options) { options.max_scan_millis /= 2; }));
  const auto own = MakeEngine({{"own.ndb", "Own.A:0:*:61616161616161\n"}});
  CHECK(own->engine->SnapshotId() != plain->engine->SnapshotId());
}

TEST_CASE("clamav: signatures of the own folder are loaded beside the database") {
  const Folder database;
  const Folder own;
  const Folder tmp;
  database.Write("a.ndb", "Base.A:0:*:" + HexOf("ZQDATABASE") + "\n");
  own.Write("b.ndb", "Site.B:0:*:" + HexOf("ZQOWNFOLDER") + "\n");
  ClamavOptions options;
  options.database = database.path();
  options.signatures_dir = own.path();
  options.tmp_dir = tmp.path();
  const auto engine = ClamavEngine::Load(options);
  REQUIRE(engine.ok());
  const auto result = Judge(**engine, TextMail("ZQDATABASE and ZQOWNFOLDER\r\n"));
  INFO(Show(result));
  REQUIRE(result.ok());
  CHECK(HasRule(*result, "Base.A"));
  CHECK(HasRule(*result, "Site.B"));
}

TEST_CASE("clamav: no time left means could-not-look") {
  ClamavOptions options;
  options.max_scan_millis = 1;
  const auto engine = MakeEngine({}, options);
  const auto result =
      Judge(*engine->engine, TextMail("<p>" + std::string(8'000'000, 'x') + "</p>", "text/html"));
  INFO(Show(result));
  CHECK_FALSE(result.ok());
}

TEST_CASE("clamav: more hits of one signature than are listed are said, and are no error") {
  const auto engine = MakeEngine({{"own.ndb", "Own.Many:0:*:" + HexOf("ZQMANY") + "\n"}});
  for (const std::size_t count : {kMaxHits - 1, kMaxHits + 10}) {
    std::vector<Member> members;
    for (std::size_t i = 0; i < count; ++i)
      members.push_back({std::to_string(i) + ".bin", std::to_string(i) + " ZQMANY \x01\x02"});
    const auto result = Judge(*engine->engine, Multipart({Part("a.zip", Zip(members))}));
    REQUIRE(result.ok());
    CHECK_FALSE(HasCode(*result, kNotSeenCode));
    CHECK(HasCode(*result, "clamav.signature"));
    CHECK(HasCode(*result, "scan.unscannable.findings") == (count > kMaxHits));
  }
}

TEST_CASE("clamav: hits are listed up to the cap, beyond it one for each name") {
  CallResult result;
  for (std::uint32_t i = 0; i < kMaxHits; ++i) AddHit(result, {"Heuristics.Phishing.A", i});
  CHECK(result.hits.size() == kMaxHits);
  CHECK(result.unlisted == 0);
  AddHit(result, {"Heuristics.Phishing.A", 7});
  CHECK(result.hits[7].count == 2);
  CHECK(result.unlisted == 0);
  AddHit(result, {"Heuristics.Phishing.A", 5000});
  CHECK(result.unlisted == 1);
  AddHit(result, {"Own.Virus", 5000});
  CHECK(result.hits.back().name == "Own.Virus");
  AddHit(result, {"Own.Virus", 5001});
  CHECK(result.hits.size() == kMaxHits + 1);
  CHECK(result.unlisted == 2);
}

TEST_CASE("clamav: names are kept up to their cap, beyond it the call has not told all") {
  for (const std::size_t names : {kMaxHitNames - 1, kMaxHitNames, kMaxHitNames + 1}) {
    CallResult result;
    for (std::uint32_t i = 0; i < kMaxHits; ++i) AddHit(result, {"Own.A", i});
    for (std::size_t i = 0; i < names; ++i) AddHit(result, {"Own." + std::to_string(i), 0});
    CHECK(result.more_names == (names > kMaxHitNames));
    CHECK(result.hits.size() == kMaxHits + std::min(names, kMaxHitNames));
  }
}

}  // namespace lazaret::scanners::test
