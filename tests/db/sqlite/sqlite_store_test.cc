#include "db/sqlite/sqlite_store.h"

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "db/audit/chain.h"
#include "db/audit/event_archive.h"
#include "db/audit/index.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/schema.h"
#include "tests/db/events.h"
#include "tests/support/catch.h"

using namespace lazaret;
using namespace lazaret::db;
using namespace lazaret::db::testing;

namespace {

base::Result<std::unique_ptr<VerdictStore>> Open(const std::string& path, bool read_only = false) {
  SqliteOptions options;
  options.path = path;
  options.read_only = read_only;
  return OpenSqliteStore(options);
}

void Append(VerdictStore& store, std::vector<Event> events) {
  ChainPosition last = store.Last().value();
  std::vector<ChainedRecord> records;
  for (Event& event : events) {
    records.push_back(PrepareRecord(std::move(event)));
    Seal(records.back(), last);
  }
  const auto status = store.AppendBatch(records);
  if (!status.ok()) FAIL(status.error().text);
}

Connection Raw(const std::string& path) {
  auto connection = Connection::Open({path, false, 1000});
  if (!connection.ok()) FAIL(connection.error().text);
  return std::move(connection).value();
}

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return 0;
  return info.st_mode & 07777U;
}

// A log of five decisions, an update and a release, closed again.
void FillLog(const std::string& path) {
  auto store = Open(path).value();
  UpdateEvent update;
  ReleaseEvent release;
  release.recipients = {"bob@lazaret.test"};
  DecisionEvent first = SampleDecision(1);
  update.verdict_id = release.verdict_id = first.verdict_id;
  Append(*store, {first, CleanDecision(2), SampleDecision(3)});
  Append(*store, {update, CleanDecision(4), release, SampleDecision(5)});
}

ChainReport Verify(const std::string& path) {
  auto store = Open(path, true);
  if (!store.ok()) FAIL(store.error().text);
  return VerifyChain(**store).value();
}

}  // namespace

TEST_CASE("sqlite: files are readable by the group in a folder for the group, whatever the umask",
          "[db][sqlite]") {
  ScratchFolder folder;
  const mode_t old = ::umask(0077);
  {
    auto store = Open(folder.database()).value();
    Append(*store, {SampleDecision(1)});
    CHECK(ModeOf(folder.path() + "/db") == 0750);
    CHECK(ModeOf(folder.database()) == 0640);
    CHECK(ModeOf(folder.database() + "-wal") == 0640);
    CHECK(ModeOf(folder.database() + "-shm") == 0640);
  }
  ::umask(old);
  CHECK(ModeOf(folder.database() + "-wal") == 0640);
  CHECK(ModeOf(folder.database() + "-shm") == 0640);
}

TEST_CASE("sqlite: a reader works beside a living writer and after it closed, and writes nothing",
          "[db][sqlite]") {
  ScratchFolder folder;
  auto writer = Open(folder.database()).value();
  Append(*writer, {SampleDecision(1)});
  {
    auto reader = Open(folder.database(), true).value();
    CHECK(reader->Find({}).value().size() == 1);
    Append(*writer, {SampleDecision(2)});
    CHECK(reader->Find({}).value().size() == 2);
    CHECK_FALSE(reader->AppendBatch({}).ok());
    CHECK_FALSE(reader->Mark({}).ok());
    CHECK_FALSE(reader->Forget({}).ok());
  }
  writer.reset();
  CHECK(Open(folder.database(), true).value()->Find({}).value().size() == 2);
}

TEST_CASE("sqlite: another user of the group reads the log after a clean close", "[db][sqlite]") {
  if (::geteuid() != 0) {
    WARN("needs root to become another user");
    return;
  }
  ScratchFolder folder;
  constexpr gid_t kGroup = 65534;
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  Append(*Open(folder.database()).value(), {SampleDecision(1)});
  for (const char* name :
       {"/db", "/db/verdicts.db", "/db/verdicts.db-wal", "/db/verdicts.db-shm"}) {
    REQUIRE(::chown((folder.path() + name).c_str(), 0, kGroup) == 0);
  }
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(kGroup) != 0 || ::setuid(65533) != 0) ::_exit(3);
    const auto store = Open(folder.database(), true);
    if (!store.ok()) ::_exit(4);
    const auto found = (*store)->Find({});
    ::_exit(found.ok() && found->size() == 1 ? 0 : 5);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("sqlite: an empty file is migrated to the schema of today, once", "[db][sqlite]") {
  ScratchFolder folder;
  { auto store = Open(folder.database()).value(); }
  { auto again = Open(folder.database()).value(); }
  Connection raw = Raw(folder.database());
  CHECK(raw.Number("PRAGMA user_version").value() == kSchemaVersion);
  CHECK(raw.Number("PRAGMA application_id").value() == kApplicationId);
  CHECK(raw.Number("SELECT count(*) FROM migration").value() == kSchemaVersion);
  CHECK(raw.Number("SELECT max(version) FROM migration WHERE applied > 0").value() ==
        kSchemaVersion);
  CHECK(raw.Number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE "
                   "'%STRICT%' AND name NOT LIKE 'sqlite_%'")
            .value() == 0);
}

