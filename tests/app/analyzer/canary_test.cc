// Each canary fails when its cause is taken away: a worker in that state is not ready. Locale,
// loaded tables and mounts belong to a whole process, so every case runs in a child of its own.
#include "app/analyzer/canary.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "app/analyzer/pipeline.h"
#include "base/crypto.h"
#include "base/fd.h"
#include "scanners/confined_scanners.h"
#include "tests/support/catch.h"

using namespace lazaret;

namespace {

// What a case breaks, and when.
struct Breakage {
  const char* locale = "C.UTF-8";
  std::function<base::Status()> before_preload;  // in the child
  std::function<base::Status(scanners::ClamavEngine&, const std::string&)>
      after_load;                                         // gets the tmp folder
  std::string without_rule;                               // this one of the canaries' rules
  std::function<void(scanners::ClamavOptions&)> options;  // changes them
  mail::ReadLimits limits;
};

base::Result<std::shared_ptr<const rules::RuleSet>> RulesWithout(const std::string& id) {
  rules::Bundle bundle;
  std::string_view rest = analyzer::CanaryRuleText();
  int number = 0;
  for (std::size_t end = 0; end != std::string_view::npos;) {
    end = rest.find("\n---\n");
    const std::string_view document = rest.substr(0, end);
    if (id.empty() || document.find("id: " + id + "\n") == std::string_view::npos)
      bundle.rules.push_back({std::to_string(++number), std::string(document), false});
    if (end != std::string_view::npos) rest.remove_prefix(end + 5);
  }
  return rules::RuleSet::Compile(bundle);
}

// The order of a worker: locale, preload, engine, then the canaries.
base::Status Prepare(const Breakage& breakage, const std::string& tmp) {
  if (std::setlocale(LC_ALL, breakage.locale) == nullptr)
    return base::Error{base::ErrorCode::kInternal, "setlocale"};
  if (breakage.before_preload) LAZARET_TRY(breakage.before_preload());
  LAZARET_TRY(mail::PreloadReaders());
  scanners::ClamavOptions options;
  options.builtin_only = true;
  options.tmp_dir = tmp;
  if (breakage.options) breakage.options(options);
  LAZARET_ASSIGN(const auto engine, scanners::ClamavEngine::Load(options));
  if (breakage.after_load) LAZARET_TRY(breakage.after_load(*engine, tmp));
  scanners::ConfinedDependencies dependencies;
  dependencies.engine = engine.get();
  LAZARET_ASSIGN(dependencies.rules, RulesWithout(breakage.without_rule));
  analyzer::Pipeline pipeline(scanners::MakeConfinedScanners(std::move(dependencies)),
                              breakage.limits);
  return analyzer::RunCanaries(pipeline, analyzer::MakeCanaries(),
                               base::Deadline::AfterMillis(60'000));
}

// "ready", or why not.
std::string Outcome(const Breakage& breakage) {
  char folder[] = "/tmp/lazaret-canary-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const base::Status ready = Prepare(breakage, folder);
    const std::string text = ready.ok() ? "ready" : ready.error().text;
    ::_exit(base::WriteAll(ends[1], text).ok() ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char chunk[4096];
  for (ssize_t got = ::read(ends[0], chunk, sizeof chunk); got > 0;
       got = ::read(ends[0], chunk, sizeof chunk)) {
    text.append(chunk, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  std::filesystem::remove_all(folder);
  CAPTURE(text);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return text;
}

// Puts empty folders over `paths` in a mount namespace of the calling process.
base::Status Hide(const std::vector<const char*>& paths) {
  const std::string uid = std::to_string(::geteuid());
  const bool root = uid == "0";
  if (::unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)) != 0) return base::ErrnoError("unshare");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return base::ErrnoError("mount");
  for (const char* path : paths) {
    if (::mount("none", path, "tmpfs", 0, "size=4k") != 0) return base::ErrnoError(path);
  }
  return base::Ok();
}

// What Python's zipfile makes of it: "NAME CONTENT", its checksum verified.
std::string UnzippedByPython(const std::string& zip) {
  char path[] = "/tmp/lazaret-zip-XXXXXX";
  const base::UniqueFd file(::mkstemp(path));
  REQUIRE(base::WriteAll(file.get(), zip).ok());
  const std::string command =
      std::string(
          "python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); n = "
          "z.namelist()[0]; print(n, z.read(n).decode(), end=\"\")' ") +
      path;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char text[4096];
  const std::size_t got = std::fread(text, 1, sizeof text, pipe);
  ::pclose(pipe);
  ::unlink(path);
  return std::string(text, got);
}

bool Names(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("canary: with everything in place all are seen", "[app][canary]") {
  CHECK(Outcome({}) == "ready");
}

TEST_CASE("canary: in the C locale the worker is not ready", "[app][canary]") {
  Breakage breakage;
  breakage.locale = "C";
  const std::string outcome = Outcome(breakage);
  CHECK(outcome ==
        "canary zip-member-name: expected canary.zip-member-name, found archive.unreadable-name");
}

TEST_CASE("canary: a temporary folder that went away is noticed", "[app][canary]") {
  Breakage breakage;
  breakage.after_load = [](scanners::ClamavEngine& engine, const std::string& tmp) {
    return engine.UseTempDir(tmp + "/gone");
  };
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(Names(outcome, "canary eicar-plain"));
  CHECK(Names(outcome, "not-looked clamav"));
}

TEST_CASE("canary: a file in place of the temporary folder is noticed", "[app][canary]") {
  Breakage breakage;
  breakage.after_load = [](scanners::ClamavEngine& engine, const std::string& tmp) {
    std::ofstream(tmp + "/file") << "x";
    return engine.UseTempDir(tmp + "/file");
  };
  CHECK(Names(Outcome(breakage), "canary eicar-plain"));
}

TEST_CASE("canary: without the table of types the worker is not ready", "[app][canary]") {
  Breakage breakage;
  breakage.before_preload = [] { return Hide({"/usr/share/mime"}); };
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(Names(outcome, "/usr/share/mime"));
}

TEST_CASE("canary: without libmagic's database the worker is not ready", "[app][canary]") {
  Breakage breakage;
  breakage.before_preload = [] { return Hide({"/usr/lib/file", "/usr/share/misc"}); };
  const std::string outcome = Outcome(breakage);
  CAPTURE(outcome);
  CHECK(outcome != "ready");
  CHECK(Names(outcome, "magic"));
}

TEST_CASE("canary: one that its rule does not see is named, and no other", "[app][canary]") {
  const std::pair<const char*, const char*> cases[] = {
      {"CANARY-GB18030", "canary gb18030-subject: expected canary.gb18030-subject, found nothing"},
      {"CANARY-KOI8", "canary koi8r-body: expected canary.koi8r-body, found nothing"},
      {"CANARY-ZIP-NAME", "canary zip-member-name: expected canary.zip-member-name, found nothing"},
  };
  for (const auto& [rule, complaint] : cases) {
    Breakage breakage;
    breakage.without_rule = rule;
    CHECK(Outcome(breakage) == complaint);
  }
}

TEST_CASE("canary: the zip's member is the text it was given, and only unpacking shows it",
          "[app][canary]") {
  const std::string zip = analyzer::DeflatedZip("name.txt", "a text with | and }");
  CHECK(zip.find("text") == std::string::npos);
  CHECK(UnzippedByPython(zip) == "name.txt a text with | and }");
}

TEST_CASE("canary: where nobody opens archives the zip is noticed, not the plain one",
          "[app][canary]") {
  Breakage breakage;
  breakage.options = [](scanners::ClamavOptions& options) { options.max_recursion = 2; };
  CHECK(Outcome(breakage) == "ready");
  breakage.limits.max_archive_depth = 0;
  CHECK(Names(Outcome(breakage), "canary eicar-zip: expected clamav.signature, found"));
}

TEST_CASE("canary: a signature that hits harmless mail is named, any other is none of its business",
          "[app][canary]") {
  const auto with = [](const std::string& pattern) {
    Breakage breakage;
    breakage.options = [pattern](scanners::ClamavOptions& options) {
      options.signatures_dir = options.tmp_dir + "/own";
      std::filesystem::create_directory(options.signatures_dir);
      std::ofstream(options.signatures_dir + "/own.ndb")
          << "Test.Own:0:*:" << base::Hex(pattern) << "\n";
    };
    return breakage;
  };
  CHECK(Outcome(with("nothing of this sort stands there")) == "ready");
  CHECK(Names(Outcome(with("Content-Type: ")),
              "canary gb18030-subject: a harmless message is hit by Test.Own"));
}
