#include "app/lazaret/check_system.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "tests/app/config/temp_folder.h"
#include "tests/support/catch.h"

using namespace lazaret;
using cli::CheckNotes;
using cli::WhyNotWritable;

namespace {

config::Config Loaded(const std::string& text) {
  auto loaded = config::LoadConfigText(text, "l.yaml", {});
  INFO((loaded.ok() ? std::string() : loaded.error().text));
  REQUIRE(loaded.ok());
  return *loaded;
}

CheckNotes Users(const std::string& text) {
  CheckNotes notes;
  cli::CheckUsers(Loaded(text), notes);
  return notes;
}

CheckNotes Folders(const std::string& text) {
  CheckNotes notes;
  cli::CheckFolders(Loaded(text), notes);
  return notes;
}

bool Says(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&part](const std::string& line) {
    return line.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("check: a user that does not exist is a fault with the place of its key", "[check]") {
  const CheckNotes notes =
      Users("users:\n  front: nobody\n  scan: no-such-user\n  admin: neither\n");
  CHECK(Says(notes.faults,
             "l.yaml:3:9: users.scan: user \"no-such-user\" is not known to the system"));
  CHECK(Says(notes.faults, "l.yaml:4:10: users.admin: user \"neither\""));
  CHECK(notes.faults.size() == 2);
  CHECK(Users("users: {front: nobody}\n").faults.empty());
}

TEST_CASE("check: a scan user that cannot reach the front's socket is a fault", "[check]") {
  CHECK(Says(Users("users: {front: daemon, scan: nobody}\n").faults,
             "l.yaml:1:30: users.scan: user \"nobody\" is not in the group of users.front"));
  CHECK(Users("users: {front: nobody, scan: nobody}\n").faults.empty());
  CHECK(Users("users: {front: daemon}\n").faults.empty());
  if (::geteuid() == 0) CHECK(Users("users: {scan: nobody}\n").faults.size() == 1);
}

TEST_CASE("check: a syslog that nobody takes is a warning where it is asked for", "[check]") {
  CheckNotes notes;
  cli::CheckSyslog(Loaded("log: {target: syslog}\n"), notes, "/nonexistent/log");
  CHECK(notes.faults.empty());
  CHECK(Says(notes.warnings,
             "l.yaml:1:15: log.target: nobody takes what is logged: "
             "/nonexistent/log: No such file"));
  CheckNotes others;
  cli::CheckSyslog(Loaded("log: {target: stderr}\n"), others, "/nonexistent/log");
  CHECK(others.warnings.empty());
}

TEST_CASE("check: a written group that does not exist is a fault, an unwritten one a warning",
          "[check]") {
  const CheckNotes written = Users("milter: {socket_group: no-such-group}\n");
  CHECK(Says(written.faults, "l.yaml:1:24: milter.socket_group: group \"no-such-group\" is not"));
  const CheckNotes inet =
      Users("milter: {socket_group: no-such-group, listen: 'inet:8891@127.0.0.1'}\n");
  CHECK(inet.faults.empty());
  config::Config config = Loaded("");
  config.milter.socket_group = "no-such-group";
  CheckNotes notes;
  cli::CheckUsers(config, notes);
  CHECK(notes.faults.empty());
  CHECK(Says(notes.warnings, "milter.socket_group: group \"no-such-group\""));
}

TEST_CASE("check: folders that are there or can be made are fine", "[check]") {
  const tests::TempFolder root;
  const CheckNotes notes =
      Folders("paths: {root: " + root.path() + "}\nmilter: {listen: 'unix:" + root.path() +
              "/new/milter.sock'}\n");
  INFO((notes.faults.empty() ? std::string() : notes.faults[0]));
  CHECK(notes.faults.empty());
}

TEST_CASE("check: a folder that a file stands in the way of is a fault", "[check]") {
  const tests::TempFolder root;
  root.Write("file", "x");
  const std::string file = root.path() + "/file";
  CHECK(Says(Folders("paths:\n  state: " + file + "/state\n").faults, "paths.state"));
  CHECK(Says(Folders("paths:\n  run: " + file + "\n").faults,
             "l.yaml:2:8: paths.run: " + file + ": not a folder"));
  CHECK(Says(Folders("log: {database: " + file + "/v.db}\n").faults, "log.database"));
  CHECK(Says(Folders("milter: {listen: 'unix:" + file + "/m.sock'}\n").faults, "milter.listen"));
}

TEST_CASE("check: only the last folder of the milter socket's path is made", "[check]") {
  const tests::TempFolder root;
  const auto faults = [&root](const std::string& path) {
    return Folders("paths: {root: " + root.path() + "}\nmilter: {listen: 'unix:" + root.path() +
                   path + "'}\n")
        .faults;
  };
  CHECK(faults("/m.sock").empty());
  CHECK(faults("/one/m.sock").empty());
  CHECK(Says(faults("/one/two/m.sock"), root.path() + "/one: does not exist"));
  CHECK(Folders("paths: {root: " + root.path() + "}\nmilter: {listen: 'inet:8891@127.0.0.1'}\n")
            .faults.empty());
}

TEST_CASE("check: a folder is judged with the rights of the user it is for", "[check]") {
  const tests::TempFolder root;
  REQUIRE(::chmod(root.path().c_str(), 0755) == 0);
  const std::string inner = root.path() + "/inner";
  CHECK_FALSE(WhyNotWritable(inner, 1, "").has_value());
  if (::geteuid() != 0) return;
  const auto why = WhyNotWritable(inner, 1, "nobody");
  REQUIRE(why.has_value());
  CHECK(*why == root.path() + ": user nobody may not write there");
  REQUIRE(::chmod(root.path().c_str(), 0777) == 0);
  CHECK_FALSE(WhyNotWritable(inner, 1, "nobody").has_value());
}

TEST_CASE("check: a socket that Postfix's user cannot reach is told with the folder in its way",
          "[check]") {
  if (::geteuid() != 0) return;
  const tests::TempFolder root;
  REQUIRE(::chmod(root.path().c_str(), 0755) == 0);
  const std::string folder = root.path() + "/lazaret";
  const std::string socket = folder + "/milter.sock";
  CHECK_FALSE(cli::WhyNotReachable(socket, "nobody").has_value());  // nothing there yet
  REQUIRE(::mkdir(folder.c_str(), 0750) == 0);
  CHECK(cli::WhyNotReachable(socket, "nobody") == folder + ": user nobody may not pass");
  REQUIRE(::chmod(folder.c_str(), 0755) == 0);
  CHECK_FALSE(cli::WhyNotReachable(socket, "nobody").has_value());
  root.Write("lazaret/milter.sock", "");
  REQUIRE(::chmod(socket.c_str(), 0660) == 0);
  CHECK(cli::WhyNotReachable(socket, "nobody") == socket + ": user nobody may not connect");
  REQUIRE(::chmod(socket.c_str(), 0666) == 0);
  CHECK_FALSE(cli::WhyNotReachable(socket, "nobody").has_value());
  CHECK_FALSE(cli::WhyNotReachable(socket, "no-such-user").has_value());
}