TEST_CASE("sqlite: a newer schema and a foreign database are refused and left alone",
          "[db][sqlite]") {
  ScratchFolder folder;
  FillLog(folder.database());
  REQUIRE(Raw(folder.database()).Run("PRAGMA user_version = 4").ok());
  for (const bool read_only : {false, true}) {
    const auto store = Open(folder.database(), read_only);
    REQUIRE_FALSE(store.ok());
    CHECK(store.error().code == base::ErrorCode::kUnsupported);
    CHECK(store.error().text.find(folder.database()) != std::string::npos);
  }
  REQUIRE(Raw(folder.database()).Run("PRAGMA user_version = 3").ok());
  CHECK(Verify(folder.database()).events == 7);
  REQUIRE(Raw(folder.database()).Run("PRAGMA application_id = 7").ok());
  CHECK(Open(folder.database()).error().code == base::ErrorCode::kCorrupt);
  CHECK(Open(folder.database(), true).error().code == base::ErrorCode::kCorrupt);
}

TEST_CASE("sqlite: a missing, an empty and a scribbled file are told apart by readers",
          "[db][sqlite]") {
  ScratchFolder folder;
  CHECK(Open(folder.database(), true).error().code == base::ErrorCode::kNotFound);
  CHECK_FALSE(Open(folder.path() + "/db", true).ok());
  const std::string scribbled = folder.path() + "/scribbled.db";
  std::FILE* file = std::fopen(scribbled.c_str(), "w");
  for (int i = 0; i < 1000; ++i) std::fputs("this is no database ", file);
  std::fclose(file);
  CHECK(Open(scribbled).error().code == base::ErrorCode::kCorrupt);
  CHECK(Open(scribbled, true).error().code == base::ErrorCode::kCorrupt);
}

TEST_CASE("F7 sqlite: a scribbled database is refused to the writer and left as it is",
          "[db][sqlite]") {
  ScratchFolder folder;
  FillLog(folder.database());
  const std::string scribble(8192, '#');
  { std::ofstream(folder.database(), std::ios::binary | std::ios::trunc) << scribble; }
  const auto store = Open(folder.database());
  REQUIRE_FALSE(store.ok());
  CHECK(store.error().code == base::ErrorCode::kCorrupt);
  std::ifstream in(folder.database(), std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == scribble);
}

TEST_CASE("verify: an untouched log is whole", "[db][verify]") {
  ScratchFolder folder;
  FillLog(folder.database());
  const ChainReport report = Verify(folder.database());
  CHECK(report.why == "");
  CHECK(report.whole);
  CHECK(report.events == 7);
  CHECK(report.head.seq == 7);
}

TEST_CASE("verify: changing any column, removing or swapping rows is found and named",
          "[db][verify]") {
  struct Tampering {
    const char* what;
    Sql sql;
    std::uint64_t seq;
  };
  const Tampering all[] = {
      {"kind", "UPDATE event SET kind = 2 WHERE seq = 3", 3},
      {"hash", "UPDATE event SET hash = randomblob(32) WHERE seq = 3", 3},
      {"short hash", "UPDATE event SET hash = x'00' WHERE seq = 3", 3},
      {"body", "UPDATE event SET body = (SELECT body FROM event WHERE seq = 1) WHERE seq = 3", 3},
      {"body end", "UPDATE event SET body = CAST(body || x'00' AS BLOB) WHERE seq = 3", 3},
      {"personal",
       "UPDATE event SET personal = (SELECT personal FROM event WHERE seq = 1)"
       " WHERE seq = 3",
       3},
      {"verdict id", "UPDATE event SET verdict_id = 'x' WHERE seq = 3", 3},
      {"time", "UPDATE event SET time = time + 1 WHERE seq = 3", 3},
      {"node", "UPDATE event SET node = 'mx2' WHERE seq = 3", 3},
      {"seq", "UPDATE event SET seq = 9 WHERE seq = 7", 7},
      {"middle row", "DELETE FROM event WHERE seq = 4", 4},
      {"first row", "DELETE FROM event WHERE seq = 1", 1},
      {"decision time", "UPDATE decision SET time = 5 WHERE seq = 3", 3},
      {"class", "UPDATE decision SET class = 0 WHERE seq = 3", 3},
      {"class beyond a byte", "UPDATE decision SET class = class + 256 WHERE seq = 3", 3},
      {"action", "UPDATE decision SET action = 0 WHERE seq = 3", 3},
      {"wanted", "UPDATE decision SET wanted = 0 WHERE seq = 3", 3},
      {"queue id", "UPDATE decision SET queue_id = 'X' WHERE seq = 3", 3},
      {"sender", "UPDATE decision SET sender = 'eve@example.org' WHERE seq = 3", 3},
      {"sender domain", "UPDATE decision SET sender_domain = 'x' WHERE seq = 3", 3},
      {"decision row", "DELETE FROM decision WHERE seq = 2", 2},
      {"extra decision row", "INSERT INTO decision VALUES (4, 0, 0, 0, '', '', 0, '')", 4},
      {"recipient", "UPDATE recipient SET address = 'x' WHERE seq = 3 AND position = 1", 3},
      {"recipient action", "UPDATE recipient SET action = 0 WHERE seq = 3 AND position = 1", 3},
      {"recipient row", "DELETE FROM recipient WHERE seq = 3 AND position = 0", 3},
      {"finding code", "UPDATE finding SET code = 'x' WHERE seq = 3 AND position = 0", 3},
      {"finding rule", "UPDATE finding SET rule = 'x' WHERE seq = 3 AND position = 0", 3},
      {"finding row", "DELETE FROM finding WHERE seq = 3", 3},
      {"extra finding", "INSERT INTO finding VALUES (2, 0, 'a', 'b', 1)", 2},
      {"anchor", "INSERT INTO anchor VALUES (1, 2, (SELECT hash FROM event WHERE seq = 2))", 3},
  };
  for (const Tampering& one : all) {
    INFO(one.what);
    ScratchFolder folder;
    FillLog(folder.database());
    const auto changed = Raw(folder.database()).Run(one.sql);
    if (!changed.ok()) FAIL(changed.error().text);
    const ChainReport report = Verify(folder.database());
    CHECK_FALSE(report.whole);
    CHECK(report.broken_seq == one.seq);
    CHECK_FALSE(report.why.empty());
  }
}

TEST_CASE("verify: two swapped rows are found", "[db][verify]") {
  ScratchFolder folder;
  FillLog(folder.database());
  Connection raw = Raw(folder.database());
  REQUIRE(raw.Run("UPDATE event SET seq = 100 WHERE seq = 2").ok());
  REQUIRE(raw.Run("UPDATE event SET seq = 2 WHERE seq = 5").ok());
  REQUIRE(raw.Run("UPDATE event SET seq = 5 WHERE seq = 100").ok());
  const ChainReport report = Verify(folder.database());
  CHECK_FALSE(report.whole);
  CHECK(report.broken_seq == 2);
}

TEST_CASE("verify: one changed personal value is found, a removed one needs a forget event",
          "[db][verify]") {
  ScratchFolder folder;
  FillLog(folder.database());
  Connection raw = Raw(folder.database());
  auto store = Open(folder.database(), true).value();
  const std::string personal = store->Read(2, 1).value().at(0).personal;
  Statement set = raw.Prepare("UPDATE event SET personal = ?1 WHERE seq = 3").value();

  auto values = DecodePersonal(personal).value();
  values[2]->value += "x";
  REQUIRE(set.Blob(1, EncodePersonal(values)).Run().ok());
  ChainReport report = Verify(folder.database());
  CHECK(report.broken_seq == 3);
  CHECK(report.why.find("personal") != std::string::npos);

  // The subject is in no index column: it may go alone.
  values = DecodePersonal(personal).value();
  for (auto& one : values) {
    if (one && one->value.find("Your offer") == 0) one.reset();
  }
  REQUIRE(set.Blob(1, EncodePersonal(values)).Run().ok());
  report = Verify(folder.database());
  CHECK(report.broken_seq == 3);
  CHECK(report.why.find("no forget event") != std::string::npos);

  ForgetEvent forget;
  forget.actor = "operator";
  forget.scope = ForgetScope::kPersonalValues;
  forget.verdict_id = store->Read(2, 1).value().at(0).index.verdict_id;
  Append(*Open(folder.database()).value(), {forget});
  report = Verify(folder.database());
  CHECK(report.why == "");
  CHECK(report.whole);
  CHECK(report.forgotten == 1);
}

TEST_CASE("verify: a removed prefix with its anchor and forget event is whole", "[db][verify]") {
  ScratchFolder folder;
  FillLog(folder.database());
  {
    auto store = Open(folder.database()).value();
    const ChainedRecord last_removed = store->Read(1, 1).value().at(0);
    ForgetEvent forget;
    forget.scope = ForgetScope::kPrefix;
    forget.through_seq = last_removed.seq;
    forget.through_hash = last_removed.hash;
    Append(*store, {forget});
  }
  {
    Connection raw = Raw(folder.database());
    REQUIRE(raw.Run("INSERT INTO anchor SELECT 1, seq, hash FROM event WHERE seq = 2").ok());
    REQUIRE(raw.Run("DELETE FROM event WHERE seq <= 2").ok());
    REQUIRE(raw.Run("DELETE FROM decision WHERE seq <= 2").ok());
    REQUIRE(raw.Run("DELETE FROM recipient WHERE seq <= 2").ok());
    REQUIRE(raw.Run("DELETE FROM finding WHERE seq <= 2").ok());
  }
  const ChainReport report = Verify(folder.database());
  CHECK(report.why == "");
  CHECK(report.whole);
  CHECK(report.first.seq == 2);
  CHECK(report.events == 6);
  auto store = Open(folder.database()).value();
  Append(*store, {SampleDecision(9)});
  CHECK(VerifyChain(*store).value().whole);
}

namespace {

// A group of this machine that files can be given to here: any for root, else one of our own.
std::string GivableGroup() {
  if (geteuid() == 0) {
    const struct group* found = getgrnam("daemon");
    return found == nullptr ? "" : found->gr_name;
  }
  gid_t groups[64];
  const int count = getgroups(64, groups);
  for (int i = 0; i < count; ++i) {
    const struct group* found = groups[i] == getegid() ? nullptr : getgrgid(groups[i]);
    if (found != nullptr) return found->gr_name;
  }
  return "";
}

struct Place {
  gid_t group = 0;
  mode_t mode = 0;
};

Place PlaceOf(const std::string& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return {info.st_gid, info.st_mode & 07777};
}

// As somebody else who is a member of the group and of nothing besides.
[[noreturn]] void ReadAsMember(const std::string& path, gid_t group) {
  constexpr uid_t kNobody = 65534;
  if (setgroups(1, &group) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
      setresuid(kNobody, kNobody, kNobody) != 0) {
    _exit(2);
  }
  SqliteOptions options;
  options.path = path;
  options.read_only = true;
  auto store = OpenSqliteStore(options);
  if (!store.ok()) _exit(3);
  const auto found = (*store)->Find({});
  if (!found.ok() || found->size() != 1) _exit(4);
  _exit(VerifyChain(**store).value().whole ? 0 : 5);
}

}  // namespace

TEST_CASE("sqlite: members of the readers' group read the log after a clean stop", "[db][sqlite]") {
  const std::string name = GivableGroup();
  if (name.empty()) {
    WARN("no second group to give files to");
    return;
  }
  const gid_t group = getgrnam(name.c_str())->gr_gid;
  ScratchFolder folder;
  REQUIRE(chmod(folder.path().c_str(), 0711) == 0);
  SqliteOptions options;
  options.path = folder.database();
  options.readers_group = name;
  options.folder_is_ours = true;
  for (const int number : {1, 2}) {  // the second time all is there already
    auto store = OpenSqliteStore(options);
    REQUIRE(store.ok());
    if (number == 1) Append(**store, {SampleDecision(1)});
    for (const char* suffix : {"", "-wal", "-shm"}) {
      CAPTURE(suffix);
      CHECK(PlaceOf(folder.database() + suffix).group == group);
      CHECK(PlaceOf(folder.database() + suffix).mode == 0640);
    }
    CHECK(PlaceOf(folder.path() + "/db").group == group);
    CHECK(PlaceOf(folder.path() + "/db").mode == 02750);
  }
  if (geteuid() != 0) return;
  const pid_t child = fork();
  if (child == 0) ReadAsMember(folder.database(), group);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("sqlite: a folder that is not ours keeps its group and mode", "[db][sqlite]") {
  const std::string name = GivableGroup();
  if (name.empty()) return;
  ScratchFolder folder;
  const Place before = PlaceOf(folder.path());
  SqliteOptions options;
  options.path = folder.path() + "/verdicts.db";
  options.readers_group = name;
  REQUIRE(OpenSqliteStore(options).ok());
  CHECK(PlaceOf(folder.path()).group == before.group);
  CHECK(PlaceOf(folder.path()).mode == before.mode);
  CHECK(PlaceOf(options.path).group == getgrnam(name.c_str())->gr_gid);
  options.readers_group = "no-such-group-here";
  CHECK(OpenSqliteStore(options).ok());
}
